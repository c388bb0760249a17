// SPDX-License-Identifier: BSD-3-Clause
import type { Around, Conditions } from './conditions.js';
import type { Remarks } from './remarks.js';
import type { Rule } from './rule.js';

/** What is known of a rule before its conditions are. */
export type RuleBase = Pick<Rule, 'chain' | 'number' | 'line' | 'text' | 'comment' | 'target'>;

/** The rule that conditions come to; `say` hears what cannot be taken over. */
export function outcomeOf(
  base: RuleBase,
  to: Conditions<Around>,
  problem: string | null,
  say: (message: string) => void,
  remarks: Remarks,
): Rule {
  const { line, target } = base;
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
  if (problem !== null) say(problem);
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
