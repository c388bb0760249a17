// SPDX-License-Identifier: BSD-3-Clause
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { benchCases, type Case } from '../bench/cases.js';
import { runRig, runTestpmd, type RigRun } from '../bench/rig.js';
import { projectRoot } from '../datapath/root.js';
import { complain, EXIT, parseArguments, print } from './arguments.js';
import { compileFile } from './compiled.js';

export const usage = {
  synopsis: 'bench',
  description:
    'Cycles of CPU time per packet of the datapath on the in-process template rig, one worker.',
  options: [
    ['--json', 'One document on stdout.'],
    ['--only NAME', 'Only the cases whose name starts so.'],
    ['--runs N', 'Interleaved runs, of which the median counts (5).'],
    ['--packets N', 'Packets of the measured phase (4000000).'],
    ['--check', 'Correctness only: one short run.'],
  ],
} as const;

interface Result {
  readonly name: string;
  readonly params: Case['params'];
  readonly cycles: number;
  /** Largest minus smallest of the runs. */
  readonly spread: number;
  /** MAC swap on the same rig in the same runs. */
  readonly floor: number;
  readonly peers: Readonly<Record<string, number>>;
}

interface Prepared {
  readonly one: Case;
  readonly args: string[];
  readonly cycles: number[];
}

/** `npm run bench`: exit 1 when a case fails or a packet does not leave as it should. */
export async function run(args: string[]): Promise<number> {
  const parsed = parseArguments(args, usage, 0, {
    json: { type: 'boolean', default: false },
    only: { type: 'string', default: '' },
    runs: { type: 'string', default: '5' },
    packets: { type: 'string', default: '4000000' },
    check: { type: 'boolean', default: false },
  });
  if (parsed === null) return EXIT.usage;
  const { json, only, check } = parsed.values;
  const runs = check ? 1 : Number(parsed.values.runs);
  const packets = check ? 200_000 : Number(parsed.values.packets);
  const classbench = join(
    process.env['SLUICE_DATA'] ?? join(projectRoot(), '../shared/data'),
    'classbench',
  );
  const cases = benchCases(classbench).filter((one) => one.name.startsWith(only));
  if (cases.length === 0) {
    complain(`no case starts with '${only}'`);
    return EXIT.usage;
  }
  const folder = mkdtempSync(join(tmpdir(), 'sluice-bench-'));
  try {
    const results = await measure(cases, folder, runs, packets, check);
    if (json) await print(`${JSON.stringify({ cases: results })}\n`);
    else await print(table(results));
    return EXIT.ok;
  } catch (error) {
    complain((error as Error).message);
    return EXIT.error;
  } finally {
    rmSync(folder, { recursive: true });
  }
}

async function measure(
  cases: readonly Case[],
  folder: string,
  runs: number,
  packets: number,
  check: boolean,
): Promise<Result[]> {
  const prepared = cases.map((one) => prepare(one, folder, packets));
  const floors: number[] = [];
  const swaps: number[] = [];
  const image = prepared[0]?.args ?? [];
  for (let i = 0; i < runs; i++) {
    const floor = await runRig(['floor', ...image.slice(1)]);
    floors.push(phaseOf(floor, 'floor').cycles);
    if (!check) {
      const swap = await runTestpmd(1);
      if (swap !== null) swaps.push(swap);
    }
    for (const { one, args, cycles } of prepared) {
      process.stderr.write(`run ${String(i + 1)} of ${String(runs)}: ${one.name}\n`);
      const run = await runRig(args);
      verify(one, run);
      cycles.push(phaseOf(run, one.phase).cycles);
    }
  }
  return prepared.map(({ one, cycles }) => ({
    name: one.name,
    params: one.params,
    cycles: median(cycles),
    spread: Math.round((Math.max(...cycles) - Math.min(...cycles)) * 10) / 10,
    floor: median(floors),
    peers: swaps.length > 0 ? { 'testpmd-macswap': median(swaps) } : {},
  }));
}

function prepare(one: Case, folder: string, packets: number): Prepared {
  const file = join(folder, `${one.name}.yaml`);
  writeFileSync(file, one.rules());
  const compiled = compileFile(file);
  if (compiled === null) throw new Error(`${one.name}: its rule file has errors`);
  const image = join(folder, `${one.name}.image`);
  writeFileSync(image, compiled.image);
  const args = [one.mode, '--image', image, '--flows', String(one.flows)];
  args.push('--packets', String(packets));
  if (one.server !== undefined) args.push('--server', one.server);
  if (one.oneWay === true) args.push('--one-way');
  if (one.frames) {
    const frames = join(folder, `${one.name}.frames`);
    writeFileSync(frames, one.frames());
    args.push('--frames', frames);
  }
  return { one, args, cycles: [] };
}

/** Connections' packets all leave, rightly changed; of denied ones none does. */
function verify(one: Case, run: RigRun): void {
  for (const phase of run.phases) {
    const expected = one.mode === 'tcp' ? phase.packets : 0;
    if (phase.wrong > 0 || phase.forwarded !== expected)
      throw new Error(
        `${one.name}: ${phase.phase}: ${String(phase.forwarded)} of ${String(expected)} packets forwarded, ${String(phase.wrong)} wrong, dropped ${JSON.stringify(Object.fromEntries(run.dropped))}`,
      );
  }
}

function phaseOf(run: RigRun, name: string) {
  const phase = run.phases.find((one) => one.phase === name);
  if (phase === undefined) throw new Error(`the rig printed no phase ${name}`);
  return phase;
}

function median(values: readonly number[]): number {
  const sorted = [...values].sort((a, b) => a - b);
  return sorted[sorted.length >> 1] ?? 0;
}

function table(results: readonly Result[]): string {
  const rows = results.map((one) =>
    [
      one.name.padEnd(20),
      one.cycles.toFixed(1).padStart(8),
      one.spread.toFixed(1).padStart(8),
      one.floor.toFixed(1).padStart(8),
      ...Object.entries(one.peers).map(([name, cycles]) => `  ${name} ${String(cycles)}`),
    ].join(''),
  );
  return `${'case'.padEnd(20)}${'cycles'.padStart(8)}${'spread'.padStart(8)}${'floor'.padStart(8)}\n${rows.join('\n')}\n`;
}

if (process.argv[1] !== undefined && import.meta.url === pathToFileURL(process.argv[1]).href)
  process.exitCode = await run(process.argv.slice(2));
