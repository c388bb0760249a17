// SPDX-License-Identifier: BSD-3-Clause
import { parseArgs } from 'node:util';
import { CHECKS } from './checks.js';
import { Lab } from './lab.js';
import { prompt } from './prompt.js';

const USAGE = 'usage: npm start [-- [--once] [--workers N] [FILE]]\n';

/** Brings the lab up with a rule file; then its checks, or a prompt. */
async function main(args: string[]): Promise<number> {
  const { values, positionals } = parseArgs({
    args,
    allowPositionals: true,
    options: { once: { type: 'boolean', default: false }, workers: { type: 'string' } },
  });
  const lab = await Lab.start({ workers: Number(values.workers ?? 1), say });
  const stop = async (): Promise<void> => {
    await lab.close();
    process.exit(130);
  };
  for (const signal of ['SIGTERM', 'SIGHUP'] as const) process.once(signal, () => void stop());
  if (values.once || !process.stdin.isTTY) process.once('SIGINT', () => void stop());
  try {
    if (!lab.hugepages)
      say('no hugepages to be had: plain memory, about a fifth slower at 10,000 sessions');
    const file = positionals[0] ?? lab.rules;
    const { code, stdout, stderr } = await lab.sluice('apply', file);
    process.stderr.write(stderr);
    say(stdout.trimEnd());
    if (code !== 0) return code;
    if (values.once) return await check(lab);
    say(`\`npx sluice\` elsewhere: SLUICE_RUN_DIR=${lab.runDirectory}; here: ? or help`);
    await prompt(lab);
    return 0;
  } finally {
    await lab.close();
  }
}

async function check(lab: Lab): Promise<number> {
  let failed = 0;
  for (const { name, run } of CHECKS) {
    try {
      const figure = await run(lab);
      say(`ok    ${name}${figure === undefined ? '' : `: ${figure}`}`);
    } catch (error) {
      failed++;
      say(`FAIL  ${name}: ${(error as Error).message}`);
    }
  }
  if (failed > 0) process.stderr.write(lab.logs());
  say(`${CHECKS.length - failed} passed, ${failed} failed`);
  return failed === 0 ? 0 : 1;
}

function say(line: string): void {
  process.stdout.write(`${line}\n`);
}

try {
  process.exitCode = await main(process.argv.slice(2));
} catch (error) {
  const usage = (error as NodeJS.ErrnoException).code?.startsWith('ERR_PARSE_ARGS') === true;
  process.stderr.write(`${(error as Error).message}\n${usage ? USAGE : ''}`);
  process.exitCode = usage ? 2 : 1;
}
