// SPDX-License-Identifier: BSD-3-Clause
// `npm run fuzz [-- --seconds N] [TARGET...]`: all targets one after the other, 300 s each.
import './node-version.mjs';
import { parseArgs } from 'node:util';
import { buildFuzzers, fuzz } from './fuzzing.mjs';
import { setUp } from './setup.mjs';
import { endWithChildren, main, say } from './steps.mjs';

endWithChildren();
await main(async () => {
  const { values, positionals } = parseArgs({
    allowPositionals: true,
    options: { seconds: { type: 'string', default: '300' } },
  });
  await setUp({ packages: ['build', 'run', 'test'] });
  const targets = await buildFuzzers();
  let failed = 0;
  for (const target of positionals.length > 0 ? positionals : targets) {
    const { passed, executions } = await fuzz(target, Number(values.seconds));
    say(`${passed ? 'ok  ' : 'FAIL'}  ${target}: ${executions} inputs`);
    if (!passed) failed++;
  }
  return failed === 0 ? 0 : 1;
});
