// SPDX-License-Identifier: BSD-3-Clause
import { analyseRules, type RuleFinding, type RulePlace } from '../../analysis/analyse.js';
import type { Code } from '../../diagnostics/codes.js';
import type { Span } from '../../diagnostics/collect.js';
import { oneOf } from '../../diagnostics/text.js';
import { implicitPolicies } from '../../firewall/implicit.js';
import type { Action, Policy } from '../../firewall/model.js';
import type { ResolvedPolicy } from '../../firewall/resolve.js';
import type { Zone } from '../../interfaces/model.js';
import { peersOf, type Tunnel } from '../../vpn/model.js';
import type { Context } from '../../rulefile/context.js';

/** Rules that are named as the cause of a finding. */
const MOST_CAUSES = 20;
/** Stretches of rules that are named as not analysed. */
const MOST_STRETCHES = 1000;

const CODE_OF = {
  shadowed: 'rule-shadowed',
  contradicts: 'rule-contradicts',
  covered: 'rule-redundant',
  repeated: 'rule-redundant',
  'any-any': 'rule-any-any',
} as const satisfies Record<RuleFinding['kind'], Code>;

const DOES = { allow: 'allows', deny: 'denies', reject: 'rejects' } as const satisfies Record<
  Action,
  string
>;

/** Compares rules with each other: those that never match, change nothing or allow everything. */
export function checkAnalysis(
  policies: readonly ResolvedPolicy[],
  tunnels: readonly Tunnel[],
  zones: readonly Zone[],
  context: Context,
): void {
  const model = policies.map((one) => one.policy);
  const { findings, skipped } = analyseRules(
    model,
    zones.map(({ name }) => name),
    implicitPolicies(tunnels.length > 0, peersOf(tunnels)),
  );
  const span = ({ policy, rule }: RulePlace): Span =>
    context.at(policies[policy]?.rules[rule]?.config as object, 'name');
  const name = ({ policy, name: own }: RulePlace): string =>
    policy < 0 ? `the built-in rule '${own}'` : `'${model[policy]?.name ?? ''}/${own}'`;
  for (const finding of findings) {
    const policy = model[finding.at.policy] as Policy;
    const action = (policy.rules[finding.at.rule] as Policy['rules'][number]).action;
    const causes = finding.by
      .filter((cause) => cause.policy >= 0)
      .sort((a, b) => a.policy - b.policy || a.rule - b.rule);
    context.report(
      CODE_OF[finding.kind],
      span(finding.at),
      messageOf(finding, policy, action, name),
      {
        finding: true,
        related: causes.slice(0, MOST_CAUSES).map((cause) => ({
          span: span(cause),
          message: `${WORD_OF[finding.kind]} by ${name(cause)}, which ${DOES[cause.action]} it`,
        })),
      },
    );
  }
  if (skipped.length > 0) tellSkipped(skipped, name, span, context);
}

const WORD_OF = {
  shadowed: 'shadowed',
  contradicts: 'contradicted',
  covered: 'covered',
  repeated: 'repeated',
  'any-any': '',
} as const satisfies Record<RuleFinding['kind'], string>;

function messageOf(
  { kind, at, by }: RuleFinding,
  policy: Policy,
  action: Action,
  name: (place: RulePlace) => string,
): string {
  const rule = `rule ${name(at)}`;
  if (kind === 'any-any')
    return `${rule} allows everything from ${oneOf(policy.from)} to ${oneOf(policy.to)}`;
  const [first] = by;
  const one = by.length === 1 && first !== undefined ? first : null;
  const where = kind === 'repeated' ? 'after' : 'before';
  // What the appliance decides by itself has no place in the file.
  const who = one === null ? `${by.length} rules` : name(one);
  const cause = one !== null && one.policy < 0 ? who : `${who} ${where} it`;
  switch (kind) {
    case 'contradicts':
      return `${rule} ${DOES[action]} what ${cause} ${one === null ? 'decide' : DOES[one.action]}, with the same match, so it never matches`;
    case 'shadowed':
      return one === null
        ? `${rule} never matches: ${cause} decide all it would, not all as it does`
        : `${rule} never matches: ${cause} ${DOES[one.action]} all that it ${DOES[action]}`;
    case 'covered':
      return `${rule} never matches: ${cause} ${one === null ? action : DOES[action]} all of it already`;
    case 'repeated':
      return `${rule} changes nothing: ${cause} ${one === null ? action : DOES[action]} all that is left to it as well`;
  }
}

/** One diagnostic for all that were left out, which names them by stretches. */
function tellSkipped(
  skipped: readonly RulePlace[],
  name: (place: RulePlace) => string,
  span: (place: RulePlace) => Span,
  context: Context,
): void {
  const stretches: [RulePlace, RulePlace, number][] = [];
  for (const place of skipped) {
    const last = stretches.at(-1);
    if (last?.[1].policy === place.policy && last[1].rule + 1 === place.rule) {
      last[1] = place;
      last[2]++;
    } else stretches.push([place, place, 1]);
  }
  const [first] = skipped;
  if (first === undefined) return;
  const count = skipped.length;
  const message = `${count} rule${count === 1 ? ' was' : 's were'} not compared with the others: that takes more work than allowed`;
  context.report('rule-not-analysed', span(first), message, {
    finding: true,
    related: stretches.slice(0, MOST_STRETCHES).map(([from, to, rules]) => ({
      span: span(from),
      message:
        rules === 1
          ? `not analysed: ${name(from)}`
          : `not analysed: ${name(from)} to ${name(to)}, ${rules} rules`,
    })),
  });
}
