// SPDX-License-Identifier: BSD-3-Clause
import { writeFileSync } from 'node:fs';
import { complain, EXIT, parseArguments, print } from './arguments.js';
import { compileFile, GENERATION } from './compiled.js';

export const usage = {
  synopsis: 'compile FILE [-o IMAGE] [--json]',
  description:
    'Compiles a rule file to the table image of the fast path and says how long each stage took.',
  options: [
    ['-o, --output IMAGE', 'Write the image there.'],
    ['--json', 'One document on stdout: bytes, generation, stages.'],
  ],
} as const;

/** `sluice compile`: exit 0, 1 with errors or when IMAGE cannot be written, 2 on wrong usage. */
export async function run(args: string[]): Promise<number> {
  const parsed = parseArguments(args, usage, 1, {
    output: { type: 'string', short: 'o' },
    json: { type: 'boolean', default: false },
  });
  if (parsed === null) return EXIT.usage;
  const [file = ''] = parsed.positionals;
  const compiled = compileFile(file);
  if (compiled === null) return EXIT.error;
  const { image, stats, stages } = compiled;
  const { output, json } = parsed.values;
  if (output !== undefined) {
    try {
      writeFileSync(output, image);
    } catch (error) {
      complain(`${output}: ${(error as Error).message}`);
      return EXIT.error;
    }
  }
  if (json) {
    await print(`${JSON.stringify({ bytes: image.length, generation: GENERATION, stages })}\n`);
    return EXIT.ok;
  }
  const times = Object.entries(stages).map(([name, ms]) => `${name} ${ms.toFixed(1)} ms`);
  await print(
    `${file}: ${image.length} bytes, ${stats.rules} rules, ${stats.addressSets} address sets, ` +
      `${stats.serviceSets} service sets, ${stats.parts} parts, ${stats.pairs} zone pairs\n` +
      `${times.join(', ')}\n`,
  );
  return EXIT.ok;
}
