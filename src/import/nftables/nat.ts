// SPDX-License-Identifier: BSD-3-Clause
import { EVERYTHING, intersect, type Box } from '../shared/box.js';
import { Names } from '../shared/naming.js';
import { intersectRanges, rangesOf, type Ranges } from '../shared/ranges.js';
import type { Remarks } from '../shared/remarks.js';
import type { Rule } from '../shared/rule.js';
import { addressValue, serviceValues } from '../shared/values.js';
import type { NatText } from '../shared/write.js';
import type { Value } from '../shared/yaml.js';
import { formatAddress } from '../../net/address.js';
import type { Chain, Element, Node, Ruleset, Table } from './ruleset.js';
import type { Around } from './around.js';
import { readStatement, type Translation } from './read.js';
import { selectorAt, textOf } from './selectors.js';
import { keyWords, numbersOf, wordOf, type Field } from './values.js';

export interface Zones {
  /** Names of the interfaces of bits, which are zones too; null for every one. */
  readonly zones: (bits: bigint | null) => readonly string[] | null;
  /** Makes a group of addresses that one name cannot say. */
  readonly group: (value: Value) => string;
  readonly notIn: (name: string) => string;
}

const LEFT = 'no equivalent: it is left out';
const MOST_DEPTH = 16;
const MOST_RULES = 20_000;

/** Chains of type nat at prerouting and postrouting become the section `nat`. */
export class NatReader {
  readonly nat: NatText = { source: [], static: [], forwards: [] };
  readonly #zones: Zones;
  readonly #remarks: Remarks;
  readonly #names = new Names();

  constructor(zones: Zones, remarks: Remarks) {
    this.#zones = zones;
    this.#remarks = remarks;
  }

  read(
    { tables }: Ruleset,
    family: 4 | 6,
    around: (table: Table, key: string, hook: string) => Around,
  ): void {
    const own = family === 4 ? 'ip' : 'ip6';
    const chains = tables
      .filter((table) => table.family === own || table.family === 'inet')
      .flatMap((table) => [...table.chains.values()].map((chain) => ({ table, chain })))
      .filter(({ chain }) => chain.type === 'nat')
      .sort((a, b) => a.chain.priority - b.chain.priority);
    for (const { table, chain } of chains) {
      if (chain.hook !== 'prerouting' && chain.hook !== 'postrouting') {
        for (const { line } of chain.rules)
          this.#remarks.problem(
            line,
            `${chain.hook}: what the appliance itself sends or takes is not translated: ${LEFT}`,
          );
        continue;
      }
      this.#chain(table, chain, chain.hook, family, around, [EVERYTHING], 0);
    }
  }

  #chain(
    table: Table,
    chain: Chain,
    hook: string,
    family: 4 | 6,
    around: (table: Table, key: string, hook: string) => Around,
    region: readonly Box[],
    depth: number,
  ): void {
    const key = `nat ${table.family} ${table.name} ${chain.name}`;
    const context = around(table, key, hook);
    const say = (line: number, message: string): void => this.#remarks.problem(line, message);
    for (const [i, statement] of chain.rules.entries()) {
      const { rules, nat } = readStatement(statement, chain, i + 1, context);
      for (const rule of nat === null ? rules : [nat.rule]) {
        const boxes = rule.boxes.flatMap((box) =>
          region.flatMap((one) => intersect(box, one) ?? []),
        );
        if (boxes.length === 0) continue;
        if (rule.partly || rule.skips.length > 0 || rule.over !== null) {
          say(
            rule.line,
            `${rule.text}: a condition has no equivalent: the translation is left out`,
          );
          continue;
        }
        if (nat !== null) this.#translate(rule, boxes, nat.translation, hook, family, table);
        else if (rule.target.kind === 'chain') {
          const called = table.chains.get(rule.target.name);
          if (called === undefined || depth > MOST_DEPTH) say(rule.line, `${rule.text}: ${LEFT}`);
          else this.#chain(table, called, hook, family, around, boxes, depth + 1);
        } else if (
          rule.target.kind === 'accept' ||
          (rule.target.kind === 'return' && depth === 0)
        ) {
          if (hook === 'postrouting')
            for (const box of boxes) this.#source(rule, box, 'none', family);
          else
            say(
              rule.line,
              `${rule.text}: an exception from what follows has no equivalent: it is left out`,
            );
        } else if (rule.target.kind !== 'log' && rule.target.kind !== 'pass')
          say(rule.line, `${rule.text}: ${LEFT}`);
      }
    }
    this.#remarks.reached(key);
  }

  #translate(
    rule: Rule,
    boxes: readonly Box[],
    { kind, nodes }: Translation,
    hook: string,
    family: 4 | 6,
    table: Table,
  ): void {
    const left = (why: string): void =>
      this.#remarks.problem(rule.line, `${rule.text}: ${why}: it is left out`);
    if (this.nat.source.length + this.nat.forwards.length > MOST_RULES) {
      left('too many translations');
      return;
    }
    const rest = nodes.filter((node) => !FLAGS.has(wordOf(node)) && wordOf(node) !== ',');
    if (kind === 'masquerade' || kind === 'snat') {
      if (hook !== 'postrouting') {
        left('a source is translated at postrouting alone');
        return;
      }
      const random = nodes.some((node) => /random/.test(wordOf(node)));
      const to = kind === 'masquerade' && rest.length === 0 ? 'interface' : target(rest, family);
      if (to === undefined) return;
      if (to === null || (typeof to !== 'string' && to.port !== null)) {
        left('no equivalent');
        return;
      }
      for (const box of boxes)
        this.#source(rule, box, typeof to === 'string' ? to : to.address, family, random);
      return;
    }
    if (kind === 'redirect') {
      left('a port of the appliance itself');
      return;
    }
    this.#destinations(rule, boxes, rest, family, table, left);
  }

  #source(rule: Rule, box: Box, to: string, family: 4 | 6, random = false): void {
    const { sport, icmp, flags, dscp, mac, schedule, limits } = box;
    const others = [sport, icmp, flags, dscp, mac, schedule].some((one) => one !== null);
    if (others || limits.length > 0) {
      const why = 'translations have no such condition';
      this.#remarks.problem(rule.line, `${rule.text}: ${why}: it is left out`);
      return;
    }
    const all = family === 4 ? '0.0.0.0/0' : '::/0';
    this.nat.source.push({
      name: this.#names.unique(`nat-${rule.line}`),
      from: list(this.#zones.zones(box.in)),
      to: list(this.#zones.zones(box.out)),
      source: box.src === null ? all : this.#addresses(box.src, family),
      ...(box.dst === null ? {} : { destination: this.#addresses(box.dst, family) }),
      ...serviceValues(box, family),
      'translate-to': to,
      ...(random ? { ports: 'any' } : {}),
      description: `line ${rule.line}: ${rule.text}`.slice(0, 1000),
    });
  }

  #addresses(side: NonNullable<Box['src']>, family: 4 | 6): Value {
    const value = addressValue(side, family, this.#zones.notIn);
    return typeof value === 'object' && !Array.isArray(value) ? this.#zones.group(value) : value;
  }

  /** `to ADDRESS[:PORT]`, or by a map of ports or addresses. */
  #destinations(
    rule: Rule,
    boxes: readonly Box[],
    nodes: readonly Node[],
    family: 4 | 6,
    table: Table,
    left: (why: string) => void,
  ): void {
    const map = nodes.findIndex((node) => wordOf(node) === 'map');
    if (map < 0) {
      const to = target(nodes, family);
      if (to === undefined) return;
      if (to === null) left('no equivalent');
      else for (const box of boxes) this.#forward(rule, box, to, family, left);
      return;
    }
    const start = nodes.findIndex((node) => wordOf(node) === 'to') + 1;
    const selected = selectorAt(nodes, start);
    const selector = selected?.selector.kind === 'fields' ? selected.selector : null;
    const [field, more] = selector?.fields ?? [];
    const proto = rangesOf(
      (selector?.implied.protocols ?? []).map((one) => [BigInt(one), BigInt(one)] as const),
    );
    const named = wordOf(nodes[map + 1]);
    const literal = nodes[map + 1];
    const elements: readonly Element[] | undefined =
      literal?.kind === 'set' ? literal.elements : table.sets.get(named.slice(1))?.elements;
    if (
      field === undefined ||
      more !== undefined ||
      elements === undefined ||
      start + (selected?.length ?? 0) !== map
    ) {
      left('no equivalent');
      return;
    }
    for (const element of elements) {
      const part = this.#part(field, keyWords(element)[0] ?? '', family);
      const to = element.value === null ? null : target(element.value, family);
      if (to === undefined) continue;
      if (part === null || to === null) {
        left(`${textOf(element.key)} : ${textOf(element.value ?? [])}: no equivalent`);
        continue;
      }
      for (const box of boxes) {
        const both = intersect(box, {
          ...EVERYTHING,
          ...(proto.length === 0 ? {} : { proto }),
          ...part,
        });
        if (both !== null) this.#forward(rule, both, to, family, left);
      }
    }
  }

  #part(field: Field, word: string, family: 4 | 6): Partial<Box> | null {
    const ranges = numbersOf(word, field, family);
    if (ranges === null) return null;
    if (field === 'dst') return { dst: { set: ranges, inc: [], exc: [] } };
    return field === 'dport' ? { dport: ranges } : null;
  }

  #forward(
    rule: Rule,
    box: Box,
    to: { address: string; port: string | null },
    family: 4 | 6,
    left: (why: string) => void,
  ): void {
    const { sport, icmp, flags, dscp, mac, limits, out } = box;
    if (
      [sport === null ? null : wide(sport), icmp, flags, dscp, mac, out].some(
        (one) => one !== null,
      ) ||
      limits.length > 0
    ) {
      left('forwards have no such condition');
      return;
    }
    if (to.address.includes('-') || to.address.includes('/')) {
      left('a forward goes to one server');
      return;
    }
    const zones = this.#zones.zones(box.in);
    const at = this.#at(box, zones, family);
    if (at.length === 0) {
      left('a forward is for some addresses, not for all or very many');
      return;
    }
    if (box.dst === null)
      this.#remarks.problem(
        rule.line,
        `${rule.text}: it is for any destination that comes in there: taken for the interface’s own address`,
      );
    const services = serviceValues({ ...box, sport: null }, family);
    // A port that is the same needs none; a new one needs a service that has ports.
    if (to.port !== null && box.dport === null) {
      left('a new port for any port has no equivalent');
      return;
    }
    for (const one of at)
      this.nat.forwards.push({
        name: this.#names.unique(`nat-${rule.line}`),
        from: list(zones),
        at: one,
        ...services,
        ...(box.src === null ? {} : { source: this.#addresses(box.src, family) }),
        'translate-to': to.address,
        ...(to.port === null ? {} : { port: /^\d+$/.test(to.port) ? Number(to.port) : to.port }),
        description: `line ${rule.line}: ${rule.text}`.slice(0, 1000),
      });
  }

  /** Single addresses, or the interfaces that are named. */
  #at({ dst }: Box, zones: readonly string[] | null, family: 4 | 6): readonly string[] {
    if (dst === null) return zones ?? [];
    if (dst.set === null || dst.inc.length > 0 || dst.exc.length > 0) return [];
    const count = dst.set.reduce((sum, [low, high]) => sum + high - low + 1n, 0n);
    if (count > 64n) return [];
    return dst.set.flatMap(([low, high]) =>
      Array.from({ length: Number(high - low) + 1 }, (_, i) =>
        formatAddress({ family, value: low + BigInt(i) }),
      ),
    );
  }
}

const FLAGS = new Set(['random', 'fully-random', 'persistent', 'counter']);

/** Source ports that any client may have are no condition worth the name. */
function wide(ports: Ranges): Ranges | null {
  return intersectRanges(ports, [[1024n, 65535n]])[0]?.[1] === 65535n &&
    ports.some(([low]) => low <= 1024n)
    ? null
    : ports;
}

function list(names: readonly string[] | null): Value {
  if (names === null) return 'any';
  return names.length === 1 ? (names[0] as string) : names;
}

/**
 * `[ip|ip6] [to] ADDRESS[:PORT]`, `ADDRESS . PORT`: null where it is none, undefined for one of the
 * other family.
 */
function target(
  nodes: readonly Node[],
  family: 4 | 6,
): { address: string; port: string | null } | null | undefined {
  const words = nodes
    .map(wordOf)
    .filter((word) => !['to', 'ip', 'ip6', 'addr', 'port'].includes(word));
  if (nodes.some((node) => node.kind !== 'word') || words.length === 0) return null;
  const [first = '', dot, second] = words;
  let address = first;
  let port: string | null = null;
  const bracket = /^\[([^\]]+)\](?::(.+))?$/.exec(first);
  if (bracket !== null) [address, port] = [bracket[1] ?? '', bracket[2] ?? null];
  else if (/^[\d.]+(-[\d.]+)?:/.test(first)) {
    const colon = first.indexOf(':');
    [address, port] = [first.slice(0, colon), first.slice(colon + 1)];
  }
  if (dot === ':' || dot === '.') port = second ?? null;
  else if (words.length > 1) return null;
  if (numbersOf(address, 'dst', family) === null)
    return numbersOf(address, 'dst', family === 4 ? 6 : 4) === null ? null : undefined;
  if (port !== null && numbersOf(port, 'dport', family) === null) return null;
  return { address, port };
}
