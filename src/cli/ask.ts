// SPDX-License-Identifier: BSD-3-Clause
import { answerQuestion, type Answer, type Part } from '../analysis/ask/answer.js';
import { FORMS, parseQuestion, QuestionError } from '../analysis/ask/question.js';
import { BudgetError } from '../analysis/budget.js';
import { loadModel, type Loading } from '../compiler/load.js';
import { render } from '../diagnostics/render.js';
import { printable } from '../diagnostics/text.js';
import { IMPLICIT_POLICIES } from '../firewall/implicit.js';
import { diskReader } from '../rulefile/reader.js';
import { complain, EXIT, parseArguments, print } from './arguments.js';
import { describe } from './packet-text.js';

export const usage = {
  synopsis: 'ask FILE QUESTION [--json]',
  description: `Answers who can reach what, exactly, over all addresses and ports of packets that can open a session, with the rules that decide and a packet to try. Questions: ${FORMS.map((form) => `\`${form}\``).join(' ')} FROM is a zone, an interface or addresses; SRC addresses; DST addresses, a zone, \`any\` or \`local\`; SERVICE services, groups or further ports.`,
  options: [
    ['--json', 'One document on stdout: question, answer (yes, no, partly, depends), parts.'],
  ],
} as const;

/** Members of a set that are told; `--json` has all. */
const MOST_MEMBERS = 12;

/** `sluice ask`: exit 0 answered, 1 for a wrong file or question, 2 usage. */
export async function run(args: string[]): Promise<number> {
  const parsed = parseArguments(args, usage, 2, { json: { type: 'boolean', default: false } });
  const [file, question] = parsed?.positionals ?? [];
  if (parsed === null || file === undefined || question === undefined) return EXIT.usage;
  const loading = loadModel(file, diskReader);
  const errors = loading.diagnostics.filter(({ severity }) => severity === 'error');
  for (const diagnostic of errors) process.stderr.write(`${render(diagnostic)}\n`);
  const answer = ask(loading, question);
  if (answer === null) return EXIT.error;
  await print(
    parsed.values.json
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
  try {
    return answerQuestion(parseQuestion(text, model, names), model, IMPLICIT_POLICIES);
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
