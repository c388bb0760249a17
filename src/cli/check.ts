// SPDX-License-Identifier: BSD-3-Clause
import { loadModel } from '../compiler/load.js';
import { toJson } from '../diagnostics/diagnostic.js';
import { render } from '../diagnostics/render.js';
import { diskReader } from '../rulefile/reader.js';
import { complain, EXIT, parseArguments, print, type Usage } from './arguments.js';

export const usage: Usage = {
  synopsis: 'check FILE [--json]',
  description:
    'Checks a rule file and all it includes, and reports every error and warning; assertions are asked of the fast path itself, offline.',
  options: [['--json', 'one document on stdout: ok, diagnostics, stages, assertions']],
};

/** `sluice check`: diagnostics on stderr; exit 1 with an error, 4 where assertions need the datapath. */
export async function run(args: string[]): Promise<number> {
  const parsed = parseArguments(args, usage, 1, { json: { type: 'boolean', default: false } });
  const file = parsed?.positionals[0];
  if (parsed === null || file === undefined) return EXIT.usage;
  const { model, diagnostics, stages } = loadModel(file, diskReader);
  const tell = (list: typeof diagnostics): void => {
    process.stderr.write(list.map((diagnostic) => `${render(diagnostic)}\n`).join(''));
  };
  tell(diagnostics);
  // Loaded when needed: most files are checked without a datapath.
  const asserts = model !== null && model.assertions.length > 0;
  const asserted = asserts ? await (await import('./asserted.js')).ask(model, file) : null;
  tell(asserted?.diagnostics ?? []);
  if (asserted?.message != null) complain(asserted.message);
  const code = model === null ? EXIT.error : (asserted?.code ?? EXIT.ok);
  if (parsed.values.json) {
    const document = {
      ok: code === EXIT.ok,
      diagnostics: [...diagnostics, ...(asserted?.diagnostics ?? [])].map(toJson),
      stages: { ...stages, ...asserted?.stages },
      assertions: asserted?.assertions ?? { asked: 0, failed: 0 },
    };
    await print(`${JSON.stringify(document)}\n`);
  } else if (model !== null && code === EXIT.ok) {
    const rules = model.policies.reduce((sum, policy) => sum + policy.rules.length, 0);
    const held = asserted === null ? '' : `, ${asserted.assertions.asked} assertions hold`;
    await print(`${file}: ok, ${model.interfaces.length} interfaces, ${rules} rules${held}\n`);
  }
  return code;
}
