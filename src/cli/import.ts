// SPDX-License-Identifier: BSD-3-Clause
import { readFileSync } from 'node:fs';
import { didYouMean } from '../diagnostics/suggest.js';
import type { Imported } from '../import/imported.js';
import { complain, EXIT, parseArguments, print, wrongUsage } from './arguments.js';

const KINDS = new Map<string, () => Promise<(text: string) => Imported>>([
  ['classbench', async () => (await import('../import/classbench.js')).importClassbench],
]);

export const usage = {
  synopsis: 'import KIND FILE',
  description:
    'Prints a rule file made from another format (classbench); lines without equivalent are named on stderr.',
  options: [['--json', 'One document on stdout: text, rules, problems.']],
} as const;

/** `sluice import`: exit 0 when all was taken, 3 when lines were left, 1 without a rule file. */
export async function run(args: string[]): Promise<number> {
  const parsed = parseArguments(args, usage, 2, { json: { type: 'boolean', default: false } });
  if (parsed === null) return EXIT.usage;
  const [kind = '', file = ''] = parsed.positionals;
  const load = KINDS.get(kind);
  if (load === undefined) {
    const hint = didYouMean(kind, KINDS.keys());
    wrongUsage(usage, `no import of kind '${kind}'${hint === null ? '' : `, ${hint}`}`);
    return EXIT.usage;
  }
  let text: string;
  try {
    text = readFileSync(file, 'utf8');
  } catch (error) {
    complain(`${file}: ${(error as Error).message}`);
    return EXIT.error;
  }
  const imported = (await load())(text);
  for (const { line, message } of imported.problems)
    process.stderr.write(`${file}:${line}: ${message}\n`);
  if (imported.rules === 0) {
    complain(`${file}: no rules in it`);
    return EXIT.error;
  }
  await print(parsed.values.json ? `${JSON.stringify(imported)}\n` : imported.text);
  return imported.problems.length > 0 ? EXIT.partial : EXIT.ok;
}
