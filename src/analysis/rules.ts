// SPDX-License-Identifier: BSD-3-Clause
import { isConditional, NO_EXTRA, type Policy, type Rule } from '../firewall/model.js';

/** Whether a rule may pass by a packet that its addresses and service fit. */
export function conditional(rule: Rule): boolean {
  return isConditional(rule);
}

/** Whether `other` decides every packet that `rule` would, as far as conditions go. */
export function decidesFor(other: Rule, rule: Rule): boolean {
  if (!conditional(other)) return true;
  const theirs = other.extra ?? NO_EXTRA;
  const mine = rule.extra ?? NO_EXTRA;
  return (
    theirs.limit?.over !== 'next' &&
    within(mine.sourceMacs, theirs.sourceMacs) &&
    within(mine.in, theirs.in) &&
    within(mine.out, theirs.out) &&
    (theirs.tcpFlags === null ||
      JSON.stringify(mine.tcpFlags) === JSON.stringify(theirs.tcpFlags)) &&
    (theirs.dscp === null || (mine.dscp !== null && (mine.dscp & ~theirs.dscp) === 0n)) &&
    (theirs.schedule === null || mine.schedule === theirs.schedule) &&
    (theirs.forward === null || mine.forward === theirs.forward) &&
    (theirs.balancer === null || mine.balancer === theirs.balancer)
  );
}

/**
 * What a rule does to a packet it decides, as text: equal texts do alike. null is like no other: a
 * limit counts for its rule alone.
 */
export function effectOf(rule: Rule, policy: Policy): string | null {
  const { limit, rejectWith, setDscp, setMss, logRate, helper } = rule.extra ?? NO_EXTRA;
  if (limit !== null) return null;
  const answer = rule.action === 'reject' ? rejectWith : '';
  const log = [rule.log, rule.logEnd, logRate];
  const session = [rule.stateless, rule.midstream, policy.keepEstablished, setDscp, setMss, helper];
  return JSON.stringify([rule.action, answer, log, session]);
}

/** Whether a condition of `mine` is one of `theirs` too; an empty list is no condition. */
function within<T>(mine: readonly T[], theirs: readonly T[]): boolean {
  return theirs.length === 0 || (mine.length > 0 && mine.every((one) => theirs.includes(one)));
}
