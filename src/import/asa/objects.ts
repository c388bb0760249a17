// SPDX-License-Identifier: BSD-3-Clause
import { parseRange } from '../../net/address.js';
import { nameOf, type Names } from '../shared/naming.js';
import { rangesOf, type Ranges } from '../shared/ranges.js';
import type { Remarks } from '../shared/remarks.js';
import { isName } from '../shared/services.js';
import { Words, type Block, type Line } from './lines.js';
import { asaProtocol, icmpTypeOf, ICMP, ICMPV6 } from './names.js';
import { EVERY, isIcmp, readPorts, type Service } from './services.js';
import {
  addressTexts,
  hosted,
  masked,
  NOBODY,
  oneRange,
  prefixed,
  unionOf,
  type Addresses,
} from './spans.js';

/** Addresses as a rule has them; `value` null: any of both families. */
export interface Side {
  readonly value: string | readonly string[] | { readonly forward: string } | null;
  /** null for any. */
  readonly set: Addresses | null;
  /** Some of it is nowhere said, and to be filled in. */
  readonly open: boolean;
}

/** A network object or group. */
interface Network {
  readonly group: string;
  own: Addresses;
  readonly members: string[];
  open: boolean;
}

/** What an object or group of services holds; of port groups `protocols` are those it is for. */
interface Holder {
  readonly kind: 'service' | 'ports' | 'icmp' | 'protocol';
  readonly services: Service[];
  ports: Ranges;
  readonly members: string[];
  readonly protocols: readonly number[];
}

const TCP = 6;
const UDP = 17;
const SCTP = 132;
const PORTED: Readonly<Record<string, readonly number[]>> = {
  tcp: [TCP],
  udp: [UDP],
  'tcp-udp': [TCP, UDP],
  sctp: [SCTP],
};
const MOST_DEPTH = 32;

/** Names, objects and object groups. */
export class Objects {
  readonly #names = new Map<string, string>();
  readonly #networks = new Map<string, Network>();
  readonly #holders = new Map<string, Holder>();
  readonly #groupNames: Names;
  readonly #remarks: Remarks;

  constructor(groupNames: Names, remarks: Remarks) {
    this.#groupNames = groupNames;
    this.#remarks = remarks;
  }

  /** `name ADDRESS NAME`, `object …`, `object-group …`; false for another command. */
  read(block: Block): boolean {
    const words = new Words(block.words);
    const command = words.next();
    if (command === 'name') {
      const address = words.next();
      const set = hosted(address);
      if (set === null) return false;
      this.#names.set(words.next(), address);
      return true;
    }
    if (command !== 'object' && command !== 'object-group') return false;
    // Some write the command and the mode it makes one after the other.
    words.take('group');
    const kind = words.next();
    const name = words.next();
    if (name === '') return false;
    switch (`${command} ${kind}`) {
      case 'object network':
      case 'object-group network':
        this.#network(name, block);
        return true;
      case 'object service':
        this.#holder(name, 'service', [], block);
        return true;
      case 'object-group service': {
        const typed = PORTED[words.peek()];
        const ports =
          typed !== undefined || block.under.some(({ words: [w] }) => w === 'port-object');
        this.#holder(name, ports ? 'ports' : 'service', typed ?? [TCP, UDP], block);
        return true;
      }
      case 'object-group icmp-type':
        this.#holder(name, 'icmp', [], block);
        return true;
      case 'object-group protocol':
        this.#holder(name, 'protocol', [], block);
        return true;
      default:
        return false;
    }
  }

  isNetwork(name: string): boolean {
    return this.#networks.has(name);
  }

  holder(name: string): Holder['kind'] | null {
    return this.#holders.get(name)?.kind ?? null;
  }

  /** One address by number or by `name`. */
  host(text: string): Addresses | null {
    return hosted(this.#names.get(text) ?? text);
  }

  subnet(address: string, mask: string): Addresses | null {
    return masked(this.#names.get(address) ?? address, mask);
  }

  /** The group for an object or object group; an empty one where there is none. */
  side(name: string, line: number): Side {
    let network = this.#networks.get(name);
    if (network === undefined) {
      this.#remarks.problem(
        line,
        `there is no object '${name}': the group for it is empty and to be filled in`,
      );
      network = this.#fresh(name);
      network.open = true;
    }
    return { value: network.group, ...this.#resolve(name, 0) };
  }

  /** The services of an object or group by name, or null where there is none such. */
  services(name: string, depth = 0): readonly Service[] | null {
    const holder = this.#holders.get(name);
    if (holder === undefined || depth > MOST_DEPTH) return null;
    const nested = holder.members.flatMap((member) => this.services(member, depth + 1) ?? []);
    if (holder.kind !== 'ports') return [...holder.services, ...nested];
    const ports = this.ports(name) ?? [];
    return holder.protocols.map((protocol) => ({ protocol, from: null, to: ports }));
  }

  /** The ports of a group of ports, or null where it is none. */
  ports(name: string, depth = 0): Ranges | null {
    const holder = this.#holders.get(name);
    if (holder?.kind !== 'ports' || depth > MOST_DEPTH) return null;
    const nested = holder.members.flatMap((member) => this.ports(member, depth + 1) ?? []);
    return rangesOf([...holder.ports, ...nested]);
  }

  /** `addresses:` of the groups: what each holds by itself, and which others. */
  groups(): { name: string; members: string[]; open: boolean }[] {
    return [...this.#networks.values()].map(({ group, own, members, open }) => ({
      name: group,
      open,
      members: [
        ...addressTexts(own),
        ...members.flatMap((member) => this.#networks.get(member)?.group ?? []),
      ],
    }));
  }

  /** Members that lead back to their group, or to nothing, are taken out and named. */
  settle(): void {
    for (const [name, network] of this.#networks) {
      const kept = network.members.filter((member) => !this.#leadsTo(member, name, new Set()));
      network.members.splice(0, network.members.length, ...kept);
    }
  }

  #leadsTo(from: string, to: string, seen: Set<string>): boolean {
    if (from === to) return true;
    if (seen.has(from)) return false;
    seen.add(from);
    return (this.#networks.get(from)?.members ?? []).some((one) => this.#leadsTo(one, to, seen));
  }

  #resolve(name: string, depth: number): { set: Addresses; open: boolean } {
    const network = this.#networks.get(name);
    if (network === undefined || depth > MOST_DEPTH) return { set: NOBODY, open: true };
    const parts = network.members.map((member) => this.#resolve(member, depth + 1));
    return {
      set: unionOf([network.own, ...parts.map(({ set }) => set)]),
      open: network.open || parts.some(({ open }) => open),
    };
  }

  #fresh(name: string): Network {
    const plain = nameOf(name, 50);
    const group = this.#groupNames.unique(isName(plain) ? plain : `obj-${plain}`);
    const network = { group, own: NOBODY, members: [], open: false };
    this.#networks.set(name, network);
    return network;
  }

  #network(name: string, { under }: Block): void {
    const network = this.#networks.get(name) ?? this.#fresh(name);
    for (const line of under) {
      const words = new Words(line.words);
      const set = this.#member(words, network, line);
      if (set === null) this.#left(line);
      else if (set !== undefined) network.own = unionOf([network.own, set]);
    }
  }

  /** undefined: it adds no address, but all is well. */
  #member(words: Words, network: Network, line: Line): Addresses | null | undefined {
    const first = words.next();
    switch (first) {
      case 'description':
      // The translation of an object is read with all others.
      case 'nat':
        return undefined;
      case 'host':
        return this.host(words.next());
      case 'subnet':
        return words.peek().includes('/')
          ? prefixed(words.next())
          : this.subnet(words.next(), words.next());
      case 'range': {
        const [low, high] = [words.next(), words.next()].map((one) => this.#names.get(one) ?? one);
        const range = parseRange(`${low}-${high}`);
        return typeof range === 'string' ? null : oneRange(range.family, range.low, range.high);
      }
      case 'fqdn':
        network.open = true;
        this.#remarks.problem(
          line.line,
          `${line.text}: the addresses of a name are not in the file: they are to be filled in`,
        );
        return undefined;
      case 'network-object':
        if (words.take('host')) return this.host(words.next());
        if (words.take('object')) {
          network.members.push(words.next());
          this.#known(network, line);
          return undefined;
        }
        return words.peek().includes('/')
          ? prefixed(words.next())
          : this.subnet(words.next(), words.next());
      case 'group-object':
        network.members.push(words.next());
        this.#known(network, line);
        return undefined;
      default:
        return null;
    }
  }

  /** A member is there when it is named: it has to be defined before. */
  #known({ members }: Network, { line }: Line): void {
    const name = members.at(-1) ?? '';
    if (!this.#networks.has(name)) this.side(name, line);
  }

  #holder(
    name: string,
    kind: Holder['kind'],
    protocols: readonly number[],
    { under }: Block,
  ): void {
    const holder = this.#holders.get(name) ?? {
      kind,
      services: [],
      ports: [],
      members: [],
      protocols,
    };
    this.#holders.set(name, holder);
    for (const line of under)
      if (!this.#held(new Words(line.words), holder, line)) this.#left(line);
  }

  #held(words: Words, holder: Holder, line: Line): boolean {
    switch (words.next()) {
      case 'description':
        return true;
      case 'service':
      case 'service-object':
        if (words.take('object')) return this.#nested(words.next(), holder, line);
        return this.#service(words, holder);
      case 'port-object': {
        const ports = readPorts(words);
        if (ports === undefined || ports === null) return false;
        holder.ports = rangesOf([...holder.ports, ...ports]);
        return true;
      }
      case 'icmp-object': {
        const type = icmpTypeOf(words.next(), ICMP);
        if (type === null) return false;
        holder.services.push(icmp(ICMP, type, null));
        return true;
      }
      case 'protocol-object': {
        const protocol = asaProtocol(words.next());
        if (protocol === null) return false;
        holder.services.push({ ...EVERY, protocol: protocol ?? null });
        return true;
      }
      case 'group-object':
        return this.#nested(words.next(), holder, line);
      default:
        return false;
    }
  }

  #nested(name: string, holder: Holder, { line }: Line): boolean {
    const built = builtIn(name);
    if (this.#holders.has(name)) holder.members.push(name);
    else if (built !== null) holder.services.push(built);
    else this.#remarks.problem(line, `there is no object '${name}': it is left out`);
    return true;
  }

  /** PROTOCOL [source PORTS] [destination PORTS], or without the words the destination's alone. */
  #service(words: Words, holder: Holder): boolean {
    const name = words.next();
    const protocols = PORTED[name];
    if (protocols === undefined) {
      const protocol = asaProtocol(name);
      if (protocol === null) return false;
      const service = protocol === undefined ? EVERY : icmpTail(words, protocol);
      if (service === null || !words.done) return false;
      holder.services.push(service);
      return true;
    }
    const from = words.take('source') ? readPorts(words) : undefined;
    words.take('destination');
    const to = readPorts(words);
    if (from === null || to === null || !words.done) return false;
    for (const protocol of protocols)
      holder.services.push({ protocol, from: from ?? null, to: to ?? null });
    return true;
  }

  #left({ line, text }: Line): void {
    this.#remarks.problem(line, `${text}: no equivalent: it is left out`);
  }
}

/** A protocol, and for ICMP the type and code that may follow. */
export function icmpTail(words: Words, protocol: number): Service | null {
  if (!isIcmp(protocol) || words.done) return { ...EVERY, protocol };
  const type = icmpTypeOf(words.peek(), protocol);
  if (type === null) return { ...EVERY, protocol };
  words.next();
  if (!/^\d{1,3}$/.test(words.peek())) return icmp(protocol, type, null);
  const code = Number(words.next());
  return code > 255 ? null : icmp(protocol, type, code);
}

function icmp(protocol: number, type: number, code: number | null): Service {
  const low = BigInt(type * 256 + (code ?? 0));
  return { protocol, from: null, to: [[low, code === null ? low + 255n : low]] };
}

/** Objects that need no definition: protocols, `icmp-TYPE`. */
export function builtIn(name: string): Service | null {
  const [, six, type] = /^icmp(6?)-(.+)$/.exec(name) ?? [];
  if (type !== undefined) {
    const protocol = six === '6' ? ICMPV6 : ICMP;
    const number = icmpTypeOf(type, protocol);
    return number === null ? null : icmp(protocol, number, null);
  }
  const protocol = asaProtocol(name);
  return protocol === null ? null : { ...EVERY, protocol: protocol ?? null };
}
