// SPDX-License-Identifier: BSD-3-Clause
import { readFileSync } from 'node:fs';
import path from 'node:path';
import { compileOnDebian13 } from './debian13.mjs';
import { buildFuzzers, fuzz } from './fuzzing.mjs';
import { buildNative } from './native.mjs';
import { installPackages } from './packages.mjs';
import { unpackQemu } from './qemu.mjs';
import { ROOT, SetupError, attempt, say, tail } from './steps.mjs';

/** Seconds each fuzz target gets in the tests; `npm run fuzz` gives more. */
const FUZZ_SECONDS = 15;

const SANITIZED = {
  SLUICE_DATAPATH: path.join(ROOT, 'build/asan/sluice-datapath'),
  ASAN_OPTIONS: 'abort_on_error=1:detect_leaks=0',
  UBSAN_OPTIONS: 'halt_on_error=1:abort_on_error=1:print_stacktrace=1',
};

const format = () => tool('format', ['node_modules/.bin/prettier', '--check', '.']);
const lint = () => tool('lint', ['node_modules/.bin/eslint', '--max-warnings', '0', '.']);
const types = () => tool('types', ['node_modules/.bin/tsc', '-p', 'test/tsconfig.json']);

/**
 * Everything `npm test` runs, in order; what is on one line runs side by side, as no clock is looked
 * at there. A stage gives `{passed, failed}` and, for what was left out, `{skipped}` with a word
 * about it in `note`.
 */
export const STAGES = [
  { format, lint, types },
  { unit: () => vitest('unit', ['--project', 'unit', '--project', 'captures']) },
  { native: () => meson('native') },
  { sanitizers },
  { fuzz: fuzzers, debian13 },
  { e2e: () => vitest('e2e', ['--project', 'e2e']) },
  { bench: () => tool('bench', ['node', 'build/js/cli/bench.js', '--check']) },
  { image },
];

/** A command that holds or does not. */
async function tool(name, argv) {
  const { code, output } = await attempt(name, argv);
  if (code !== 0) say(tail(output, 60));
  return code === 0 ? { passed: 1, failed: 0 } : { passed: 0, failed: 1 };
}

async function vitest(name, args, env = {}) {
  const report = path.join(ROOT, `build/logs/${name}.json`);
  const reporters = ['--reporter=default', '--reporter=json', `--outputFile.json=${report}`];
  const argv = ['node_modules/.bin/vitest', 'run', ...args, ...reporters];
  const { code, output } = await attempt(name, argv, { env });
  if (code !== 0) say(tail(output, 200));
  const counted = JSON.parse(readFileSync(report, 'utf8'));
  const failed = Math.max(counted.numFailedTests, code === 0 ? 0 : 1);
  return { passed: counted.numPassedTests, failed, skipped: counted.numPendingTests };
}

async function meson(build, env = {}) {
  const argv = ['meson', 'test', '-C', `build/${build}`, '--no-rebuild', '--print-errorlogs'];
  const { code, output } = await attempt(`meson test ${build}`, argv, { env });
  if (code !== 0) say(tail(output, 100));
  const count = (label) => Number(new RegExp(`^${label}:\\s+(\\d+)`, 'm').exec(output)?.[1] ?? 0);
  const bad = count('Fail') + count('Timeout') + count('Unexpected Pass');
  const failed = Math.max(bad, code === 0 ? 0 : 1);
  return { passed: count('Ok'), failed, skipped: count('Skipped') };
}

/** The native tests, then packets and captures through the sanitized datapath. */
async function sanitizers() {
  await buildNative('asan');
  const native = await meson('asan', SANITIZED);
  if (native.failed > 0) return native;
  const files = ['test/unit/datapath', 'test/unit/cli', 'test/captures'];
  const offline = await vitest('sanitized', files, SANITIZED);
  return add(native, offline);
}

async function fuzzers() {
  const total = { passed: 0, failed: 0 };
  for (const target of await buildFuzzers()) {
    const { passed, executions } = await fuzz(target, FUZZ_SECONDS);
    if (passed && executions === 0) throw new SetupError(`fuzz ${target} tried no input`);
    if (passed) total.passed++;
    else total.failed++;
  }
  return total;
}

async function debian13() {
  const note = await compileOnDebian13();
  return note === null ? { passed: 1, failed: 0 } : { passed: 0, failed: 0, skipped: 1, note };
}

/** Builds the appliance's disk and boots it; long, so only where asked for, or in CI. */
async function image() {
  if (!process.env.CI && !process.argv.includes('image'))
    return { passed: 0, failed: 0, skipped: 1, note: 'with CI set, or by name' };
  await installPackages(['imagetest']);
  await unpackQemu();
  const built = await tool('image', ['node', 'image/make/main.mjs']);
  const files = process.argv.includes('--all') ? [] : ['test/image/boot.test.ts'];
  return built.failed > 0
    ? built
    : add(built, await vitest('image', ['--project', 'image', ...files]));
}

export function add(a, b) {
  return {
    passed: a.passed + b.passed,
    failed: a.failed + b.failed,
    skipped: (a.skipped ?? 0) + (b.skipped ?? 0),
  };
}
