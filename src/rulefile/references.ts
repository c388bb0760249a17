// SPDX-License-Identifier: BSD-3-Clause

/**
 * What values of the language may name, and where those names stand in a configuration: `*` is each
 * name of a map, or of a list of named items.
 */
export const REFERENCES = {
  zones: { paths: ['zones *'], also: ['any', 'local'] },
  interfaces: { paths: ['interfaces *'], also: [] },
  'address-groups': { paths: ['groups addresses *'], also: ['bogons'] },
  'service-groups': { paths: ['groups services *'], also: [] },
  schedules: { paths: ['schedules *'], also: [] },
  policies: { paths: ['policies *'], also: [] },
  rules: { paths: ['policies * rules *'], also: [] },
  pools: { paths: ['nat pools *'], also: [] },
  forwards: { paths: ['nat forwards *'], also: [] },
  balancers: { paths: ['balancers *'], also: [] },
  backends: { paths: ['balancers * backends *'], also: [] },
  tunnels: { paths: ['vpn tunnels *'], also: [] },
  secrets: { paths: [], also: [] },
} as const satisfies References;

export type Reference =
  | 'zones'
  | 'interfaces'
  | 'address-groups'
  | 'service-groups'
  | 'schedules'
  | 'policies'
  | 'rules'
  | 'pools'
  | 'forwards'
  | 'balancers'
  | 'backends'
  | 'tunnels'
  | 'secrets';

export type References = Readonly<
  Record<Reference, { readonly paths: readonly string[]; readonly also: readonly string[] }>
>;
