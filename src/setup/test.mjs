// SPDX-License-Identifier: BSD-3-Clause
// `npm test [-- STAGE...]`: sets up, then runs every stage, or those named, up to the first that fails.
// `--all`: the image in every way it is booted, not only the one that CI has time for.
import './node-version.mjs';
import { setUp } from './setup.mjs';
import { STAGES, add } from './stages.mjs';
import { SetupError, endWithChildren, main, say, seconds } from './steps.mjs';

endWithChildren();
await main(async () => {
  const wanted = process.argv.slice(2).filter((word) => word !== '--all');
  const names = STAGES.flatMap((together) => Object.keys(together));
  if (wanted.some((name) => !names.includes(name)))
    throw new SetupError(`stages are ${names.join(', ')}`);
  const start = Date.now();
  await setUp({ packages: ['build', 'run', 'test'] });
  const lines = [`set-up      ${seconds(start)}`];
  let total = { passed: 0, failed: 0, skipped: 0 };
  for (const together of STAGES) {
    const stages = Object.entries(together).filter(
      ([name]) => wanted.length === 0 || wanted.includes(name),
    );
    if (total.failed > 0) {
      lines.push(...stages.map(([name]) => `${name.padEnd(10)}  not run`));
      continue;
    }
    const ended = await Promise.all(stages.map(([name, run]) => stage(name, run)));
    for (const { line, result } of ended) {
      lines.push(line);
      total = add(total, result);
    }
  }
  process.stdout.write(`\n${lines.join('\n')}\nin all ${seconds(start)}\n`);
  const skipped = total.skipped > 0 ? `, ${total.skipped} skipped` : '';
  process.stdout.write(`${total.passed} passed, ${total.failed} failed${skipped}\n`);
  return total.failed === 0 && total.passed > 0 ? 0 : 1;
});

/** Runs a stage: what it gave, and the line about it. */
async function stage(name, run) {
  const since = Date.now();
  const result = await run().catch(failure);
  const skipped = result.skipped ? `, ${result.skipped} skipped` : '';
  const note = result.note === undefined ? '' : ` (${result.note})`;
  const counts = `${result.passed} passed, ${result.failed} failed${skipped}${note}`;
  return { result, line: `${name.padEnd(10)}  ${seconds(since).padStart(7)}  ${counts}` };
}

/** A stage that could not be run to its end has failed. */
function failure(error) {
  say(error instanceof SetupError ? error.message : error.stack);
  return { passed: 0, failed: 1 };
}
