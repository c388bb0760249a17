// SPDX-License-Identifier: BSD-3-Clause
import type { Policy, Rule } from '../firewall/model.js';
import { Book, type Entry } from './book.js';
import { Budget } from './budget.js';
import { policyLists } from './pairs.js';
import { needlessRules, type Finding } from './reach.js';
import { conditional } from './rules.js';

/** Steps of a few nanoseconds that all rules together may take. */
const STEPS_ALL = 1_000_000_000;

/** A rule by the places of its policy and itself in the model; policy -1 is none of the file. */
export interface RulePlace {
  readonly policy: number;
  readonly rule: number;
  readonly name: string;
}

export interface RuleFinding {
  readonly kind: Finding['kind'] | 'any-any';
  readonly at: RulePlace;
  readonly by: readonly (RulePlace & { readonly action: Rule['action'] })[];
}

export interface Analysis {
  /** In the order of the rules. */
  readonly findings: readonly RuleFinding[];
  readonly skipped: readonly RulePlace[];
}

/**
 * What can be said about rules among themselves, exactly, over all addresses, protocols and ports.
 * `implicit` policies are asked before those of the file.
 */
export function analyseRules(
  policies: readonly Policy[],
  zones: readonly string[],
  implicit: readonly Policy[],
): Analysis {
  const all = [...implicit, ...policies];
  const book = new Book(all);
  const place = ({ policy, index, rule: { name } }: Entry): RulePlace => ({
    policy: Math.max(-1, policy - implicit.length),
    rule: index,
    name,
  });
  const lists = policyLists(all, zones);
  const reach =
    lists === null
      ? { findings: [], skipped: book.entries.slice(implicit.length).flat() }
      : needlessRules(book, lists, implicit.length, new Budget(STEPS_ALL));
  const found = new Map(reach.findings.map((finding) => [finding.entry, finding]));
  const findings = book.entries.slice(implicit.length).flatMap((entries, p) =>
    entries.flatMap((entry): RuleFinding[] => {
      const at = place(entry);
      const finding = found.get(entry);
      if (finding !== undefined) {
        const by = finding.by.map((one) => ({ ...place(one), action: one.rule.action }));
        return [{ kind: finding.kind, at, by }];
      }
      return isAnyAny(entry.rule, policies[p] as Policy) ? [{ kind: 'any-any', at, by: [] }] : [];
    }),
  );
  return { findings, skipped: reach.skipped.map(place) };
}

/**
 * An allow that names nothing, between different zones. What a condition narrows, and what stays
 * within a zone, is left alone; so is the appliance's own traffic, which is allowed anyway.
 */
function isAnyAny(rule: Rule, { from, to }: Policy): boolean {
  if (rule.action !== 'allow' || conditional(rule)) return false;
  if (rule.source !== null || rule.destination !== null || rule.service !== null) return false;
  const outside = from.filter((zone) => zone !== 'local');
  const [only] = outside;
  const within = outside.length === 1 && only !== 'any' && to.every((zone) => zone === only);
  return outside.length > 0 && !within;
}
