// SPDX-License-Identifier: BSD-3-Clause
import { loadModel } from '../compiler/load.js';
import { toJson, type Diagnostic } from '../diagnostics/diagnostic.js';
import { render } from '../diagnostics/render.js';
import { diskReader } from '../rulefile/reader.js';
import { complain, EXIT, parseArguments, print, type Usage } from './arguments.js';

export const usage: Usage = {
  synopsis: 'check FILE [--json]',
  description:
    'Checks a rule file and all it includes, and reports every error and warning: rules that never match, change nothing or allow everything among them. Assertions are asked of the fast path itself, offline.',
  options: [['--json', 'one document on stdout: ok, diagnostics, stages, assertions']],
};

/** `sluice check`: diagnostics on stderr; exit 1 with an error, 4 where assertions need the datapath. */
export async function run(args: string[]): Promise<number> {
  const parsed = parseArguments(args, usage, 1, { json: { type: 'boolean', default: false } });
  const file = parsed?.positionals[0];
  if (parsed === null || file === undefined) return EXIT.usage;
  const { model, diagnostics, stages } = loadModel(file, diskReader, { analyse: true });
  const tell = (list: readonly Diagnostic[]): void => {
    process.stderr.write(list.map((diagnostic) => `${render(diagnostic)}\n`).join(''));
  };
  tell(shortened(diagnostics, file));
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

/** Warnings that are told in full; `--json` has all. */
const MOST_TOLD = 100;

/** All errors, the first warnings, and how many more of these there are. */
function shortened(diagnostics: readonly Diagnostic[], file: string): Diagnostic[] {
  let warnings = 0;
  const told = diagnostics.filter(
    ({ severity }) => severity === 'error' || ++warnings <= MOST_TOLD,
  );
  if (warnings > MOST_TOLD)
    complain(`${file}: ${warnings - MOST_TOLD} more warnings; --json has all`);
  return told;
}
