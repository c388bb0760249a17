// SPDX-License-Identifier: BSD-3-Clause
import type { Checked } from '../firewall/checks/checked.js';
import { checkCount } from '../firewall/checks/count.js';
import { checkGroups } from '../firewall/checks/groups.js';
import { checkMatches } from '../firewall/checks/matches.js';
import { checkNames as checkRuleNames } from '../firewall/checks/names.js';
import { checkZones as checkPolicyZones } from '../firewall/checks/zones.js';
import type { ResolvedPolicy } from '../firewall/resolve.js';
import { checkAddresses } from '../interfaces/checks/addresses.js';
import { checkDelegation } from '../interfaces/checks/delegation.js';
import { checkNames } from '../interfaces/checks/names.js';
import { checkOverlap } from '../interfaces/checks/overlap.js';
import { checkPorts } from '../interfaces/checks/ports.js';
import { checkVlans } from '../interfaces/checks/vlans.js';
import { checkZones } from '../interfaces/checks/zones.js';
import type { ResolvedInterface } from '../interfaces/resolve.js';
import { checkNat } from '../nat/checks/names.js';
import { checkDuplicates } from '../routing/checks/duplicates.js';
import { checkFrr } from '../routing/checks/frr.js';
import type { ResolvedRoute } from '../routing/resolve.js';
import { checkAmbiguous } from '../vpn/checks/ambiguous.js';
import { checkInterfaces as checkTunnelInterfaces } from '../vpn/checks/interfaces.js';
import { checkIdentity } from '../vpn/checks/identity.js';
import { checkLoop, type Way } from '../vpn/checks/loop.js';
import { checkOverlap as checkSelectors } from '../vpn/checks/overlap.js';
import { checkProposals } from '../vpn/checks/proposals.js';
import type { ResolvedTunnel } from '../vpn/resolve.js';
import type { Context } from '../rulefile/context.js';
import { checkAssertions } from './checks/assertions.js';
import type { Document } from './document.js';

/** What checks look at: the document, and what became of it. */
export interface Resolved {
  readonly document: Document;
  readonly interfaces: readonly ResolvedInterface[];
  readonly routes: readonly ResolvedRoute[];
  readonly policies: readonly ResolvedPolicy[];
  readonly tunnels: readonly ResolvedTunnel[];
  readonly checked: Checked;
}

type Check = (resolved: Resolved, context: Context) => void;

/** Every check, in order. Each looks at one thing and reports all it finds. */
export const CHECKS: readonly Check[] = [
  ({ document }, context) => checkNames(document, context),
  ({ document }, context) => checkPorts(document, context),
  ({ document }, context) => checkZones(document, context),
  ({ document }, context) => checkVlans(document, context),
  ({ interfaces }, context) => checkAddresses(interfaces, context),
  ({ document }, context) => checkDelegation(document, context),
  ({ interfaces }, context) => checkOverlap(interfaces, context),
  ({ document }, context) => checkTunnelInterfaces(document, context),
  ({ document }, context) => checkProposals(document, context),
  ({ tunnels }, context) => checkSelectors(tunnels, context),
  ({ document, tunnels }, context) => checkAmbiguous(document, tunnels, context),
  ({ tunnels }, context) => checkIdentity(tunnels, context),
  ({ tunnels, interfaces, routes }, context) =>
    checkLoop(tunnels, waysOf(interfaces, routes), context),
  ({ routes }, context) => checkDuplicates(routes, context),
  ({ document }, context) => checkFrr(document, context),
  ({ document }, context) => checkCount(document, context),
  ({ document }, context) => checkGroups(document, document.zones, context),
  ({ document, checked }, context) => checkRuleNames(document, context, checked),
  ({ document }, context) => checkPolicyZones(document, document.zones, context),
  ({ document }, context) => checkNat(document, document.zones, context),
  ({ policies, checked }, context) => checkMatches(policies, context, checked),
  // Last: it keeps quiet about names after other errors.
  ({ document }, context) => checkAssertions(document, context),
];

/** Connected and declared routes. */
function waysOf(
  interfaces: readonly ResolvedInterface[],
  routes: readonly ResolvedRoute[],
): readonly Way[] {
  const connected = interfaces.flatMap(({ interface: { name }, addresses }) =>
    addresses.map(({ prefix }) => ({ to: prefix, interface: name, distance: 0 })),
  );
  return [...connected, ...routes.map(({ route }) => route)];
}
