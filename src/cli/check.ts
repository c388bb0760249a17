// SPDX-License-Identifier: BSD-3-Clause
import { parseArgs } from 'node:util';
import { loadModel } from '../compiler/load.js';
import { toJson } from '../diagnostics/diagnostic.js';
import { render } from '../diagnostics/render.js';
import { diskReader } from '../rulefile/reader.js';

export const usage = {
  synopsis: 'check FILE [--json]',
  description: 'Checks a rule file and all it includes, and reports every error and warning.',
  options: [['--json', 'One document on stdout: ok, diagnostics, stages.']],
} as const;

/** `sluice check`: exit 0 without errors, 1 with, 2 on wrong usage. */
export async function run(args: string[]): Promise<number> {
  let file: string | undefined;
  let json = false;
  try {
    const parsed = parseArgs({
      args,
      allowPositionals: true,
      options: { json: { type: 'boolean', default: false } },
    });
    json = parsed.values.json;
    if (parsed.positionals.length === 1) file = parsed.positionals[0];
  } catch (error) {
    process.stderr.write(`sluice: ${(error as Error).message}\n`);
  }
  if (file === undefined) {
    process.stderr.write(`usage: sluice ${usage.synopsis}\n`);
    return 2;
  }
  const { model, diagnostics, stages } = loadModel(file, diskReader);
  for (const diagnostic of diagnostics) process.stderr.write(`${render(diagnostic)}\n`);
  const ok = model !== null;
  if (json) {
    const document = { ok, diagnostics: diagnostics.map(toJson), stages };
    process.stdout.write(`${JSON.stringify(document)}\n`);
  } else if (model !== null) {
    const rules = model.policies.reduce((sum, policy) => sum + policy.rules.length, 0);
    process.stdout.write(`${file}: ok, ${model.interfaces.length} interfaces, ${rules} rules\n`);
  }
  return ok ? 0 : 1;
}
