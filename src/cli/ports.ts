// SPDX-License-Identifier: BSD-3-Clause
import { slotOf } from '../compiler/slots.js';
import type { CompiledFile } from './compiled.js';
import type { Interface } from '../interfaces/model.js';

/** The port an interface's packets enter by, and the tag they carry there (0 for none). */
export function portOf({ slots }: CompiledFile, iface: Interface): { slot: number; vlan: number } {
  return iface.parent === null
    ? { slot: slotOf(slots.interfaces, iface.name), vlan: 0 }
    : { slot: slotOf(slots.interfaces, iface.parent), vlan: iface.vlan };
}
