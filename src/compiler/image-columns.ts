// SPDX-License-Identifier: BSD-3-Clause
import type { Rule } from '../firewall/model.js';
import type { Before } from '../rulefile/lists.js';
import { CONSTANTS } from '../tables/layout.js';
import type { Text } from '../tables/section.js';
import { ruleFlags } from './image-extras.js';
import { meaningOf, type Content, type SetMemory } from './image-sets.js';

const ACTIONS = {
  allow: CONSTANTS.ACTION_ALLOW,
  deny: CONSTANTS.ACTION_DENY,
  reject: CONSTANTS.ACTION_REJECT,
} as const;

/** In the place of the action of a rule that is left out. */
export const DISABLED = 0xffff_ffff;

/** What the image takes of the rules of a policy, each a row: the same as long as they are. */
export interface RuleColumns {
  readonly names: readonly Text[];
  readonly sources: readonly (Content | null)[];
  readonly destinations: readonly (Content | null)[];
  readonly services: readonly (Content | null)[];
  /** Action and flags as the image has them, or DISABLED. */
  readonly actions: Uint32Array;
  /** What they match and do, beside their extras, as words for the hash of the policy. */
  readonly meaning: Uint32Array;
  /** Where the words of each end. */
  readonly ends: Uint32Array;
  /** Whether any has extras. */
  readonly extras: boolean;
}

export function columnsOf(rules: readonly Rule[], memory: SetMemory): RuleColumns {
  const before = memory.rules.find(rules);
  if (before?.from === rules.length && before.count === rules.length) return before.made;
  const { from = 0, rest = 0 } = before ?? {};
  const made = written(rules.slice(from, rules.length - rest), memory);
  const columns = before === null ? made : between(before, made);
  memory.rules.keep(rules, columns);
  return columns;
}

function written(rules: readonly Rule[], memory: SetMemory): RuleColumns {
  const sources = rules.map(({ source }) => memory.source(source));
  const destinations = rules.map(({ destination }) => memory.source(destination));
  const services = rules.map(({ service }) => memory.service(service));
  const actions = Uint32Array.from(rules, (rule) =>
    rule.enabled ? ACTIONS[rule.action] | (ruleFlags(rule) << 8) : DISABLED,
  );
  const meaning: number[] = [];
  const ends = Uint32Array.from(rules, ({ enabled }, i) => {
    if (enabled) {
      meaning.push(actions[i] as number);
      for (const column of [sources, destinations, services])
        for (const word of meaningOf(column[i] ?? null)) meaning.push(word);
    }
    return meaning.length;
  });
  return {
    names: rules.map(({ name }) => memory.texts.of(name)),
    sources,
    destinations,
    services,
    actions,
    meaning: Uint32Array.from(meaning),
    ends,
    extras: rules.some(({ enabled, extra }) => enabled && extra !== null),
  };
}

/** The rows that stayed, with others between. */
function between(
  { made: old, from, rest, count }: Before<RuleColumns>,
  made: RuleColumns,
): RuleColumns {
  const last = count - rest;
  const head = from === 0 ? 0 : (old.ends[from - 1] as number);
  const tail = last === 0 ? 0 : (old.ends[last - 1] as number);
  const middle = head + made.meaning.length;
  const list = <T>(a: readonly T[], b: readonly T[]): T[] =>
    a.slice(0, from).concat(b, a.slice(last));
  return {
    names: list(old.names, made.names),
    sources: list(old.sources, made.sources),
    destinations: list(old.destinations, made.destinations),
    services: list(old.services, made.services),
    actions: joined(old.actions.subarray(0, from), made.actions, old.actions.subarray(last)),
    meaning: joined(old.meaning.subarray(0, head), made.meaning, old.meaning.subarray(tail)),
    ends: joined(
      old.ends.subarray(0, from),
      made.ends.map((end) => head + end),
      old.ends.subarray(last).map((end) => end - tail + middle),
    ),
    // Once there were some, each image looks.
    extras: old.extras || made.extras,
  };
}

function joined(...parts: readonly Uint32Array[]): Uint32Array {
  const all = new Uint32Array(parts.reduce((sum, { length }) => sum + length, 0));
  let at = 0;
  for (const part of parts) {
    all.set(part, at);
    at += part.length;
  }
  return all;
}
