// SPDX-License-Identifier: BSD-3-Clause
import { formatAddress } from '../../net/address.js';
import { prefixText } from '../shared/addresses.js';
import { Names } from '../shared/naming.js';
import type { Keys } from '../shared/policies.js';
import type { Ranges } from '../shared/ranges.js';
import type { Remarks } from '../shared/remarks.js';
import { serviceText } from '../shared/services.js';
import { oneOrList, texts } from '../shared/values.js';
import type { NatText } from '../shared/write.js';
import { ANY } from './acl.js';
import type { Iface, Interfaces } from './interfaces.js';
import { Words, type Block, type Line } from './lines.js';
import { portOf } from './names.js';
import type { Objects, Side } from './objects.js';
import { addressTexts, masked, onlyAddress, type Addresses } from './spans.js';

/** Pieces that a static translation of a range may be cut into. */
const MOST_PIECES = 64;
const DROPPED = new Set(['no-proxy-arp', 'route-lookup', 'net-to-net', 'unidirectional']);

interface Place {
  readonly from: readonly Iface[] | null;
  readonly to: readonly Iface[] | null;
}

/** What stands behind `static` or `dynamic`. */
type Mapped =
  | { readonly kind: 'interface' }
  | { readonly kind: 'addresses'; readonly set: Addresses; readonly side: Side };

/** Translations as 8.3 and later have them: twice NAT in order, then that of objects. */
export class NatReader {
  readonly nat: NatText = { source: [], static: [], forwards: [] };
  readonly #objects: Objects;
  readonly #interfaces: Interfaces;
  readonly #remarks: Remarks;
  readonly #names = new Names();

  constructor(objects: Objects, interfaces: Interfaces, remarks: Remarks) {
    this.#objects = objects;
    this.#interfaces = interfaces;
    this.#remarks = remarks;
  }

  /** Section 1, section 2 (static before dynamic, fewer addresses first), section 3. */
  read(blocks: readonly Block[]): void {
    const twice = blocks.filter(({ words }) => words[0] === 'nat' && words.includes('source'));
    const late = (block: Block): boolean => block.words.includes('after-auto');
    for (const block of twice.filter((one) => !late(one))) this.#say(block, this.#twice(block));
    const own = blocks.flatMap(({ words, under }) =>
      words[0] === 'object' && words[1] === 'network'
        ? under
            .filter((line) => line.words[0] === 'nat')
            .map((line) => ({ name: words[2] ?? '', line }))
        : [],
    );
    const size = (name: string): bigint =>
      sizeOf(this.#objects.isNetwork(name) ? this.#objects.side(name, 1).set : null);
    const fixed = (line: Line): number => (line.words.includes('static') ? 0 : 1);
    own.sort((a, b) => {
      const order = fixed(a.line) - fixed(b.line);
      const [x, y] = [size(a.name), size(b.name)];
      return order !== 0 ? order : x < y ? -1 : x > y ? 1 : 0;
    });
    for (const { name, line } of own) this.#say(line, this.#object(name, line));
    for (const block of twice.filter(late)) this.#say(block, this.#twice(block));
  }

  #say({ line, text }: Line, problem: string | null): void {
    if (problem !== null) this.#remarks.problem(line, `${text}: ${problem}`);
  }

  /** `nat (REAL,MAPPED) static|dynamic …` of an object; a string says why it is left out. */
  #object(name: string, line: Line): string | null {
    const words = new Words(line.words, 1);
    const place = this.#place(words);
    if (typeof place === 'string') return place;
    const real = this.#objects.side(name, line.line);
    const kind = words.next();
    if (kind === 'dynamic') return this.#dynamic(real, place, words, line, null);
    if (kind !== 'static') return LEFT;
    const mapped = this.#mapped(words, real, line);
    if (typeof mapped === 'string') return mapped;
    if (words.take('service')) {
      const protocol = words.next();
      const [from, to] = [portOf(words.next()), portOf(words.next())];
      if (!['tcp', 'udp', 'sctp'].includes(protocol) || from === null || to === null) return LEFT;
      const problem = this.#trailing(words);
      if (problem !== null) return problem;
      return this.#forward(
        real,
        mapped,
        place,
        `${protocol}/${to}`,
        from === to ? null : from,
        line,
      );
    }
    const problem = this.#trailing(words);
    if (problem !== null) return problem;
    return this.#static(real, mapped, place, line);
  }

  /** `nat [(REAL,MAPPED)] [after-auto] source … [destination …] [service …]`. */
  #twice(block: Block): string | null {
    const words = new Words(block.words, 1);
    const place = this.#place(words);
    if (typeof place === 'string') return place;
    words.take('after-auto');
    if (/^\d+$/.test(words.peek())) words.next();
    if (!words.take('source')) return LEFT;
    const kind = words.next();
    const name = words.next();
    const real = name === 'any' ? ANY : this.#objects.side(name, block.line);
    if (words.peek() === '') return LEFT;
    const at = new Words(words.rest());
    if (kind === 'dynamic') return this.#dynamic(real, place, at, block, 'twice');
    if (kind !== 'static') return LEFT;
    const same = at.peek() === name;
    const mapped = same
      ? (at.next(), { kind: 'addresses' as const, set: real.set ?? NONE, side: real })
      : this.#mapped(at, real, block);
    if (typeof mapped === 'string') return mapped;
    const destination = this.#destination(at, block);
    if (typeof destination === 'string') return destination;
    const ports = this.#service(at);
    if (typeof ports === 'string') return ports;
    const inactive = at.take('inactive');
    const problem = this.#trailing(at);
    if (problem !== null) return problem;
    if (inactive) return 'it is inactive, and left out';
    if (destination?.to !== undefined && destination.to !== null)
      return 'source and destination are both fixed: no equivalent, it is left out';
    if (same && ports === null) {
      // Exempt from what follows.
      this.nat.source.push({
        ...this.#source(block, real, place),
        ...(destination === null ? {} : sideKey('destination', destination.mapped)),
        'translate-to': 'none',
      });
      return null;
    }
    if (destination !== null)
      return 'a fixed translation towards some destinations only has no equivalent: it is left out';
    if (ports === null) return this.#static(real, mapped, place, block);
    return this.#forward(real, mapped, place, ports.service, ports.port, block);
  }

  #dynamic(
    real: Side,
    place: Place,
    words: Words,
    line: Line,
    twice: 'twice' | null,
  ): string | null {
    const keys = this.#source(line, real, place);
    let to: string | null = null;
    let fallback = false;
    if (words.take('interface')) to = 'interface';
    else {
      const pool = words.take('pat-pool');
      const name = words.next();
      const side = this.#addressesOf(name, line);
      if (side === null) return `there is no object '${name}': it is left out`;
      const set = side.set ?? NONE;
      if (set.v4.length + set.v6.length === 0)
        return 'there are no addresses in it: it is left out';
      if (set.v4.length > 0 && set.v6.length > 0)
        return 'addresses of two families: it is left out';
      const [text, more] = addressTexts(set);
      to = more === undefined || typeof side.value !== 'string' ? (text as string) : side.value;
      if (pool) for (const word of POOL_WORDS) words.take(word);
      fallback = words.take('interface');
    }
    const destination = twice === null ? null : this.#destination(words, line);
    if (typeof destination === 'string') return destination;
    const ports = twice === null ? null : this.#service(words);
    if (typeof ports === 'string') return ports;
    if (ports !== null)
      return 'a dynamic translation of some services has no equivalent: it is left out';
    const inactive = words.take('inactive');
    const problem = this.#trailing(words);
    if (problem !== null) return problem;
    if (inactive) return 'it is inactive, and left out';
    if (destination?.to !== undefined && destination.to !== null) {
      const [at, server] = [destination.mapped, destination.to].map(({ set }) =>
        set === null ? null : onlyAddress(set),
      );
      if (at === null || at === undefined || server === null || server === undefined)
        return 'a destination of more than one address has no equivalent: it is left out';
      this.nat.forwards.push({
        name: this.#name(line),
        ...(place.from === null ? {} : { from: zonesOf(place.from) }),
        ...(real.value === null ? {} : sideKey('source', real)),
        at: formatAddress(at),
        'translate-to': formatAddress(server),
        description: describe(line),
      });
    }
    const towards =
      destination === null ? {} : sideKey('destination', destination.to ?? destination.mapped);
    this.nat.source.push({ ...keys, ...towards, 'translate-to': to });
    if (fallback)
      return 'the interface as what is taken when the pool is full has no equivalent: the pool alone is';
    return null;
  }

  #static(real: Side, mapped: Mapped, place: Place, line: Line): string | null {
    if (real.set === null) return 'any as a whole has no equivalent: it is left out';
    const zone = place.to === null ? this.#others(place.from) : zonesOf(place.to);
    const own = onlyAddress(real.set);
    if (mapped.kind === 'interface') {
      if (own === null) return 'more than one address behind the interface’s: it is left out';
      return this.#forward(real, mapped, place, null, null, line);
    }
    const pairs = pairsOf(real.set, mapped.set);
    if (pairs === null || pairs.length > MOST_PIECES)
      return 'real and mapped addresses are not as many, or lie too much apart: it is left out';
    for (const [inside, outside] of pairs) {
      const common = { name: this.#name(line), zone, inside, outside };
      this.nat.static.push({ ...common, description: describe(line) });
    }
    return null;
  }

  #forward(
    real: Side,
    mapped: Mapped,
    place: Place,
    service: string | null,
    port: number | null,
    line: Line,
  ): string | null {
    const server = real.set === null ? null : onlyAddress(real.set);
    if (server === null) return 'a port of more than one address has no equivalent: it is left out';
    let at: string;
    if (mapped.kind === 'interface') {
      const [only, more] = place.to ?? [];
      if (only === undefined || more !== undefined) return 'no interface is meant: it is left out';
      const family = server.family === 4 ? only.own.v4 : only.own.v6;
      if (family.length === 0) return `${only.zone} has no address in the file: it is left out`;
      at = only.key;
    } else {
      const address = onlyAddress(mapped.set);
      if (address === null || address.family !== server.family)
        return 'a port of more than one address has no equivalent: it is left out';
      at = formatAddress(address);
    }
    this.nat.forwards.push({
      name: this.#name(line),
      ...(place.to === null ? {} : { from: zonesOf(place.to) }),
      at,
      ...(service === null ? {} : { service }),
      'translate-to': formatAddress(server),
      ...(port === null ? {} : { port }),
      description: describe(line),
    });
    return null;
  }

  #source(line: Line, real: Side, { from, to }: Place): Keys {
    return {
      name: this.#name(line),
      from: from === null ? 'any' : zonesOf(from),
      to: to === null ? 'any' : zonesOf(to),
      ...(real.value === null ? {} : sideKey('source', real)),
      description: describe(line),
    };
  }

  /** `(REAL,MAPPED)`, with `any` for all interfaces. */
  #place(words: Words): Place | string {
    if (!words.peek().startsWith('(')) return { from: null, to: null };
    let text = words.next();
    while (!text.endsWith(')') && !words.done) text += words.next();
    const [, from, to] = /^\(([^,)]+),([^,)]+)\)$/.exec(text) ?? [];
    if (from === undefined || to === undefined) return LEFT;
    const ends: (readonly Iface[] | null)[] = [];
    for (const name of [from, to]) {
      const iface = this.#interfaces.named(name);
      if (name !== 'any' && (iface === undefined || iface.management))
        return `there is no interface '${name}': it is left out`;
      ends.push(iface === undefined ? null : [iface]);
    }
    return { from: ends[0] ?? null, to: ends[1] ?? null };
  }

  #others(from: readonly Iface[] | null) {
    const rest = this.#interfaces.filtered.filter((one) => !(from ?? []).includes(one));
    return rest.length === 0 || from === null ? 'any' : zonesOf(rest);
  }

  #mapped(words: Words, real: Side, line: Line): Mapped | string {
    const name = words.next();
    if (name === 'interface') {
      words.take('ipv6');
      return { kind: 'interface' };
    }
    const side = this.#addressesOf(name, line);
    if (side?.set === null || side === null) return `there is no object '${name}': it is left out`;
    const only = onlyAddress(side.set);
    // An address alone stands for the network of it that is as large as the object.
    const whole = real.set === null ? undefined : real.set.v4[0];
    if (only === null || only.family !== 4 || this.#objects.isNetwork(name) || whole === undefined)
      return { kind: 'addresses', set: side.set, side };
    const wild = whole[1] - whole[0];
    const mask = formatAddress({ family: 4, value: 0xffffffffn & ~wild });
    const set = masked(formatAddress(only), mask) ?? side.set;
    return { kind: 'addresses', set, side };
  }

  #addressesOf(name: string, { line }: Line): Side | null {
    if (this.#objects.isNetwork(name)) return this.#objects.side(name, line);
    const set = this.#objects.host(name);
    const [value] = set === null ? [] : addressTexts(set);
    return set === null || value === undefined ? null : { value, set, open: false };
  }

  /** `destination static MAPPED REAL`; `to` is null where both are the same. */
  #destination(
    words: Words,
    line: Line,
  ): { readonly mapped: Side; readonly to: Side | null } | null | string {
    if (!words.take('destination')) return null;
    if (!words.take('static')) return LEFT;
    const [from, to] = [words.next(), words.next()];
    if (from === 'interface')
      return 'the interface’s address as the destination has no equivalent: it is left out';
    if (from === 'any' && to === 'any') return { mapped: ANY, to: null };
    const mapped = this.#addressesOf(from, line);
    const real = this.#addressesOf(to, line);
    if (mapped === null || real === null)
      return `there is no object '${mapped === null ? from : to}': it is left out`;
    return { mapped, to: from === to ? null : real };
  }

  /** `service REAL MAPPED`: source ports of the server, and those others see. */
  #service(
    words: Words,
  ): { readonly service: string; readonly port: number | null } | null | string {
    if (!words.take('service')) return null;
    const [real, mapped] = [words.next(), words.next()].map((name) => {
      const [only, more] = this.#objects.services(name) ?? [];
      const [range, another] = only?.from ?? [];
      const simple = more === undefined && another === undefined && only?.to === null;
      return simple && range !== undefined && range[0] === range[1]
        ? { protocol: only.protocol, port: Number(range[0]) }
        : null;
    });
    if (real === null || mapped === null || real === undefined || mapped === undefined)
      return 'services of more than a source port have no equivalent: it is left out';
    const service = serviceText({ protocol: mapped.protocol, low: mapped.port, high: mapped.port });
    return { service: service ?? '', port: real.port === mapped.port ? null : real.port };
  }

  /** What may follow and changes nothing here. */
  #trailing(words: Words): string | null {
    while (!words.done) {
      const word = words.next();
      if (word === 'description') words.rest();
      else if (word === 'dns') return 'answers of DNS are not rewritten: it is left out';
      else if (!DROPPED.has(word)) return `'${word}' has no equivalent: it is left out`;
    }
    return null;
  }

  #name({ line }: Line): string {
    return this.#names.unique(`nat-${line}`);
  }
}

const LEFT = 'no equivalent: it is left out';
const NONE: Addresses = { v4: [], v6: [] };
const POOL_WORDS = ['round-robin', 'extended', 'flat', 'include-reserve', 'block-allocation'];

function describe({ line, text }: Line): string {
  return `line ${line}: ${text}`.slice(0, 1000);
}

function zonesOf(ifaces: readonly Iface[]) {
  return oneOrList(ifaces.map(({ zone }) => zone));
}

/** NAT takes no groups by `include`: names and addresses alone. */
function sideKey(key: 'source' | 'destination', { value }: Side): Keys {
  return value === null ? {} : { [key]: value };
}

function sizeOf(set: Addresses | null): bigint {
  const count = (ranges: Ranges): bigint =>
    ranges.reduce((sum, [low, high]) => sum + high - low + 1n, 0n);
  return set === null ? 1n << 129n : count(set.v4) + count(set.v6);
}

/** Prefixes of equal length, one to one in order; null where there are none such. */
export function pairsOf(real: Addresses, mapped: Addresses): [string, string][] | null {
  const pairs: [string, string][] = [];
  for (const [family, from, to] of [
    [4, real.v4, mapped.v4],
    [6, real.v6, mapped.v6],
  ] as const) {
    if (from.length === 0 && to.length === 0) continue;
    const [a, b] = [from[0], to[0]];
    if (from.length !== 1 || to.length !== 1 || a === undefined || b === undefined) return null;
    if (a[1] - a[0] !== b[1] - b[0]) return null;
    for (let at = 0n; at <= a[1] - a[0];) {
      let size = 1n;
      // The largest piece that is a prefix on both sides.
      while (
        at + size * 2n - 1n <= a[1] - a[0] &&
        (a[0] + at) % (size * 2n) === 0n &&
        (b[0] + at) % (size * 2n) === 0n
      )
        size *= 2n;
      const text = (low: bigint): string =>
        size === 1n
          ? (texts([[low, low]], family)[0] as string)
          : (prefixText([low, low + size - 1n], family) as string);
      pairs.push([text(a[0] + at), text(b[0] + at)]);
      if (pairs.length > MOST_PIECES) return null;
      at += size;
    }
  }
  return pairs.length === 0 ? null : pairs;
}
