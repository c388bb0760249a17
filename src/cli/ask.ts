// SPDX-License-Identifier: BSD-3-Clause
import { parseArgs } from 'node:util';
import { answerQuestion, type Answer, type Part } from '../analysis/ask/answer.js';
import { FORMS, parseQuestion, QuestionError } from '../analysis/ask/question.js';
import { BudgetError } from '../analysis/budget.js';
import { loadModel, type Loading } from '../compiler/load.js';
import { render } from '../diagnostics/render.js';
import { printable } from '../diagnostics/text.js';
import { implicitPolicies } from '../firewall/implicit.js';
import { peersOf } from '../vpn/model.js';
import type { RunningSource } from '../daemon/api/types.js';
import { diskReader, textReader } from '../rulefile/reader.js';
import { complain, EXIT, print } from './arguments.js';
import { RUN_DIR_OPTION, UsageError, withAppliance } from './client.js';
import { describe } from './packet-text.js';

export const usage = {
  synopsis: 'ask [FILE] QUESTION [--json]',
  description: `Answers who can reach what, exactly, over all addresses and ports of packets that can open a session, with the rules that decide and a packet to try; without FILE, of what the appliance runs. Questions: ${FORMS.map((form) => `\`${form}\``).join(' ')} FROM is a zone, an interface or addresses; SRC addresses; DST addresses, a zone, \`any\` or \`local\`; SERVICE services, groups or further ports.`,
  options: [
    ['--json', 'One document on stdout: question, answer (yes, no, partly, depends), parts.'],
  ],
} as const;

/** Members of a set that are told; `--json` has all. */
const MOST_MEMBERS = 12;

/** `sluice ask`: exit 0 answered, 1 for a wrong file or question, 2 usage, 4 away. */
export function run(args: string[]): Promise<number> {
  return withAppliance(usage, async (connect) => {
    const { values, positionals } = parseArgs({
      args,
      allowPositionals: true,
      options: { json: { type: 'boolean', default: false }, ...RUN_DIR_OPTION },
    });
    const [first, second, ...rest] = positionals;
    if (first === undefined || rest.length > 0) throw new UsageError('what to ask?');
    if (second !== undefined) return tell(loadModel(first, diskReader), second, values.json);
    const { main, files } = (await connect(values['run-dir']).get('/source')) as RunningSource;
    const reader = textReader(new Map(Object.entries(files)));
    return tell(loadModel(main, reader), first, values.json);
  });
}

/** Answers about a rule file that is loaded. */
async function tell(loading: Loading, question: string, json: boolean): Promise<number> {
  const errors = loading.diagnostics.filter(({ severity }) => severity === 'error');
  for (const diagnostic of errors) process.stderr.write(`${render(diagnostic)}\n`);
  const answer = ask(loading, question);
  if (answer === null) return EXIT.error;
  await print(
    json
      ? `${JSON.stringify({ question, answer: answer.answer, parts: answer.parts.map(plain) })}\n`
      : report(answer),
  );
  return EXIT.ok;
}

function ask({ model, groups }: Loading, text: string): Answer | null {
  if (model === null || groups === null) return null;
  const names = {
    addresses: new Map(groups.addresses.map(({ name, set }) => [name, set])),
    services: new Map(groups.services.map(({ name, set }) => [name, set])),
  };
  const { tunnels } = model;
  const implicit = implicitPolicies(tunnels.length > 0, peersOf(tunnels));
  try {
    return answerQuestion(parseQuestion(text, model, names), model, implicit);
  } catch (error) {
    if (error instanceof BudgetError)
      complain('the answer has too many parts: name a source, a destination or a service');
    else if (error instanceof QuestionError) {
      complain(error.message);
      const before = printable(text).slice(0, error.index).replace(/[^\t]/g, ' ');
      process.stderr.write(`  ${printable(text)}\n  ${before}^${'~'.repeat(error.length - 1)}\n`);
    } else throw error;
    return null;
  }
}

function plain(part: Part) {
  return { ...part, sample: sampleText(part) };
}

/** A line of a packet list that is of the part. */
export function sampleText({ in: entry, sample }: Part): string | null {
  return entry === null || sample === null ? null : `${entry} ${describe(sample)}`;
}

function report({ answer, parts }: Answer): string {
  return [`${answer}\n`, ...parts.map(partText)].join('\n');
}

function partText(part: Part): string {
  const { answer, from, to, in: entry, out } = part;
  const way = (zone: string | null, iface: string | null) =>
    iface === null || iface === zone ? (zone ?? 'nowhere') : `${zone ?? 'nowhere'} (${iface})`;
  const lines = [
    `${answer.padEnd(8)} ${way(from, entry)} -> ${way(to, out)}`,
    `  source       ${members(part.source)}`,
    `  destination  ${members(part.destination)}`,
    `  service      ${members(part.service)}`,
  ];
  for (const { policy, name, file, line, action, condition } of part.rules) {
    const who = policy === '' ? `built-in rule '${name}'` : `${policy}/${name} (${file}:${line})`;
    lines.push(
      `  rule         ${action} ${who}${condition === null ? '' : `, depends on ${condition}`}`,
    );
  }
  if (part.reason !== null) lines.push(`  reason       ${part.reason}`);
  const sample = sampleText(part);
  if (sample !== null) lines.push(`  packet       ${sample}`);
  return `${lines.join('\n')}\n`;
}

function members(list: readonly string[]): string {
  const more = list.length - MOST_MEMBERS;
  return list.slice(0, MOST_MEMBERS).join(', ') + (more > 0 ? ` and ${more} more` : '');
}
