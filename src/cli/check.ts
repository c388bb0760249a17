// SPDX-License-Identifier: BSD-3-Clause
import { loadModel } from '../compiler/load.js';
import { toJson } from '../diagnostics/diagnostic.js';
import { render } from '../diagnostics/render.js';
import { diskReader } from '../rulefile/reader.js';
import { EXIT, parseArguments, print, type Usage } from './arguments.js';

export const usage: Usage = {
  synopsis: 'check FILE [--json]',
  description: 'Checks a rule file and all it includes, and reports every error and warning.',
  options: [['--json', 'one document on stdout: ok, diagnostics, stages']],
};

/** `sluice check`: all diagnostics on stderr; exit 1 if there is an error among them. */
export async function run(args: string[]): Promise<number> {
  const parsed = parseArguments(args, usage, 1, { json: { type: 'boolean', default: false } });
  const file = parsed?.positionals[0];
  if (parsed === null || file === undefined) return EXIT.usage;
  const { model, diagnostics, stages } = loadModel(file, diskReader);
  process.stderr.write(diagnostics.map((diagnostic) => `${render(diagnostic)}\n`).join(''));
  if (parsed.values.json) {
    const document = { ok: model !== null, diagnostics: diagnostics.map(toJson), stages };
    await print(`${JSON.stringify(document)}\n`);
  } else if (model !== null) {
    const rules = model.policies.reduce((sum, policy) => sum + policy.rules.length, 0);
    await print(`${file}: ok, ${model.interfaces.length} interfaces, ${rules} rules\n`);
  }
  return model === null ? EXIT.error : EXIT.ok;
}
