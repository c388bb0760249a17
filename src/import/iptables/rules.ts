// SPDX-License-Identifier: BSD-3-Clause
import { Conditions, type Surroundings } from './conditions.js';
import type { RuleLine, Table } from './dump.js';
import { readMatches } from './matches.js';
import { parseOptions } from './options.js';
import type { Remarks } from '../shared/remarks.js';
import type { Chain, Rule } from '../shared/rule.js';
import { readTarget } from './targets.js';

/** Reads the rules of all chains; `remarks` hears what cannot be taken over. */
export function readChains(
  table: Table,
  around: Surroundings,
  remarks: Remarks,
): Map<string, Chain> {
  const chains = new Map<string, Chain>();
  const known = { has: (name: string) => table.chains.get(name)?.declared === true };
  for (const [name, { line, policy, rules }] of table.chains) {
    const read = rules.map((rule, i) => readRule(name, i + 1, rule, around, known, remarks));
    chains.set(name, { name, line, policy, rules: read });
  }
  return chains;
}

function readRule(
  chain: string,
  number: number,
  { line, text, words }: RuleLine,
  around: Surroundings,
  known: { has(name: string): boolean },
  remarks: Remarks,
): Rule {
  const parts = parseOptions(words);
  const to = new Conditions(around, line);
  readMatches(parts, to);
  const { target, problem } = readTarget(parts, known);
  const say = (message: string): void => remarks.later(chain, line, message);
  const base = { chain, number, line, text, comment: to.comment, target };
  const nothing = { ...base, boxes: [], skips: [], over: null, partly: false };
  if (to.states !== null && !to.states.has('NEW')) {
    const denies = target.kind === 'deny' && !onlyInvalid(to.states);
    if (denies) say('packets of a session follow the rule that opened it: this denies none');
    else remarks.note(onlyInvalid(to.states) ? 'invalid' : 'sessions', line);
    return nothing;
  }
  if (to.never !== null) {
    if (to.never === 'other') say(`${to.neverWhy}: the rule is left out`);
    else remarks.note(to.never, line);
    return nothing;
  }
  // What only keeps a list is told once.
  if (problem !== null && (parts.target !== null || to.remarks.length === 0)) say(problem);
  for (const remark of to.remarks) say(remark);
  const partly = to.unknown.length > 0;
  if (partly && target.kind !== 'pass') say(`${to.unknown.join(', ')}: ${OUTCOMES[target.kind]}`);
  return { ...base, boxes: to.boxes, skips: to.skips, over: to.over, partly };
}

const OUTCOMES = {
  accept: 'no equivalent, so the rule lets nothing in',
  deny: 'no equivalent, so the rule denies without this condition',
  return: 'no equivalent, so what either way denies is denied',
  chain: 'no equivalent, so the chain only denies',
  log: 'no equivalent, so the rule logs nothing',
} as const;

function onlyInvalid(states: ReadonlySet<string>): boolean {
  return [...states].every((state) => state === 'INVALID' || state === 'UNTRACKED');
}
