// SPDX-License-Identifier: BSD-3-Clause
import { formatAddress, formatPrefix, parsePrefix, rangeOf } from '../../net/address.js';
import type { Prefix } from '../../net/sets.js';
import type { Range } from '../shared/ranges.js';
import { nameOf, Names } from '../shared/naming.js';
import type { Remarks } from '../shared/remarks.js';
import { Words, type Block, type Line } from './lines.js';
import { oneRange, type Addresses } from './spans.js';
import { masked } from './spans.js';
import type { Objects } from './objects.js';

/** An interface as the rule file has it; what has no `nameif` only carries VLANs. */
export interface Iface {
  readonly key: string;
  readonly zone: string;
  readonly nameif: string | null;
  /** `GigabitEthernet0/1.20` */
  readonly hardware: string;
  readonly level: number;
  /** With prefix length. */
  readonly addresses: readonly string[];
  readonly own: Addresses;
  readonly networks: Addresses;
  readonly mtu: number | null;
  readonly parent: string | null;
  readonly vlan: number | null;
  readonly management: boolean;
  readonly description: string | null;
  readonly line: number;
}

/** Lines that say what is so without them, or what a port does by itself. */
const QUIET =
  /^(no (nameif|ip address|security-level|shutdown|vlan|management-only)|speed auto|duplex auto|description )/;

interface Draft {
  nameif: string | null;
  level: number | null;
  addresses: string[];
  own: Addresses;
  networks: Addresses;
  vlan: number | null;
  management: boolean;
  shutdown: boolean;
  description: string | null;
}

/** Interfaces by `nameif`, and those that VLANs sit on. */
export class Interfaces {
  readonly list: Iface[] = [];
  readonly #keys = new Names(['any', 'local', 'lo', 'all', 'default', 'include']);
  readonly #zones = new Names(['any', 'local', 'include']);
  readonly #byHardware = new Map<string, Iface>();
  readonly #byName = new Map<string, Iface>();

  constructor(blocks: readonly Block[], objects: Objects, remarks: Remarks) {
    const mtus = new Map<string, number>();
    for (const { words } of blocks)
      if (words[0] === 'mtu' && /^\d{1,5}$/.test(words[2] ?? ''))
        mtus.set(words[1] ?? '', Number(words[2]));
    for (const block of blocks)
      if (block.words[0] === 'interface') this.#read(block, objects, mtus, remarks);
  }

  named(nameif: string): Iface | undefined {
    return this.#byName.get(nameif);
  }

  /** Those with a zone that rules can name. */
  get filtered(): readonly Iface[] {
    return this.list.filter(({ nameif, management }) => nameif !== null && !management);
  }

  #read(block: Block, objects: Objects, mtus: ReadonlyMap<string, number>, remarks: Remarks): void {
    const hardware = block.words.slice(1).join('');
    const draft: Draft = {
      nameif: null,
      level: null,
      addresses: [],
      own: { v4: [], v6: [] },
      networks: { v4: [], v6: [] },
      vlan: null,
      management: false,
      shutdown: false,
      description: null,
    };
    for (const line of block.under)
      if (!readLine(line, draft, objects, remarks))
        remarks.problem(line.line, `${line.text}: no equivalent: it is left out`);
    const parent = hardware.includes('.') ? hardware.slice(0, hardware.indexOf('.')) : null;
    if (draft.nameif === null && (parent !== null || draft.vlan !== null)) return;
    if (draft.shutdown) {
      if (draft.nameif !== null)
        remarks.problem(block.line, `${draft.nameif} is shut down: the interface is left out`);
      return;
    }
    if (draft.nameif !== null && this.#byName.has(draft.nameif)) {
      remarks.problem(
        block.line,
        `there is an interface '${draft.nameif}' already: it is left out`,
      );
      return;
    }
    this.#settle(draft, block.line, remarks);
    // A VLAN interface of the ASA 5505 has switch ports below it, and no parent.
    const below = parent === null || draft.vlan === null ? null : this.#parent(parent, block.line);
    const name = draft.nameif ?? short(hardware);
    const mtu = mtus.get(draft.nameif ?? '') ?? null;
    if (mtu !== null && (mtu < 1280 || mtu > 9216))
      remarks.problem(block.line, `an MTU of ${mtu} is none here: it is left out`);
    this.#add({
      key: this.#key(name),
      zone: this.#zones.unique(nameOf(name) || 'zone'),
      nameif: draft.nameif,
      hardware,
      level: draft.level ?? (draft.nameif === 'inside' ? 100 : 0),
      addresses: draft.addresses,
      own: draft.own,
      networks: draft.networks,
      mtu: mtu === null || mtu < 1280 || mtu > 9216 || mtu === 1500 ? null : mtu,
      parent: below,
      vlan: below === null ? null : draft.vlan,
      management: draft.management,
      description: draft.description,
      line: block.line,
    });
  }

  /** Takes out addresses that no host has, or whose subnet another interface has already. */
  #settle(draft: Draft, line: number, remarks: Remarks): void {
    const kept = draft.addresses.filter((text) => {
      const prefix = parsePrefix(text);
      if (typeof prefix === 'string') return false;
      const { low, high } = rangeOf(prefix);
      const { family } = prefix.address;
      const taken = this.list.some(({ networks }) =>
        (family === 4 ? networks.v4 : networks.v6).some(([a, b]) => a <= high && low <= b),
      );
      if (!taken && isHost(prefix)) return true;
      const why = taken ? 'its subnet is another interface’s too' : 'no host has it';
      remarks.problem(line, `${text}: ${why}: it is left out`);
      return false;
    });
    if (kept.length === draft.addresses.length) return;
    draft.addresses = kept;
    const prefixes = kept.map((text) => parsePrefix(text)).filter((one) => typeof one !== 'string');
    const of = (family: 4 | 6) => prefixes.filter(({ address }) => address.family === family);
    const own = (family: 4 | 6) =>
      of(family).map(({ address: { value } }): Range => [value, value]);
    const networks = (family: 4 | 6) =>
      of(family).map((one): Range => [rangeOf(one).low, rangeOf(one).high]);
    draft.own = { v4: own(4), v6: own(6) };
    draft.networks = { v4: networks(4), v6: networks(6) };
  }

  /** The interface below a VLAN, with one made where the file has none. */
  #parent(hardware: string, line: number): string {
    const known = this.#byHardware.get(hardware);
    if (known !== undefined) return known.key;
    const name = short(hardware);
    const iface: Iface = {
      key: this.#key(name),
      zone: this.#zones.unique(nameOf(name) || 'trunk'),
      nameif: null,
      hardware,
      level: 0,
      addresses: [],
      own: { v4: [], v6: [] },
      networks: { v4: [], v6: [] },
      mtu: null,
      parent: null,
      vlan: null,
      management: false,
      description: null,
      line,
    };
    this.#add(iface);
    return iface.key;
  }

  #key(name: string): string {
    // Kernel devices have 15 characters.
    const plain = nameOf(name, 15) || 'if';
    const unique = this.#keys.unique(plain);
    return unique.length <= 15 ? unique : this.#keys.unique(plain.slice(0, 11));
  }

  #add(iface: Iface): void {
    this.list.push(iface);
    this.#byHardware.set(iface.hardware, iface);
    if (iface.nameif !== null) this.#byName.set(iface.nameif, iface);
  }
}

/** `GigabitEthernet0/1` as `gi0-1`. */
function short(hardware: string): string {
  return hardware
    .toLowerCase()
    .replace(/^([a-z]{2})[a-z-]*/, '$1')
    .replaceAll('/', '-');
}

function readLine(line: Line, draft: Draft, objects: Objects, remarks: Remarks): boolean {
  const words = new Words(line.words);
  if (/^description /.test(line.text)) {
    draft.description = line.text.slice('description '.length);
    return true;
  }
  if (QUIET.test(line.text)) return true;
  switch (words.next()) {
    case 'nameif':
      draft.nameif = words.next();
      return draft.nameif !== '';
    case 'security-level':
      draft.level = Number(words.next());
      return draft.level >= 0 && draft.level <= 100;
    case 'vlan': {
      const id = words.next();
      if (!/^\d{1,4}$/.test(id) || Number(id) < 1 || Number(id) > 4094) return false;
      draft.vlan = Number(id);
      return true;
    }
    case 'shutdown':
      return (draft.shutdown = true);
    case 'management-only':
      return (draft.management = true);
    case 'ip':
      return words.take('address') && readV4(words, draft, objects, line, remarks);
    case 'ipv6':
      return words.take('address') ? readV6(words, draft) : words.take('enable');
    default:
      return false;
  }
}

function readV4(
  words: Words,
  draft: Draft,
  objects: Objects,
  { line }: Line,
  remarks: Remarks,
): boolean {
  const address = objects.host(words.next())?.v4[0]?.[0];
  const maskText = words.next();
  if (address === undefined) return false;
  const [network] = masked(formatAddress({ family: 4, value: address }), maskText)?.v4 ?? [];
  if (network === undefined) return false;
  const length = 32 - ((network[1] - network[0] + 1n).toString(2).length - 1);
  draft.addresses.push(`${formatAddress({ family: 4, value: address })}/${length}`);
  draft.own = { ...draft.own, v4: [...draft.own.v4, [address, address]] };
  draft.networks = { ...draft.networks, v4: [...draft.networks.v4, network] };
  if (words.take('standby'))
    remarks.problem(line, `standby ${words.next()}: there is no failover: it is left out`);
  return words.done;
}

function readV6(words: Words, draft: Draft): boolean {
  const text = words.next();
  const prefix = parsePrefix(text);
  if (typeof prefix === 'string' || !words.done) return false;
  const { value } = prefix.address;
  draft.addresses.push(formatPrefix(prefix));
  const size = 1n << BigInt(128 - prefix.length);
  const low = value - (value % size);
  draft.own = { ...draft.own, v6: [...draft.own.v6, [value, value]] };
  draft.networks = {
    ...draft.networks,
    v6: [...draft.networks.v6, ...oneRange(6, low, low + size - 1n).v6],
  };
  return true;
}

/** An address that a host can have in its subnet (RFC 1122 3.2.1.3, RFC 3021, RFC 4291). */
function isHost(prefix: Prefix): boolean {
  const { family, value } = prefix.address;
  const { low, high } = rangeOf(prefix);
  if (family === 6)
    return value > 1n && value >> 120n !== 0xffn && (value !== low || prefix.length >= 127);
  const first = value >> 24n;
  if (first === 0n || first === 127n || first >= 224n) return false;
  return prefix.length >= 31 || (value !== low && value !== high);
}
