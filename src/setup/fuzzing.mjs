// SPDX-License-Identifier: BSD-3-Clause
import { existsSync, mkdirSync, readdirSync } from 'node:fs';
import path from 'node:path';
import { buildNative } from './native.mjs';
import { ROOT, attempt, say, tail } from './steps.mjs';

/** Builds the libFuzzer targets and gives their names. */
export async function buildFuzzers() {
  await buildNative('fuzz');
  return readdirSync(path.join(ROOT, 'build/fuzz'))
    .filter((name) => /^fuzz_\w+$/.test(name))
    .map((name) => name.slice('fuzz_'.length))
    .sort();
}

/** Runs one target; inputs that found something new stay in build/corpus for the next run. */
export async function fuzz(target, seconds) {
  const corpus = `build/corpus/${target}`;
  mkdirSync(path.join(ROOT, corpus), { recursive: true });
  const seeds = `test/fuzz/${target}`;
  const { code, output } = await attempt(`fuzz ${target}`, [
    `build/fuzz/fuzz_${target}`,
    `-max_total_time=${seconds}`,
    '-timeout=20',
    '-rss_limit_mb=8192',
    '-print_final_stats=1',
    `-artifact_prefix=build/corpus/${target}-`,
    corpus,
    ...(existsSync(path.join(ROOT, seeds)) ? [seeds] : []),
  ]);
  const executions = /number_of_executed_units: (\d+)/.exec(output)?.[1] ?? '0';
  if (code !== 0) say(tail(output, 40));
  return { passed: code === 0, executions: Number(executions) };
}
