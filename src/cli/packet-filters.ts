// SPDX-License-Identifier: BSD-3-Clause
import { PACKET_FILTERS, type PacketFilterName } from '../daemon/api/packets.js';

const NAMES = Object.keys(PACKET_FILTERS) as PacketFilterName[];

/** The packet filters as options for parseArgs. */
export function packetFilterOptions(): Record<PacketFilterName, { type: 'string' }> {
  return Object.fromEntries(NAMES.map((name) => [name, { type: 'string' }])) as Record<
    PacketFilterName,
    { type: 'string' }
  >;
}

/** Those that were given, as the API takes them. */
export function packetFiltersOf(values: Readonly<Record<string, unknown>>): Record<string, string> {
  return Object.fromEntries(
    NAMES.flatMap((name) => {
      const value = values[name];
      return typeof value === 'string' ? [[name, value]] : [];
    }),
  );
}

/** How a usage text tells them. */
export const packetFilterHelp = NAMES.map(
  (name) => [`--${name} VALUE`, `Only packets of this ${name}: ${PACKET_FILTERS[name]}.`] as const,
);
