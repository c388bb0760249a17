// SPDX-License-Identifier: BSD-3-Clause
import type { Position } from '../diagnostics/position.js';
import { union } from '../net/algebra.js';
import type { AddressSet, Prefix } from '../net/sets.js';
import type { PemFile } from '../rulefile/pem.js';
import type { SecretUse } from '../rulefile/secrets.js';

/** As rule files name secrets, and files on the appliance are called. */
export const SECRET_NAME = /^[A-Za-z0-9_][A-Za-z0-9_.-]{0,62}$/;

export type EapMethod = 'tls' | 'mschapv2';

/** One end of what a policy-based tunnel takes. */
export interface Taken {
  readonly prefix: Prefix;
  /** null for all. */
  readonly service: { readonly protocol: number; readonly ports: readonly [number, number] } | null;
}

/** A tunnel as IKE is told of it. */
export interface Tunnel {
  readonly name: string;
  readonly at: Position;
  /** The interface its packets go by; an implicit one of its own name where it is policy-based. */
  readonly interface: string;
  readonly policyBased: boolean;
  /** Addresses, prefixes and host names; empty for any. */
  readonly peers: readonly string[];
  /** Where IKE and ESP may come from; null for anywhere. */
  readonly from: AddressSet | null;
  readonly localAddress: string | null;
  readonly localId: string | null;
  readonly remoteId: string | null;
  readonly psk: SecretUse | null;
  readonly ppk: {
    readonly id: string;
    readonly secret: SecretUse;
    readonly required: boolean;
  } | null;
  readonly certificate: { readonly own: PemFile; readonly key: SecretUse } | null;
  readonly ca: readonly PemFile[];
  readonly peerCertificate: PemFile | null;
  readonly revocation: 'relaxed' | 'if-uri' | 'strict';
  readonly clients: {
    readonly eap: EapMethod | null;
    readonly users: readonly { readonly name: string; readonly password: SecretUse }[];
    readonly pool: readonly string[];
    readonly dns: readonly string[];
  } | null;
  readonly login: {
    readonly eap: EapMethod;
    readonly identity: string | null;
    readonly password: SecretUse | null;
  } | null;
  /** What it takes ahead of the routes; null where routes lead to its interface. */
  readonly selectors: {
    readonly local: readonly Taken[];
    readonly remote: readonly Taken[];
  } | null;
  /** Traffic selectors as IKE has them; empty for all. */
  readonly local: readonly string[];
  readonly remote: readonly string[];
  /** Empty for those we choose. */
  readonly ikeProposals: readonly string[];
  readonly espProposals: readonly string[];
  /** Seconds; 0 is never. */
  readonly lifetimes: {
    readonly ike: number;
    readonly esp: number;
    readonly reauthenticate: number;
    readonly bytes: number;
    readonly packets: number;
  };
  readonly dpd: { readonly interval: number; readonly action: 'restart' | 'trap' | 'clear' };
  readonly start: 'start' | 'trap' | 'respond';
  readonly mobike: boolean;
  readonly encapsulation: boolean;
  readonly replayWindow: number;
  readonly dscp: 'out' | 'in' | 'both' | 'none';
  readonly copyDf: boolean;
  readonly copyEcn: boolean;
  readonly description: string | null;
}

/** Where IKE of any tunnel may come from; null for anywhere. */
export function peersOf(tunnels: readonly Tunnel[]): AddressSet | null {
  const sets = tunnels.map(({ from }) => from);
  return sets.includes(null) ? null : union(...(sets as AddressSet[]));
}

/** Every secret that a tunnel needs. */
export function secretsOf(tunnel: Tunnel): SecretUse[] {
  const { psk, ppk, certificate, clients, login } = tunnel;
  return [
    psk,
    ppk?.secret,
    certificate?.key,
    ...(clients?.users ?? []).map(({ password }) => password),
    login?.password,
  ].filter((use) => use != null);
}
