// SPDX-License-Identifier: BSD-3-Clause
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { analyseRules, type RulePlace } from '../../../src/analysis/analyse.js';
import { decidesFor, effectOf } from '../../../src/analysis/rules.js';
import { IMPLICIT_POLICIES } from '../../../src/firewall/implicit.js';
import type { Policy, Rule } from '../../../src/firewall/model.js';
import {
  fate,
  fits,
  PACKETS,
  PAIRS,
  PLAIN_PACKETS,
  policies,
  rulesOf,
  ZONES,
} from '../../reference/rule-analysis.js';

const all = (list: readonly Policy[]) => [...IMPLICIT_POLICIES, ...list];

/** What becomes otherwise in some pair when rules go, in words. */
function changes(before: readonly Policy[], after: readonly Policy[]): string[] {
  for (const [from, to] of PAIRS) {
    const [one, two] = [before, after].map((list) => rulesOf(all(list), from, to));
    if (one!.length === two!.length) continue;
    const packets = one!.some((rule) => rule.extra !== null) ? PACKETS : PLAIN_PACKETS;
    for (const packet of packets) {
      const fates = [one!, two!].map((rules) => fate(rules, packet));
      if (fates[0] !== fates[1])
        return [`${from} -> ${to} ${JSON.stringify(packet)}: ${fates.join(' became ')}`];
    }
  }
  return [];
}

function without(list: readonly Policy[], gone: readonly RulePlace[]): Policy[] {
  return list.map((policy, p) => ({
    ...policy,
    rules: policy.rules.filter((_, i) => !gone.some((at) => at.policy === p && at.rule === i)),
  }));
}

const at = (list: readonly Policy[], { policy, rule }: RulePlace): Rule =>
  list[policy]!.rules[rule]!;

/** Whether a rule is tried for a packet in a pair. */
function asked(
  list: readonly Policy[],
  one: Rule,
): { pair: Rule[]; packet: (typeof PLAIN_PACKETS)[number] }[] {
  return PAIRS.flatMap(([from, to]) => {
    const pair = rulesOf(all(list), from, to);
    if (!pair.includes(one)) return [];
    return PLAIN_PACKETS.filter((packet) => fits(one, packet)).map((packet) => ({ pair, packet }));
  });
}

test('findings are true: what is named can go, alone or all together', () => {
  fc.assert(
    fc.property(policies, (list) => {
      const { findings, skipped } = analyseRules(list, ZONES, IMPLICIT_POLICIES);
      expect(skipped).toEqual([]);
      const needless = findings.filter(({ kind }) => kind !== 'any-any');
      if (needless.length === 0) return;
      for (const finding of needless)
        expect(changes(list, without(list, [finding.at]))).toEqual([]);
      const gone = needless.map((finding) => finding.at);
      expect(changes(list, without(list, gone))).toEqual([]);
    }),
    { numRuns: 120 },
  );
}, 120_000);

test('findings are all there are, of the right kind, with rules that explain them', () => {
  const seen = new Map<string, number>();
  fc.assert(
    fc.property(policies, (list) => {
      const { findings } = analyseRules(list, ZONES, IMPLICIT_POLICIES);
      const kinds = new Map<Rule, string>();
      for (const { kind, at: place } of findings) kinds.set(at(list, place), kind);
      for (const kind of kinds.values()) seen.set(kind, (seen.get(kind) ?? 0) + 1);
      const never = ['covered', 'shadowed', 'contradicts'];

      // Rules that never match, by trying all packets.
      const enabled = list.flatMap((policy) => policy.rules.filter((rule) => rule.enabled));
      const owner = new Map(list.flatMap((policy) => policy.rules.map((rule) => [rule, policy])));
      for (const rule of enabled) {
        const tries = asked(list, rule);
        const first = tries.map(({ pair, packet }) =>
          pair
            .slice(0, pair.indexOf(rule))
            .find((one) => decidesFor(one, rule) && fits(one, packet)),
        );
        const dead = tries.length > 0 && first.every((one) => one !== undefined);
        expect(never.includes(kinds.get(rule) ?? '')).toBe(dead);
        if (!dead) continue;
        const kind = kinds.get(rule);
        if (first.every((one) => one.action === rule.action)) expect(kind).toBe('covered');
        if (first.every((one) => one.action !== rule.action)) expect(kind).not.toBe('covered');
      }

      // Rules that later ones repeat, in order, as the first of them goes.
      const repeated = new Set<Rule>();
      const effect = (rule: Rule) => effectOf(rule, owner.get(rule) ?? IMPLICIT_POLICIES[0]!);
      for (const rule of enabled) {
        if (never.includes(kinds.get(rule) ?? '') || effect(rule) === null) continue;
        const tries = asked(list, rule);
        const alike = tries.every(({ pair, packet }) => {
          const place = pair.indexOf(rule);
          const stays = (one: Rule) => decidesFor(one, rule) && !repeated.has(one);
          if (pair.slice(0, place).some((one) => stays(one) && fits(one, packet))) return true;
          for (const one of pair.slice(place + 1)) {
            if (!fits(one, packet)) continue;
            if (effect(one) !== effect(rule)) return false;
            if (!never.includes(kinds.get(one) ?? '') && decidesFor(one, rule)) return true;
          }
          return false;
        });
        if (tries.length > 0 && alike) repeated.add(rule);
        expect(kinds.get(rule) === 'repeated').toBe(tries.length > 0 && alike);
      }

      // The rules that are named cover what they are named for.
      for (const { kind, at: place, by } of findings) {
        if (kind === 'any-any') continue;
        const rule = at(list, place);
        const named = by.map((one) =>
          one.policy < 0
            ? IMPLICIT_POLICIES.flatMap((policy) => policy.rules).find((r) => r.name === one.name)!
            : at(list, one),
        );
        if (kind === 'covered') expect(named.every((one) => one.action === rule.action)).toBe(true);
        if (kind === 'shadowed') expect(named.some((one) => one.action !== rule.action)).toBe(true);
        if (kind === 'contradicts') {
          const same = PLAIN_PACKETS.every(
            (packet) => fits(named[0]!, packet) === fits(rule, packet),
          );
          expect([named.length, same, named[0]!.action === rule.action]).toEqual([1, true, false]);
        }
        if (kind === 'repeated') continue;
        const implicit = IMPLICIT_POLICIES.flatMap((policy) => policy.rules);
        const causes = [...named, ...implicit];
        const explained = asked(list, rule).every(({ packet }) =>
          causes.some((one) => fits(one, packet)),
        );
        expect(explained).toBe(true);
      }
    }),
    { numRuns: 200 },
  );
  // The models are such that each kind occurs.
  expect([...seen.keys()].sort()).toEqual([
    'any-any',
    'contradicts',
    'covered',
    'repeated',
    'shadowed',
  ]);
}, 120_000);
