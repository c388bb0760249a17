// SPDX-License-Identifier: BSD-3-Clause
import { TUNNEL_MTU, type Interface, type ReversePath } from '../interfaces/model.js';
import { formatPrefix, networkOf, parseAddress, parsePrefix } from '../net/address.js';
import { fromPrefix, union } from '../net/algebra.js';
import type { AddressSet, Prefix } from '../net/sets.js';
import { quote } from '../diagnostics/text.js';
import type { Context } from '../rulefile/context.js';
import { itemsOf } from '../rulefile/schema.js';
import { resolveAuthentication } from './resolve-auth.js';
import { readSelector, type Selector } from './selector.js';
import type { Taken, Tunnel } from './model.js';
import type { TunnelConfig, VpnPart } from './schema.js';

export interface ResolvedTunnel {
  readonly config: TunnelConfig;
  readonly tunnel: Tunnel;
  /** The interface that the compiler makes for a policy-based one. */
  readonly implicit: Interface | null;
  readonly selectors: { readonly local: readonly Selector[]; readonly remote: readonly Selector[] };
  /** Where inner addresses of clients come from. */
  readonly pool: readonly Prefix[];
}

/** Tunnels as the model has them; what cannot be is reported and left out. */
export function resolveTunnels(
  { vpn }: VpnPart,
  interfaces: ReadonlyMap<string, { readonly tunnel?: string | undefined }>,
  context: Context,
): ResolvedTunnel[] {
  const users = new Map<string, string>();
  for (const [name, { tunnel }] of interfaces)
    if (tunnel !== undefined && !users.has(tunnel)) users.set(tunnel, name);
  const found: ResolvedTunnel[] = [];
  for (const [name, config] of vpn?.tunnels ?? []) {
    const one = resolveTunnel(name, config, users.get(name) ?? null, context);
    if (one === null || !config.enabled) continue;
    const at = context.positionOf(context.atKey(vpn?.tunnels as object, name));
    found.push({
      ...one,
      tunnel: { ...one.tunnel, at },
      implicit: one.implicit && { ...one.implicit, at },
    });
  }
  return found;
}

function resolveTunnel(
  name: string,
  config: TunnelConfig,
  user: string | null,
  context: Context,
): ResolvedTunnel | null {
  const peers = readPeers(config, context);
  const local = readSelectors(config, 'local', context);
  const remote = readSelectors(config, 'remote', context);
  const pool = readPrefixes(config.clients, 'pool', context);
  const dns = readAddresses(config.clients, 'dns', context);
  const localAddress = readAddress(config, context);
  const authentication = resolveAuthentication(config, peers?.list.length === 0, context);
  if (peers === null || local === null || remote === null || pool === null || dns === null)
    return null;
  if (localAddress === undefined || authentication === null) return null;
  const policyBased = user === null;
  const start = config.start ?? (peers.list.length === 0 ? 'respond' : 'start');
  if (start !== 'respond' && !peers.single) {
    const message = `'${start}' needs one peer to go to: an address or a host name`;
    context.report(
      'vpn-form',
      context.at(config, config.start === undefined ? 'peer' : 'start'),
      message,
    );
    return null;
  }
  const { certificate, ca, peerCertificate, psk, ppk, login, users } = authentication;
  const tunnel: Tunnel = {
    name,
    at: { file: '', line: 0, column: 0 },
    interface: user ?? name,
    policyBased,
    peers: peers.list,
    from: peers.set,
    localAddress,
    localId: config['local-id'] ?? null,
    remoteId: config['remote-id'] ?? null,
    psk,
    ppk,
    certificate,
    ca,
    peerCertificate,
    revocation: config.revocation,
    clients: config.clients
      ? { eap: config.clients.eap ?? null, users, pool: pool.map(formatPrefix), dns }
      : null,
    login,
    selectors: policyBased ? { local: taken(local, []), remote: taken(remote, pool) } : null,
    local: local.map(({ text }) => text),
    remote: remote.map(({ text }) => text),
    ikeProposals: [config['ike-proposals'] ?? []].flat(),
    espProposals: [config['esp-proposals'] ?? []].flat(),
    lifetimes: {
      ike: seconds(config.lifetimes?.ike ?? '4h'),
      esp: seconds(config.lifetimes?.esp ?? '1h'),
      reauthenticate: seconds(config.lifetimes?.reauthenticate ?? '0s'),
      bytes: amount(config.lifetimes?.bytes),
      packets: amount(config.lifetimes?.packets),
    },
    dpd: {
      interval: seconds(config.dpd?.interval ?? '30s'),
      action:
        config.dpd?.action ?? (start === 'start' ? 'restart' : start === 'trap' ? 'trap' : 'clear'),
    },
    start,
    mobike: config.mobike,
    encapsulation: config.encapsulation,
    replayWindow: config['replay-window'],
    dscp: config.dscp,
    copyDf: config['copy-df'],
    copyEcn: config['copy-ecn'],
    description: config.description ?? null,
  };
  const implicit = policyBased ? implicitInterface(name, config) : null;
  return { config, tunnel, implicit, selectors: { local, remote }, pool };
}

/** Without selectors it is everything, or what clients are given. */
function taken(selectors: readonly Selector[], pool: readonly Prefix[]): Taken[] {
  if (selectors.length > 0) return selectors.map(({ prefix, service }) => ({ prefix, service }));
  const all = ['0.0.0.0/0', '::/0'].map((text) => parsePrefix(text) as Prefix);
  return (pool.length > 0 ? pool : all).map((prefix) => ({ prefix, service: null }));
}

/** What stands for a policy-based tunnel: its packets come by it, and zones and rules see it. */
function implicitInterface(name: string, config: TunnelConfig): Interface {
  return {
    name,
    at: { file: '', line: 0, column: 0 },
    port: null,
    parent: null,
    vlan: 0,
    tunnel: name,
    policyBased: true,
    zone: config.zone ?? null,
    management: false,
    addresses: [],
    learns: [],
    mtu: config.mtu ?? TUNNEL_MTU,
    // Selectors say what may come out of it (RFC 4301 5.2), and the routes do not lead there.
    reversePath: 'off' satisfies ReversePath,
    mss: 'clamp',
    description: config.description ?? null,
  };
}

interface Peers {
  readonly list: readonly string[];
  /** null for anywhere. */
  readonly set: AddressSet | null;
  /** One address or name, so that we can begin. */
  readonly single: boolean;
}

const HOST = /^(?=.*[A-Za-z])[A-Za-z0-9]([A-Za-z0-9.-]{0,251}[A-Za-z0-9])?$/;

function readPeers(config: TunnelConfig, context: Context): Peers | null {
  const list: string[] = [];
  const sets: AddressSet[] = [];
  let anywhere = false;
  for (const { text, owner, key } of itemsOf(config, 'peer', config.peer)) {
    if (text === 'any') {
      if (typeof key !== 'number') return { list: [], set: null, single: false };
      context.report('vpn-form', context.at(owner, key), "'any' stands alone");
      return null;
    }
    const address = parseAddress(text);
    const prefix = text.includes('/') ? parsePrefix(text) : null;
    if (typeof address !== 'string')
      sets.push(fromPrefix({ address, length: address.family === 4 ? 32 : 128 }));
    else if (prefix !== null && typeof prefix !== 'string') sets.push(fromPrefix(prefix));
    else if (HOST.test(text)) anywhere = true;
    else {
      const message = `${quote(text)} is no peer: ${address}`;
      context.report('address-invalid', context.at(owner, key), message, {
        hint: "a peer is an address, a prefix, a host name, or 'any'",
      });
      return null;
    }
    list.push(text);
  }
  const [only = ''] = list;
  return {
    list,
    set: anywhere ? null : union(...sets),
    single: list.length === 1 && !only.includes('/'),
  };
}

function readSelectors(
  config: TunnelConfig,
  key: 'local' | 'remote',
  context: Context,
): Selector[] | null {
  const value = config[key];
  if (value === undefined) return [];
  const found: Selector[] = [];
  for (const item of itemsOf(config, key, value)) {
    const selector = readSelector(item.text);
    if (typeof selector === 'string') {
      const message = `${quote(item.text)} is no traffic selector: ${selector}`;
      context.report('address-invalid', context.at(item.owner, item.key), message);
      return null;
    }
    found.push({ ...selector, span: context.at(item.owner, item.key) });
  }
  return found;
}

function readPrefixes(
  config: TunnelConfig['clients'],
  key: 'pool',
  context: Context,
): Prefix[] | null {
  if (config?.[key] === undefined) return [];
  const found: Prefix[] = [];
  for (const item of itemsOf(config, key, config[key])) {
    const prefix = parsePrefix(item.text);
    if (typeof prefix === 'string') {
      const message = `${quote(item.text)} is not a prefix: ${prefix}`;
      context.report('address-invalid', context.at(item.owner, item.key), message);
      return null;
    }
    found.push(networkOf(prefix));
  }
  return found;
}

function readAddresses(
  config: TunnelConfig['clients'],
  key: 'dns',
  context: Context,
): string[] | null {
  if (config?.[key] === undefined) return [];
  for (const item of itemsOf(config, key, config[key])) {
    const address = parseAddress(item.text);
    if (typeof address !== 'string') continue;
    const message = `${quote(item.text)} is not an address: ${address}`;
    context.report('address-invalid', context.at(item.owner, item.key), message);
    return null;
  }
  return [config[key]].flat();
}

function readAddress(config: TunnelConfig, context: Context): string | null | undefined {
  const text = config['local-address'];
  if (text === undefined) return null;
  const address = parseAddress(text);
  if (typeof address !== 'string') return text;
  const message = `${quote(text)} is not an address: ${address}`;
  context.report('address-invalid', context.at(config, 'local-address'), message);
  return undefined;
}

const TIMES: ReadonlyMap<string, number> = new Map([
  ['s', 1],
  ['m', 60],
  ['h', 3600],
  ['d', 86_400],
]);
const SIZES: ReadonlyMap<string, number> = new Map([
  ['k', 1e3],
  ['M', 1e6],
  ['G', 1e9],
  ['T', 1e12],
]);

function seconds(text: string): number {
  return Number(text.slice(0, -1)) * (TIMES.get(text.slice(-1)) ?? 1);
}

function amount(text: string | undefined): number {
  if (text === undefined) return 0;
  const unit = SIZES.get(text.slice(-1));
  return unit === undefined ? Number(text) : Number(text.slice(0, -1)) * unit;
}
