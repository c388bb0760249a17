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
  const unknown = wanted.filter((name) => !STAGES.some(([stage]) => stage === name));
  if (unknown.length > 0)
    throw new SetupError(`stages are ${STAGES.map(([name]) => name).join(', ')}`);
  const start = Date.now();
  await setUp({ packages: ['build', 'run', 'test'] });
  const lines = [`set-up      ${seconds(start)}`];
  let total = { passed: 0, failed: 0, skipped: 0 };
  for (const [name, run] of STAGES) {
    if (total.failed > 0) {
      lines.push(`${name.padEnd(10)}  not run`);
      continue;
    }
    if (wanted.length > 0 && !wanted.includes(name)) continue;
    const since = Date.now();
    const result = await run().catch(failure);
    total = add(total, result);
    const skipped = result.skipped ? `, ${result.skipped} skipped` : '';
    const note = result.note === undefined ? '' : ` (${result.note})`;
    const counts = `${result.passed} passed, ${result.failed} failed${skipped}${note}`;
    lines.push(`${name.padEnd(10)}  ${seconds(since).padStart(7)}  ${counts}`);
  }
  process.stdout.write(`\n${lines.join('\n')}\nin all ${seconds(start)}\n`);
  const skipped = total.skipped > 0 ? `, ${total.skipped} skipped` : '';
  process.stdout.write(`${total.passed} passed, ${total.failed} failed${skipped}\n`);
  return total.failed === 0 && total.passed > 0 ? 0 : 1;
});

/** A stage that could not be run to its end has failed. */
function failure(error) {
  say(error instanceof SetupError ? error.message : error.stack);
  return { passed: 0, failed: 1 };
}
