// SPDX-License-Identifier: BSD-3-Clause
import type { FlowOutcome, FlowsTold } from '../daemon/api/flows.js';
import type {
  ChangedRule,
  EndedBy,
  ExampleSession,
  Previewed,
  RuleChanges,
} from '../daemon/api/types.js';

const SIGNS = [
  ['added', '+'],
  ['removed', '-'],
  ['changed', '~'],
  ['moved', '>'],
] as const satisfies readonly (readonly [keyof RuleChanges, string])[];

/** Rules of a kind that are named; further ones are counted. */
const MOST_NAMED = 50;

/** What an apply would do, for people. */
export function previewText({ changed, rules, sessions, ended_by, flows }: Previewed): string {
  if (!changed) return 'preview: nothing would change';
  const counts = SIGNS.map(([kind]) => `${rules[kind].length} ${kind}`);
  return [
    `preview: rules: ${counts.join(', ')}`,
    ...SIGNS.flatMap(([kind, sign]) => named(rules[kind], sign)),
    `sessions: ${sessions.kept} would stay, ${sessions.ended} would end`,
    ...ended_by.flatMap(ended),
    ...(flows === undefined ? [] : flowLines(flows)),
  ].join('\n');
}

/** Flows that are told; further ones are counted. */
const MOST_FLOWS_TOLD = 30;

function flowLines({ flows, seen, unplaced, changed }: FlowsTold): string[] {
  const verdicts = changed.filter(({ before, after }) => before.verdict !== after.verdict);
  const others = changed.length - verdicts.length;
  const more = changed.length - MOST_FLOWS_TOLD;
  return [
    `flows: of ${flows} (seen ${seen} times) ${verdicts.length} would get another verdict, ${others} another rule or way`,
    ...(unplaced === 0 ? [] : [`  ${unplaced} enter by no interface of what runs`]),
    ...changed
      .slice(0, MOST_FLOWS_TOLD)
      .flatMap(({ packet, count, before, after }) => [
        `  ${count} x ${packet}`,
        `    - ${outcome(before)}`,
        `    + ${outcome(after)}`,
      ]),
    ...(more > 0 ? [`  ${more} more`] : []),
  ];
}

function outcome({ verdict, rule, file, line, out, reason }: FlowOutcome): string {
  const place = file === null ? '' : ` (${file}:${line ?? 0})`;
  const end =
    out !== null ? `, out ${out}` : reason === null || reason === rule ? '' : `, ${reason}`;
  return `${verdict} by ${rule}${place}${end}`;
}

function named(rules: readonly ChangedRule[], sign: string): string[] {
  const lines = rules.slice(0, MOST_NAMED).map((rule) => `  ${sign} ${place(rule)}`);
  const more = rules.length - lines.length;
  return more > 0 ? [...lines, `  ${sign} ${more} more`] : lines;
}

function ended(by: EndedBy): string[] {
  return [`  ${place(by)}: ${by.count}`, ...by.examples.map((one) => `    ${session(one)}`)];
}

function place({
  policy,
  rule,
  file,
  line,
}: Omit<ChangedRule, 'policy'> & { policy: string | null }) {
  const name = policy === null ? rule : `${policy}/${rule}`;
  return file === null ? name : `${name} (${file}:${line ?? 0})`;
}

function session(one: ExampleSession): string {
  const from = endpoint(one.source, one.source_port);
  const to = endpoint(one.destination, one.destination_port);
  return `${one.protocol} ${from} > ${to}, ${one.in} > ${one.out}: ${one.decided_by}`;
}

function endpoint(address: string, port: number): string {
  return address.includes(':') ? `[${address}]:${port}` : `${address}:${port}`;
}
