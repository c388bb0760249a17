// SPDX-License-Identifier: BSD-3-Clause
import { isIP } from 'node:net';
import type { SecretUse } from '../rulefile/secrets.js';
import type { Tunnel } from './model.js';
import { espDefaults, ikeDefaults } from './proposals.js';
import type { ViciMessage } from './vici-message.js';

/** Everything charon is told for one tunnel. */
export interface Connection {
  readonly name: string;
  /** Body of load-conn. */
  readonly connection: ViciMessage;
  /** Bodies of load-pool. */
  readonly pools: readonly ViciMessage[];
  /** Bodies of load-shared without their data. */
  readonly shared: readonly { readonly use: SecretUse; readonly message: ViciMessage }[];
  /** A private key in PEM. */
  readonly key: SecretUse | null;
  /** It is begun by the first packet, and at once. */
  readonly trap: boolean;
  readonly begin: boolean;
}

const ALL = ['0.0.0.0/0', '::/0'];
const REVOCATION = { relaxed: 'relaxed', 'if-uri': 'ifuri', strict: 'strict' } as const;
const ACTIONS = { restart: 'start', trap: 'trap', clear: 'none' } as const;
const DSCP = { out: 'out', in: 'in', both: 'yes', none: 'no' } as const;

const yes = (value: boolean): string => (value ? 'yes' : 'no');

/** A tunnel in charon's words; `ifId` is the slot of its interface. */
export function connectionOf(tunnel: Tunnel, ifId: number, quantum: boolean): Connection {
  const { name, clients, lifetimes, ppk } = tunnel;
  const pools = (clients?.pool ?? []).map((addrs, i) => ({
    [`${name}-${i}`]: { addrs, ...(clients?.dns.length ? { dns: clients.dns } : {}) },
  }));
  const connection: ViciMessage = {
    [name]: {
      version: '2',
      ...(tunnel.localAddress === null ? {} : { local_addrs: [tunnel.localAddress] }),
      remote_addrs: tunnel.peers.length === 0 ? ['%any'] : tunnel.peers,
      proposals: tunnel.ikeProposals.length > 0 ? tunnel.ikeProposals : ikeDefaults(quantum),
      mobike: yes(tunnel.mobike),
      encap: yes(tunnel.encapsulation),
      fragmentation: 'yes',
      dpd_delay: `${tunnel.dpd.interval}s`,
      rekey_time: `${lifetimes.ike}s`,
      reauth_time: `${lifetimes.reauthenticate}s`,
      keyingtries: tunnel.start === 'start' ? '0' : '1',
      ...(pools.length === 0 ? {} : { pools: pools.flatMap((one) => Object.keys(one)) }),
      ...(ppk === null ? {} : { ppk_id: ppk.id, ppk_required: yes(ppk.required) }),
      local: localOf(tunnel),
      remote: remoteOf(tunnel),
      children: { [name]: childOf(tunnel, ifId) },
    },
  };
  return {
    name,
    connection,
    pools,
    shared: sharedOf(tunnel),
    key: tunnel.certificate?.key ?? null,
    trap: tunnel.start !== 'respond',
    begin: tunnel.start === 'start',
  };
}

/** The tunnel without what may change while its SAs stand. */
export function firmOf(tunnel: Tunnel): Tunnel {
  return {
    ...tunnel,
    lifetimes: { ike: 0, esp: 0, reauthenticate: 0, bytes: 0, packets: 0 },
    dpd: { interval: 0, action: 'clear' },
    replayWindow: 0,
    dscp: 'none',
    copyDf: false,
    copyEcn: false,
  };
}

function localOf({ localId, certificate, psk, login }: Tunnel): ViciMessage {
  const identity = localId ?? login?.identity ?? null;
  const id = identity === null ? {} : { id: identity };
  const certs = certificate === null ? {} : { certs: pemBlocks(certificate.own.pem) };
  if (psk !== null) return { auth: 'psk', ...id };
  if (login === null) return { auth: 'pubkey', ...id, ...certs };
  const eap = login.identity === null ? {} : { eap_id: login.identity };
  return { auth: `eap-${login.eap}`, ...id, ...eap, ...certs };
}

function remoteOf({
  remoteId,
  psk,
  ca,
  peerCertificate,
  revocation,
  clients,
}: Tunnel): ViciMessage {
  const id = remoteId === null ? {} : { id: remoteId };
  if (psk !== null) return { auth: 'psk', ...id };
  const trust = {
    ...(ca.length === 0 ? {} : { cacerts: ca.flatMap(({ pem }) => pemBlocks(pem)) }),
    ...(peerCertificate === null ? {} : { certs: pemBlocks(peerCertificate.pem) }),
    revocation: REVOCATION[revocation],
  };
  if (clients?.eap == null) return { auth: 'pubkey', ...id, ...trust };
  return {
    auth: `eap-${clients.eap}`,
    ...id,
    eap_id: '%any',
    ...(clients.eap === 'tls' ? trust : {}),
  };
}

function childOf(tunnel: Tunnel, ifId: number): ViciMessage {
  const { local, remote, clients, lifetimes } = tunnel;
  return {
    mode: 'tunnel',
    local_ts: local.length > 0 ? local : ALL,
    remote_ts: remote.length > 0 ? remote : clients?.pool.length ? ['dynamic'] : ALL,
    esp_proposals: tunnel.espProposals.length > 0 ? tunnel.espProposals : espDefaults(),
    rekey_time: `${lifetimes.esp}s`,
    ...limitOf('bytes', lifetimes.bytes),
    ...limitOf('packets', lifetimes.packets),
    // With one of its own charon would end SAs where words change that they could outlive.
    start_action: 'none',
    dpd_action: ACTIONS[tunnel.dpd.action],
    close_action: 'none',
    if_id_in: String(ifId),
    if_id_out: String(ifId),
    replay_window: String(tunnel.replayWindow),
    copy_df: yes(tunnel.copyDf),
    copy_ecn: yes(tunnel.copyEcn),
    copy_dscp: DSCP[tunnel.dscp],
  };
}

/** What charon would leave between new keys and the end of the old, a tenth, is soon used up. */
function limitOf(unit: 'bytes' | 'packets', most: number): ViciMessage {
  if (most === 0) return {};
  return {
    [`rekey_${unit}`]: String(most),
    [`life_${unit}`]: String(most * 2),
    [`rand_${unit}`]: String(Math.floor(most / 10)),
  };
}

function sharedOf(tunnel: Tunnel): Connection['shared'] {
  const { name, psk, ppk, clients, login } = tunnel;
  const owners = ownersOf(tunnel);
  const found: Connection['shared'][number][] = [];
  if (psk !== null) found.push({ use: psk, message: { id: `${name} psk`, type: 'IKE', owners } });
  if (ppk !== null)
    found.push({
      use: ppk.secret,
      message: { id: `${name} ppk`, type: 'PPK', owners: [ppk.id] },
    });
  for (const { name: user, password } of clients?.users ?? [])
    found.push({
      use: password,
      message: { id: `${name} user ${user}`, type: 'EAP', owners: [user] },
    });
  if (login?.password != null)
    found.push({
      use: login.password,
      message: {
        id: `${name} login`,
        type: 'EAP',
        owners: login.identity === null ? [] : [login.identity],
      },
    });
  return found;
}

/**
 * Whom a preshared key is for. charon tries every key that is for either side, so one that had our
 * identity would prove a peer to be any other: the peer alone, where we know who it is.
 */
function ownersOf({ localId, localAddress, remoteId, peers }: Tunnel): string[] {
  const [only = ''] = peers;
  const single = peers.length === 1 && isIP(only) !== 0 ? only : null;
  const other = remoteId === '%any' || remoteId === '*' ? null : (remoteId ?? single);
  return [other ?? localId ?? localAddress].filter((one) => one !== null);
}

const BLOCK = /-----BEGIN CERTIFICATE-----[\s\S]*?-----END CERTIFICATE-----\n?/g;

function pemBlocks(pem: string): string[] {
  return pem.match(BLOCK) ?? [];
}
