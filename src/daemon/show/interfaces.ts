// SPDX-License-Identifier: BSD-3-Clause
import { columns } from '../../diagnostics/columns.js';
import { MESSAGE_CONSTANTS as M } from '../../tables/messages.js';
import type { Shown } from './source.js';

/** As OP_INTERFACES tells of a port; VLAN children have none of their own. */
interface Port {
  readonly slot: number;
  readonly device: string;
  readonly mac: string;
  readonly link: boolean;
}

export interface InterfaceShown {
  readonly name: string;
  readonly zone: string | null;
  readonly addresses: readonly string[];
  readonly mtu: number;
  /** null for a VLAN child. */
  readonly device: string | null;
  readonly mac: string | null;
  readonly link: 'up' | 'down';
  readonly parent: string | null;
  readonly vlan: number | null;
  readonly rx_packets: number;
  readonly rx_bytes: number;
  readonly tx_packets: number;
  readonly tx_bytes: number;
  /** Packets that came in here and were dropped for any reason. */
  readonly rx_dropped: number;
}

const COUNTED = ['rx_packets', 'rx_bytes', 'tx_packets', 'tx_bytes', 'rx_dropped'] as const;

export const interfaces: Shown<{ readonly interfaces: readonly InterfaceShown[] }> = {
  data: async ({ appliance, counting }) => {
    const ports = new Map(
      (await appliance.datapath.json<Port[]>(M.OP_INTERFACES)).map((port) => [port.slot, port]),
    );
    const shown = appliance.names.interfaces.map((one) => {
      const port = ports.get(one.parentSlot ?? one.slot);
      const counts = Object.fromEntries(COUNTED.map((name) => [name, 0])) as Record<
        (typeof COUNTED)[number],
        number
      >;
      for (let worker = 0; worker < counting.workers; worker++) {
        const record = counting.record('iface', worker, one.slot);
        for (const name of COUNTED) counts[name] += Number(record[name]);
      }
      return {
        name: one.name,
        zone: one.zone,
        addresses: one.addresses,
        mtu: one.mtu,
        device: one.parent === null ? (port?.device ?? null) : null,
        mac: port?.mac ?? null,
        link: port?.link === true ? ('up' as const) : ('down' as const),
        parent: one.parent,
        vlan: one.vlan,
        ...counts,
      };
    });
    return { interfaces: shown };
  },
  text: (data) =>
    columns(data.interfaces, [
      ['name', ({ name }) => name],
      ['zone', ({ zone }) => zone],
      ['link', ({ link }) => link],
      ['addresses', ({ addresses }) => addresses.join(' ')],
      ['mtu', ({ mtu }) => mtu],
      ['rx packets', ({ rx_packets }) => rx_packets],
      ['tx packets', ({ tx_packets }) => tx_packets],
      ['dropped', ({ rx_dropped }) => rx_dropped],
      ['device', ({ device, parent, vlan }) => device ?? `${parent ?? '-'}.${vlan ?? 0}`],
    ]),
};
