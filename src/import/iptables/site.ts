// SPDX-License-Identifier: BSD-3-Clause
import { formatAddress } from '../../net/address.js';
import { addressRanges, isAll, prefixText, spanRanges } from '../shared/addresses.js';
import { addressTypes, standIns } from '../shared/stand-ins.js';
import type { Dump, Table } from './dump.js';
import type { Iface, Interfaces } from '../shared/interfaces.js';
import { parseOptions, type RuleParts } from './options.js';
import { rangesOf, type Range, type Ranges } from '../shared/ranges.js';

/** What an iptables file does not say of the box it is from: guesses, and stand-ins where there is none. */
export interface Site {
  /** Addresses with prefix length, by interface name. */
  readonly addresses: ReadonlyMap<string, readonly string[]>;
  /** Addresses that came from rules of INPUT and not from us. */
  readonly found: ReadonlySet<string>;
  readonly routes: readonly { readonly to: string; readonly interface: string }[];
  /** As `-m addrtype` names them. */
  readonly addressTypes: ReadonlyMap<string, Ranges>;
}

const MOST_FOUND = 64;
const MOST_ROUTES = 256;

export function siteOf(dump: Dump, filter: Table, interfaces: Interfaces, family: 4 | 6): Site {
  const rules = rulesOf(filter);
  const named: Range[] = [];
  for (const { parts } of rules) named.push(...namedRanges(parts, family));
  const addresses = new Map<string, string[]>();
  const found = new Set<string>();
  const networks = guessNetworks(dump, interfaces, family);
  const subnets = standIns(rangesOf(named), interfaces.list.length, family);
  const own: Range[] = [];
  const broadcast: Range[] = family === 4 ? [[0xffffffffn, 0xffffffffn]] : [];
  for (const [i, { name }] of interfaces.list.entries()) {
    const { base, length } = subnets(i);
    addresses.set(name, [`${formatAddress({ family, value: base + 1n })}/${length}`]);
    own.push([base + 1n, base + 1n]);
    const last = base | ((1n << BigInt(32 - Math.min(length, 32))) - 1n);
    if (family === 4) broadcast.push([last, last]);
  }
  for (const { value, iface } of ownAddresses(filter, interfaces, networks, family)) {
    if (found.size === MOST_FOUND) break;
    const text = `${formatAddress({ family, value })}/${family === 4 ? 32 : 128}`;
    if (found.has(text) || own.some(([low]) => low === value)) continue;
    found.add(text);
    addresses.get(iface.name)?.push(text);
    own.push([value, value]);
  }
  const routes = [...networks]
    .slice(0, MOST_ROUTES)
    .flatMap(([to, iface]) =>
      iface === null || iface === interfaces.outer ? [] : [{ to, interface: iface.name }],
    );
  routes.push({ to: family === 4 ? '0.0.0.0/0' : '::/0', interface: interfaces.outer.name });
  return { addresses, found, routes, addressTypes: addressTypes(own, broadcast, family) };
}

interface Read {
  readonly chain: string;
  readonly parts: RuleParts;
}

function rulesOf(table: Table): Read[] {
  return [...table.chains.values()].flatMap(({ name, rules }) =>
    rules.map(({ words }) => ({ chain: name, parts: parseOptions(words) })),
  );
}

function namedRanges({ core, matches }: RuleParts, family: 4 | 6): Range[] {
  const texts = core.filter(({ name }) => name === '--source' || name === '--destination');
  const spans = matches.flatMap(({ options }) =>
    options.filter(({ name }) => name.endsWith('-range')),
  );
  return [
    ...texts.map(({ args }) => addressRanges(args[0] ?? '', family)),
    ...spans.map(({ args }) => spanRanges(args[0] ?? '', family)),
  ].flatMap((ranges) => (ranges === null || isAll(ranges, family) ? [] : ranges));
}

/** Networks that rules place behind an interface; null where they say two. */
function guessNetworks(
  dump: Dump,
  interfaces: Interfaces,
  family: 4 | 6,
): Map<string, Iface | null> {
  const guesses = new Map<string, Iface | null>();
  for (const table of dump.tables) {
    if (table.name !== 'filter') continue;
    for (const { parts } of rulesOf(table)) {
      if (['DROP', 'REJECT'].includes(parts.target?.name ?? '')) continue;
      guess(parts, '--in-interface', '--source', guesses, interfaces, family);
      guess(parts, '--out-interface', '--destination', guesses, interfaces, family);
    }
  }
  return guesses;
}

function guess(
  { core }: RuleParts,
  at: string,
  end: string,
  guesses: Map<string, Iface | null>,
  interfaces: Interfaces,
  family: 4 | 6,
): void {
  const iface = core.find(({ name }) => name === at);
  const address = core.find(({ name }) => name === end);
  if (iface === undefined || address === undefined || iface.negated || address.negated) return;
  const [only, more] = interfaces.of(interfaces.bits(iface.args[0] ?? ''));
  const ranges = addressRanges(address.args[0] ?? '', family);
  const [range, another] = ranges ?? [];
  if (only === undefined || more !== undefined || range === undefined || another !== undefined)
    return;
  const to = prefixText(range, family);
  if (to === null || !isUnicast(range, family)) return;
  const before = guesses.get(to);
  guesses.set(to, before === undefined || before === only ? only : null);
}

/** Host addresses that INPUT has as destinations are the box's own. */
function* ownAddresses(
  filter: Table,
  interfaces: Interfaces,
  networks: ReadonlyMap<string, Iface | null>,
  family: 4 | 6,
): Generator<{ value: bigint; iface: Iface }> {
  const input = reachable(filter, 'INPUT');
  const forward = reachable(filter, 'FORWARD');
  for (const { chain, parts } of rulesOf(filter)) {
    if (!input.has(chain) || forward.has(chain)) continue;
    const to = parts.core.find(({ name }) => name === '--destination');
    const ranges = to === undefined || to.negated ? null : addressRanges(to.args[0] ?? '', family);
    // A mask with holes names hosts of many networks, none of which need be here.
    for (const range of ranges?.length === 1 ? ranges : []) {
      const [value, high] = range;
      // An address that ends in 0 or 255 is rather a subnet's than a host's.
      if (value !== high || !isUnicast(range, family)) continue;
      if (family === 4 && [0n, 255n].includes(value & 255n)) continue;
      const into = parts.core.find(({ name, negated }) => name === '--in-interface' && !negated);
      const [named] = into === undefined ? [] : interfaces.of(interfaces.bits(into.args[0] ?? ''));
      yield { value, iface: named ?? behind(value, networks, family) ?? interfaces.outer };
    }
  }
}

function behind(
  value: bigint,
  networks: ReadonlyMap<string, Iface | null>,
  family: 4 | 6,
): Iface | undefined {
  for (const [text, iface] of networks) {
    const [range] = addressRanges(text, family) ?? [];
    if (iface !== null && range !== undefined && range[0] <= value && value <= range[1])
      return iface;
  }
  return undefined;
}

function reachable(table: Table, from: string): Set<string> {
  const seen = new Set<string>();
  const waiting = [from];
  for (let name = waiting.pop(); name !== undefined; name = waiting.pop()) {
    const chain = table.chains.get(name);
    if (chain === undefined || seen.has(name)) continue;
    seen.add(name);
    for (const { words } of chain.rules) {
      const { target } = parseOptions(words);
      if (target !== null) waiting.push(target.name);
    }
  }
  return seen;
}

/** A host's address that a packet may have on a wire (RFC 6890, RFC 4291). */
function isUnicast([low]: Range, family: 4 | 6): boolean {
  if (family === 6) return low >> 120n !== 0xffn && low >> 118n !== 0xfe80n >> 6n && low > 0xffffn;
  const first = low >> 24n;
  return first !== 0n && first !== 127n && first < 224n && low >> 16n !== 0xa9fen;
}
