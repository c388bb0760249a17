// SPDX-License-Identifier: BSD-3-Clause
import type { Imported } from '../imported.js';
import { lastAddress } from '../shared/addresses.js';
import type { Space } from '../shared/box.js';
import type { Decision } from '../shared/decisions.js';
import { TooMuch } from '../shared/flatten.js';
import { Interfaces, MOST_INTERFACES } from '../shared/interfaces.js';
import { PolicyWriter, type BaseChain } from '../shared/policies.js';
import { Remarks } from '../shared/remarks.js';
import { addressTypes, standIns } from '../shared/stand-ins.js';
import { formatAddress } from '../../net/address.js';
import { rangesOf, type Range, type Ranges } from '../shared/ranges.js';
import { basesOf, decide, type Way } from './hooks.js';
import { mergeFamilies } from './merge.js';
import { NatReader } from './nat.js';
import { parseRuleset } from './parse.js';
import type { Ruleset, Source, Table } from './ruleset.js';
import type { Around } from './around.js';
import { addressesIn, marksIn, namesIn, translatesIn } from './scan.js';
import { Sets } from './sets.js';
import { writeNftables } from './write.js';

/** A rule file from what `nft list ruleset` prints, or from a file for `nft -f`. */
export function importNftables(text: string, source: Source = {}): Imported {
  const ruleset = parseRuleset(text, source);
  const remarks = new Remarks();
  for (const { line, message } of ruleset.problems) remarks.problem(line, message);
  const known = ruleset.tables.filter(({ family }) => ['ip', 'ip6', 'inet'].includes(family));
  const nothing = 'there is no table of ip, ip6 or inet in it';
  if (known.length === 0) {
    if (ruleset.tables.length === 0 && !ruleset.defines) return refused(nothing, remarks);
    remarks.problem(1, `${nothing}: nothing is allowed`);
  }
  otherTables(ruleset, remarks);
  const families = known.length === 0 ? [4 as const, 6 as const] : familiesOf(known);
  const { patterns, hints } = namesIn(ruleset);
  const interfaces = new Interfaces(patterns, hints);
  if (interfaces.left > 0)
    remarks.problem(
      1,
      `more than ${MOST_INTERFACES} interfaces: rules of ${interfaces.left} of them are left out`,
    );
  const sets = new Sets(
    interfaces.list.map(({ name }) => name),
    remarks,
  );
  const own = new Map<string, string[]>();
  const marks = marksIn(ruleset);
  const translated = translatesIn(ruleset);
  const decisions = new Map<Way, Decision[][]>();
  const nat = new NatReader(
    {
      zones: (bits) => (bits === null ? null : interfaces.of(bits).map(({ name }) => name)),
      group: (value) => sets.add('nat', value),
      notIn: (name) => sets.notIn(name),
    },
    remarks,
  );
  try {
    for (const family of families) {
      const site = siteOf(ruleset, interfaces, family);
      for (const [name, address] of site.addresses)
        own.set(name, [...(own.get(name) ?? []), address]);
      const space: Space = { interfaces: interfaces.all, lastAddress: lastAddress(family) };
      const around = (table: Table, key: string, hook: string): Around => ({
        family,
        space,
        table,
        interfaces: (pattern) => interfaces.bits(pattern),
        addressTypes: site.types,
        group: (set, of) => sets.group(set, of, family),
        marks,
        routed: hook !== 'prerouting' && hook !== 'input',
        translated,
        remarks,
        key,
      });
      for (const way of known.length === 0 ? [] : (['INPUT', 'FORWARD', 'OUTPUT'] as const)) {
        // What nothing filters needs no list at all on the way out.
        if (way === 'OUTPUT' && basesOf(ruleset, family, way).length === 0) continue;
        const made = decide(ruleset, way, around, family, space, remarks);
        if (typeof made === 'string') return refused(made, remarks);
        decisions.set(way, [...(decisions.get(way) ?? []), made]);
      }
      nat.read(ruleset, family, around);
    }
  } catch (error) {
    if (!(error instanceof TooMuch)) throw error;
    return refused(error.message, remarks);
  }
  for (const one of (decisions.get('OUTPUT') ?? []).flat())
    if (!one.allow)
      remarks.problem(
        one.rule?.line ?? 1,
        'output: what the appliance itself sends is always allowed: this denies nothing',
      );
  const [only] = families;
  const both = families.length > 1;
  const writer = new PolicyWriter(interfaces, only ?? 4, (name) => sets.notIn(name));
  const policies = writer.write(
    (['INPUT', 'FORWARD'] as const).map((name): BaseChain => {
      const [first = [], second = []] = decisions.get(name) ?? [];
      return { name, verdict: '', decisions: both ? mergeFamilies(first, second) : first };
    }),
  );
  const rules = policies.reduce((sum, policy) => sum + policy.rules.length, 0);
  const written = writeNftables({
    policies,
    interfaces,
    own,
    sets,
    nat: nat.nat,
    families,
    remarks,
  });
  return { text: written, rules, problems: remarks.problems() };
}

function refused(why: string, remarks: Remarks): Imported {
  return { text: '', rules: 0, problems: remarks.problems(), refused: why };
}

function familiesOf(tables: readonly Table[]): (4 | 6)[] {
  const has = (...names: string[]): boolean => tables.some(({ family }) => names.includes(family));
  // Translation of one family beside filters of both is no reason to leave one out.
  return [...(has('ip', 'inet') ? [4 as const] : []), ...(has('ip6', 'inet') ? [6 as const] : [])];
}

function otherTables({ tables }: Ruleset, remarks: Remarks): void {
  for (const { family, name, line, chains } of tables) {
    if (['ip', 'ip6', 'inet'].includes(family)) {
      for (const chain of chains.values())
        if (chain.hook === 'ingress' || chain.hook === 'egress')
          for (const rule of chain.rules)
            remarks.problem(
              rule.line,
              `${chain.hook} of an interface has no equivalent: it is left out`,
            );
      continue;
    }
    remarks.problem(line, `a table of ${family} has no equivalent: ${name} is left out`);
    for (const chain of chains.values())
      for (const rule of chain.rules)
        remarks.problem(rule.line, `a table of ${family} has no equivalent: it is left out`);
  }
}

/** Stand-ins for what a ruleset does not say of the box it is from. */
function siteOf(
  ruleset: Ruleset,
  interfaces: Interfaces,
  family: 4 | 6,
): { addresses: Map<string, string>; types: Map<string, Ranges> } {
  const named = rangesOf([...addressesIn(ruleset, family)]);
  const subnets = standIns(named, interfaces.list.length, family);
  const addresses = new Map<string, string>();
  const own: Range[] = [];
  const broadcast: Range[] = family === 4 ? [[0xffffffffn, 0xffffffffn]] : [];
  for (const [i, { name }] of interfaces.list.entries()) {
    const { base, length } = subnets(i);
    addresses.set(name, `${formatAddress({ family, value: base + 1n })}/${length}`);
    own.push([base + 1n, base + 1n]);
    const last = base | ((1n << BigInt(32 - Math.min(length, 32))) - 1n);
    if (family === 4) broadcast.push([last, last]);
  }
  return { addresses, types: addressTypes(own, broadcast, family) };
}
