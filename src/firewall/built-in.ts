// SPDX-License-Identifier: BSD-3-Clause
import { CONSTANTS as C } from '../tables/layout.js';

/** What decides where no rule of the file does, by rule slot. */
export const BUILT_IN_RULES: ReadonlyMap<number, string> = new Map([
  [C.RULE_DEFAULT_DENY, 'default deny'],
  [C.RULE_FROM_LOCAL, 'from the appliance itself'],
  [C.RULE_IMPLICIT_ND, 'implicit: neighbor discovery'],
  [C.RULE_IMPLICIT_ICMPV6, 'implicit: needed ICMPv6'],
  [C.RULE_IMPLICIT_DHCP, 'implicit: DHCP replies'],
  [C.RULE_IMPLICIT_IKE, 'implicit: IKE of tunnels'],
]);
