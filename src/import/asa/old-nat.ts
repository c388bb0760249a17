// SPDX-License-Identifier: BSD-3-Clause
import { formatAddress } from '../../net/address.js';
import { intersectRanges, type Range } from '../shared/ranges.js';
import type { Keys } from '../shared/policies.js';
import type { Remarks } from '../shared/remarks.js';
import { addressTexts, masked, oneRange, subtractAddresses, unionOf } from './spans.js';
import type { Addresses } from './spans.js';
import type { Entry } from './acl.js';
import type { Iface, Interfaces } from './interfaces.js';
import { Words, type Block, type Line } from './lines.js';
import { portOf } from './names.js';
import { pairsOf } from './nat.js';
import type { NatText } from '../shared/write.js';
import type { Objects, Side } from './objects.js';

/** A translation of addresses one to one, seen at an interface. */
interface Fixed {
  readonly nameif: string;
  readonly mapped: Range;
  readonly real: Range;
}

/** A port of an address that leads to a server. */
interface Port {
  readonly nameif: string;
  readonly address: bigint;
  readonly protocol: number;
  readonly port: number;
  readonly real: bigint;
  readonly forward: string;
}

const LEFT = 'no equivalent: it is left out';

/** `static`, `nat` and `global` of before 8.3, when access lists had addresses as they are seen. */
export class OldNat {
  readonly nat: NatText = { source: [], static: [], forwards: [] };
  readonly #lists: ReadonlyMap<string, readonly Entry[]>;
  readonly #objects: Objects;
  readonly #interfaces: Interfaces;
  readonly #remarks: Remarks;
  readonly #fixed: Fixed[] = [];
  readonly #ports: Port[] = [];

  constructor(
    blocks: readonly Block[],
    lists: ReadonlyMap<string, readonly Entry[]>,
    objects: Objects,
    interfaces: Interfaces,
    remarks: Remarks,
  ) {
    this.#lists = lists;
    this.#objects = objects;
    this.#interfaces = interfaces;
    this.#remarks = remarks;
    const of = (command: string): readonly Block[] =>
      blocks.filter(({ words: [w] }) => w === command);
    const say = ({ line, text }: Line, problem: string | null): void => {
      if (problem !== null) remarks.problem(line, `${text}: ${problem}`);
    };
    for (const block of of('static')) say(block, this.#static(block));
    const globals = of('global');
    const exempt = of('nat').filter(({ words }) => words[2] === '0');
    const others = of('nat').filter(({ words }) => words[2] !== '0');
    for (const block of exempt) say(block, this.#dynamic(block, []));
    for (const block of others) say(block, this.#dynamic(block, globals));
    for (const block of globals)
      if (!others.some(({ words }) => words[2] === block.words[2]))
        say(block, 'no nat of this number: it is left out');
  }

  /** A list at an interface with the addresses that are real. */
  unmapped(list: Entry[], nameif: string, end: 'source' | 'destination'): Entry[] {
    return list.flatMap((entry) => {
      const side = this.#real(entry[end], nameif);
      const there = { ...entry, [end]: side };
      if (end === 'source') return [there];
      return [
        ...this.#ports
          .filter((port) => port.nameif === nameif && isFor(entry, port))
          .map(({ forward, real, protocol }) => ({
            ...entry,
            destination: { value: { forward }, set: oneRange(4, real, real), open: false },
            services: [{ protocol, from: entry.services[0]?.from ?? null, to: null }],
          })),
        there,
      ];
    });
  }

  #real(side: Side, nameif: string): Side {
    if (side.set === null) return side;
    let { set } = side;
    const found: Addresses[] = [];
    for (const { mapped, real } of this.#fixed.filter((one) => one.nameif === nameif)) {
      for (const [low, high] of intersectRanges(set.v4, [mapped])) {
        found.push(oneRange(4, real[0] + (low - mapped[0]), real[0] + (high - mapped[0])));
        // All there is stays all there is.
        if (side.value !== '0.0.0.0/0') set = subtractAddresses(set, oneRange(4, low, high));
      }
    }
    if (found.length === 0 || side.value === '0.0.0.0/0') return side;
    const whole = unionOf([set, ...found]);
    const value = addressTexts(whole);
    return {
      value: value.length === 1 ? (value[0] as string) : value,
      set: whole,
      open: side.open,
    };
  }

  /** `static (REAL,MAPPED) [tcp|udp] MAPPED [PORT] REAL [PORT] [netmask MASK] …` */
  #static(block: Block): string | null {
    const words = new Words(block.words, 1);
    const [, from = '', to = ''] = /^\(([^,]+),([^)]+)\)$/.exec(words.next()) ?? [];
    const [real, outer] = [this.#interfaces.named(from), this.#interfaces.named(to)];
    if (real === undefined || outer === undefined || real.management || outer.management)
      return `there is no interface '${real === undefined ? from : to}': it is left out`;
    const protocol = ['tcp', 'udp'].includes(words.peek()) ? words.next() : null;
    const mapped = words.next();
    const at = mapped === 'interface' ? null : this.#host(mapped);
    if (mapped !== 'interface' && at === null) return LEFT;
    const outerPort = protocol === null ? null : portOf(words.next());
    const server = this.#host(words.next());
    const realPort = protocol === null ? null : portOf(words.next());
    if (server === null) return LEFT;
    const mask = words.take('netmask') ? words.next() : '255.255.255.255';
    const rest = words
      .rest()
      .filter((word) => !/^\d+$/.test(word) && word !== 'tcp' && word !== 'udp');
    if (rest.includes('dns')) return 'answers of DNS are not rewritten: it is left out';
    if (rest.length > 0) return `'${rest[0] ?? ''}' has no equivalent: it is left out`;
    const name = `static-${block.line}`;
    const description = describe(block);
    if (protocol !== null || at === null) {
      if ((protocol !== null) !== (outerPort !== null && realPort !== null)) return LEFT;
      const seen = at ?? outer.own.v4[0]?.[0];
      if (seen === undefined) return `${to} has no address in the file: it is left out`;
      this.nat.forwards.push({
        name,
        from: outer.zone,
        at: at === null ? outer.key : formatAddress({ family: 4, value: at }),
        ...(protocol === null ? {} : { service: `${protocol}/${outerPort}` }),
        'translate-to': formatAddress({ family: 4, value: server }),
        ...(realPort === null || realPort === outerPort ? {} : { port: realPort }),
        description,
      });
      if (outerPort !== null)
        this.#ports.push({
          nameif: to,
          address: seen,
          protocol: protocol === 'tcp' ? 6 : 17,
          port: outerPort,
          real: server,
          forward: name,
        });
      else this.#fixed.push({ nameif: to, mapped: [seen, seen], real: [server, server] });
      return null;
    }
    const text = (value: bigint): string => formatAddress({ family: 4, value });
    const [outside] = masked(text(at), mask)?.v4 ?? [];
    const [inside] = masked(text(server), mask)?.v4 ?? [];
    if (outside === undefined || inside === undefined) return LEFT;
    if (outside[0] === inside[0]) {
      this.#exempt(block, real, outer, addressTexts({ v4: [inside], v6: [] })[0] ?? '', null);
      return null;
    }
    this.#fixed.push({ nameif: to, mapped: outside, real: inside });
    const pairs = pairsOf({ v4: [inside], v6: [] }, { v4: [outside], v6: [] }) ?? [];
    for (const [one, other] of pairs)
      this.nat.static.push({ name, zone: outer.zone, inside: one, outside: other, description });
    return null;
  }

  /** `nat (IF) NUMBER ADDRESS MASK` or `access-list NAME`, with every `global` of its number. */
  #dynamic(block: Block, globals: readonly Block[]): string | null {
    const words = new Words(block.words, 1);
    const nameif = /^\((.+)\)$/.exec(words.next())?.[1] ?? '';
    const from = this.#interfaces.named(nameif);
    const number = words.next();
    if (from === undefined || from.management)
      return `there is no interface '${nameif}': it is left out`;
    const sources: { source: Side['value']; destination: Side['value'] }[] = [];
    if (words.take('access-list')) {
      const list = this.#lists.get(words.next());
      if (list === undefined) return 'there is no such access list: it is left out';
      for (const { permit, source, destination } of list) {
        if (!permit) return 'a list with denials has no equivalent: it is left out';
        sources.push({ source: source.value, destination: destination.value });
      }
    } else {
      const set = this.#objects.subnet(words.next(), words.next() || '255.255.255.255');
      if (set === null) return LEFT;
      sources.push({ source: addressTexts(set)[0] ?? '', destination: null });
    }
    const rest = words
      .rest()
      .filter((word) => !/^\d+$/.test(word) && word !== 'tcp' && word !== 'udp');
    if (rest.length > 0) return `'${rest[0] ?? ''}' has no equivalent: it is left out`;
    if (number === '0') {
      for (const { source, destination } of sources)
        this.#exempt(block, from, null, source, destination);
      return null;
    }
    const mine = globals.filter(({ words: own }) => own[2] === number);
    if (mine.length === 0) return 'no global of this number: it is left out';
    const seen = new Set<string>();
    for (const { words: own, line, text } of mine) {
      const outer = this.#interfaces.named(/^\((.+)\)$/.exec(own[1] ?? '')?.[1] ?? '');
      const to = own[3] ?? '';
      const literal = to.split('-').every((one) => this.#objects.host(one) !== null);
      if (outer === undefined || outer.management || (to !== 'interface' && !literal)) {
        this.#remarks.problem(line, `${text}: ${LEFT}`);
        continue;
      }
      if (seen.has(outer.zone)) {
        this.#remarks.problem(line, `${text}: a second global of ${outer.zone} is left out`);
        continue;
      }
      seen.add(outer.zone);
      for (const side of sources)
        this.nat.source.push({
          ...this.#keys(block, from, outer, side.source, side.destination),
          'translate-to': to,
        });
    }
    return null;
  }

  #exempt(
    line: Line,
    from: Iface,
    to: Iface | null,
    source: Side['value'],
    destination: Side['value'],
  ): void {
    this.nat.source.push({
      ...this.#keys(line, from, to, source, destination),
      'translate-to': 'none',
    });
  }

  #keys(
    line: Line,
    from: Iface,
    to: Iface | null,
    source: Side['value'],
    destination: Side['value'],
  ): Keys {
    return {
      name: `nat-${line.line}${this.nat.source.length === 0 ? '' : `.${this.nat.source.length + 1}`}`,
      from: from.zone,
      to: to?.zone ?? 'any',
      ...(source === null ? {} : { source }),
      ...(destination === null ? {} : { destination }),
      description: describe(line),
    };
  }

  #host(text: string): bigint | null {
    return this.#objects.host(text)?.v4[0]?.[0] ?? null;
  }
}

function describe({ line, text }: Line): string {
  return `line ${line}: ${text}`.slice(0, 1000);
}

/** Whether an entry is about what comes to this port. */
function isFor({ destination, services }: Entry, { address, protocol, port }: Port): boolean {
  const there =
    destination.set === null ||
    intersectRanges(destination.set.v4, [[address, address]]).length > 0;
  const at = BigInt(port);
  return (
    there &&
    services.some(
      (one) =>
        one.protocol === null ||
        (one.protocol === protocol &&
          (one.to === null || intersectRanges(one.to, [[at, at]]).length > 0)),
    )
  );
}
