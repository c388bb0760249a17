// SPDX-License-Identifier: BSD-3-Clause
import { Names, nameOf } from '../shared/naming.js';
import type { Keys, PolicyText } from '../shared/policies.js';
import type { Remarks } from '../shared/remarks.js';
import { oneOrList } from '../shared/values.js';
import { printable } from '../shared/yaml.js';
import type { Entry } from './acl.js';
import type { Iface } from './interfaces.js';
import type { Side } from './objects.js';
import { bothServices, serviceTexts } from './services.js';
import { addressTexts, intersectAddresses, isNobody } from './spans.js';

/** Where access lists stand. */
export interface Bound {
  readonly in: ReadonlyMap<string, readonly Entry[]>;
  readonly out: ReadonlyMap<string, readonly Entry[]>;
  readonly global: readonly Entry[] | null;
  /** `same-security-traffic permit`: between interfaces of one level, and back out of one. */
  readonly sameLevel: boolean;
  readonly hairpin: boolean;
}

export const MOST_MULTIPLIED = 100_000;
const LONGEST_TEXT = 1000;

/** Writes what the lists and levels come to as policies between zones. */
export class PolicyWriter {
  readonly #schedules: ReadonlyMap<string, string | null>;
  readonly #remarks: Remarks;
  readonly #names = new Names();

  /** `schedules`: names by `time-range`, null for those that none can say. */
  constructor(schedules: ReadonlyMap<string, string | null>, remarks: Remarks) {
    this.#schedules = schedules;
    this.#remarks = remarks;
  }

  /** Policies of what goes through the box. */
  through(ifaces: readonly Iface[], bound: Bound): PolicyText[] {
    const lists = new Map<readonly Entry[], Iface[]>();
    const joined = new Map<readonly Entry[] | undefined, readonly Entry[]>();
    const policies: PolicyText[] = [];
    for (const from of ifaces) {
      const own = bound.in.get(from.zone);
      const list =
        joined.get(own) ?? (bound.global === null ? own : [...(own ?? []), ...bound.global]);
      if (list === undefined) continue;
      // Lists that several interfaces have stay one.
      joined.set(own, list);
      lists.set(list, [...(lists.get(list) ?? []), from]);
      const closed = ifaces.filter((to) => !this.#mayPass(from, to, bound));
      if (closed.length > 0) policies.push(this.#closed(from, closed));
    }
    for (const [list, from] of lists) {
      const name = listName(list, from);
      for (const to of ifaces.filter(({ zone }) => bound.out.has(zone))) {
        const both = this.#both(list, bound.out.get(to.zone) ?? [], to);
        policies.push(this.#policy(`${name}-${to.zone}`, from, [to], both));
      }
      const free = ifaces.filter(({ zone }) => !bound.out.has(zone));
      if (free.length > 0)
        policies.push(this.#policy(name, from, free.length === ifaces.length ? null : free, list));
    }
    return [...policies, ...this.#byLevel(ifaces, bound)].filter(({ rules }) => rules.length > 0);
  }

  /** A list that stands nowhere: it is kept, but does nothing. */
  unused(name: string, list: readonly Entry[]): PolicyText {
    return {
      keys: {
        name: this.#names.unique(nameOf(name) || 'acl'),
        from: 'any',
        to: 'any',
        enabled: false,
        description: `The access list ${printable(name)} stands at no interface.`,
      },
      rules: this.rules(list),
    };
  }

  /** What comes to the box itself. */
  local(name: string, zone: string, rules: readonly Keys[]): PolicyText {
    return { keys: { name: this.#names.unique(name), from: zone, to: 'local' }, rules };
  }

  rules(list: readonly Entry[]): Keys[] {
    const names = new Names();
    return list.flatMap((entry) => this.#rules(entry, names));
  }

  #mayPass(from: Iface, to: Iface, { sameLevel, hairpin }: Bound): boolean {
    if (from === to) return hairpin;
    return from.level !== to.level || sameLevel;
  }

  #closed(from: Iface, to: readonly Iface[]): PolicyText {
    const why = 'Needs same-security-traffic permit, whatever access lists say.';
    return {
      keys: { name: this.#names.unique(`${from.zone}.same-level`), ...zones([from], to) },
      rules: [{ name: 'same-security-traffic', action: 'deny', description: why }],
    };
  }

  /** Without a list at the way in, to lower levels all may go. */
  #byLevel(ifaces: readonly Iface[], bound: Bound): PolicyText[] {
    if (bound.global !== null) return [];
    return ifaces.flatMap((from) => {
      if (bound.in.has(from.zone)) return [];
      const lower = ifaces.filter((to) => this.#mayPass(from, to, bound) && to.level <= from.level);
      const policies = lower
        .filter(({ zone }) => bound.out.has(zone))
        .map((to) =>
          this.#policy(`${from.zone}-${to.zone}`, [from], [to], bound.out.get(to.zone) ?? []),
        );
      const free = lower.filter(({ zone }) => !bound.out.has(zone));
      if (free.length === 0) return policies;
      const description = `Security level ${from.level}: what is not higher is open, as there is no access list.`;
      const rule = { name: 'security-level', action: 'allow', description };
      const name = this.#names.unique(`${from.zone}.level`);
      return [...policies, { keys: { name, ...zones([from], free) }, rules: [rule] }];
    });
  }

  #policy(
    name: string,
    from: readonly Iface[],
    to: readonly Iface[] | null,
    list: readonly Entry[],
  ): PolicyText {
    return {
      keys: { name: this.#names.unique(nameOf(name) || 'acl'), ...zones(from, to) },
      rules: this.rules(list),
    };
  }

  /** What both lists let through: the first match of each decides, and one denial is enough. */
  #both(list: readonly Entry[], out: readonly Entry[], to: Iface): readonly Entry[] {
    const result: Entry[] = [];
    for (const one of list) {
      if (!one.permit) {
        result.push(one);
        continue;
      }
      if (!one.active) continue;
      for (const other of out) {
        if (!other.active) continue;
        const entry = this.#meet(one, other);
        if (entry !== null) result.push(entry);
        if (result.length > MOST_MULTIPLIED) {
          this.#remarks.problem(
            other.line,
            `with the lists at the way in, ${other.acl} comes to more than ${MOST_MULTIPLIED.toLocaleString('en-US')} rules: what goes out of ${to.zone} is denied`,
          );
          return [];
        }
      }
    }
    return result;
  }

  #meet(one: Entry, other: Entry): Entry | null {
    const source = this.#meetSides(one.source, other.source, other);
    const destination = this.#meetSides(one.destination, other.destination, other);
    const services = one.services.flatMap((a) =>
      other.services.flatMap((b) => bothServices(a, b) ?? []),
    );
    if (source === null || destination === null || services.length === 0) return null;
    if (one.timeRange !== null && other.timeRange !== null && one.timeRange !== other.timeRange) {
      this.#remarks.problem(
        other.line,
        'two times meet in this entry: it only denies, at all times',
      );
      if (other.permit) return null;
    }
    return {
      ...other,
      acl: one.acl,
      number: one.number,
      text: `${one.text} + line ${other.line}: ${other.text}`,
      line: one.line,
      source,
      destination,
      services,
      log: one.log || other.log,
      timeRange: one.timeRange ?? other.timeRange,
      remark: one.remark,
    };
  }

  #meetSides(a: Side, b: Side, { line, permit }: Entry): Side | null {
    if (a.set === null) return b;
    if (b.set === null || JSON.stringify(a.value) === JSON.stringify(b.value)) return a;
    if (a.open || b.open) {
      this.#remarks.problem(
        line,
        'what is to be filled in meets another list here: the entry only denies',
      );
      return permit ? null : a;
    }
    const set = intersectAddresses(a.set, b.set);
    if (isNobody(set)) return null;
    return { value: oneOrList(addressTexts(set)) as string | readonly string[], set, open: false };
  }

  /** One rule, or one for each list of source ports. */
  #rules(entry: Entry, names: Names): Keys[] {
    const { permit, source, destination, services, timeRange } = entry;
    const schedule = timeRange === null ? undefined : this.#schedules.get(timeRange);
    if (timeRange !== null && (schedule === undefined || schedule === null)) {
      const why = schedule === null ? 'has no equivalent' : 'is not in the file';
      const then = permit ? 'the entry is left out' : 'the entry denies at all times';
      this.#remarks.problem(entry.line, `time-range ${timeRange} ${why}: ${then}`);
      if (permit) return [];
    }
    const place = `line ${entry.line}: ${entry.text}`;
    const text = entry.remark === null ? place : `${entry.remark} (${place})`;
    return serviceTexts(services).map(({ services: list, sourcePorts }) => ({
      name: names.unique(`${nameOf(entry.acl, 45) || 'acl'}-${entry.number}`),
      ...(source.value === null ? {} : { source: source.value }),
      ...(destination.value === null ? {} : { destination: destination.value }),
      ...(list === null ? {} : { service: oneOrList(list) }),
      ...(sourcePorts === null ? {} : { 'source-port': oneOrList(sourcePorts) }),
      action: permit ? 'allow' : 'deny',
      ...(typeof schedule === 'string' ? { schedule } : {}),
      ...(entry.log ? { log: true } : {}),
      ...(entry.active ? {} : { enabled: false }),
      description: printable(text).slice(0, LONGEST_TEXT),
    }));
  }
}

function zones(from: readonly Iface[], to: readonly Iface[] | null) {
  return {
    from: oneOrList(from.map(({ zone }) => zone)),
    to: to === null ? 'any' : oneOrList(to.map(({ zone }) => zone)),
  };
}

function listName(list: readonly Entry[], from: readonly Iface[]): string {
  return list[0]?.acl ?? from[0]?.zone ?? 'acl';
}
