// SPDX-License-Identifier: BSD-3-Clause
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { benchCases, type Case } from '../bench/cases.js';
import { runCryptoPerf } from '../bench/crypto-perf.js';
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
  /** MAC swap on the same rig in the same runs; of ESP's cases, of the same packets. */
  readonly floor: number;
  readonly peers: Readonly<Record<string, number>>;
}

interface Prepared {
  readonly one: Case;
  readonly args: string[];
  readonly cycles: number[];
  readonly floors: number[];
  readonly peers: Map<string, number[]>;
  engine: string | null;
}

/** A packet of theirs takes the time of several. */
const ESP_SHARE = 4;

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
  const cases = benchCases(classbench).filter(
    (one) => one.name.startsWith(only) && !(check && one.unchecked),
  );
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
  const image = prepared[0]?.args ?? [];
  for (let i = 0; i < runs; i++) {
    const floor = await runRig(['floor', ...image.slice(1)]);
    const swap = check ? null : await runTestpmd(1);
    for (const one of prepared) {
      process.stderr.write(`run ${String(i + 1)} of ${String(runs)}: ${one.one.name}\n`);
      const run = await runRig(one.args);
      verify(one.one, run);
      one.engine = run.engine;
      one.cycles.push(phaseOf(run, one.one.phase).cycles);
      one.floors.push(phaseOf(one.one.esp ? run : floor, 'floor').cycles);
      if (one.one.esp === undefined) note(one.peers, 'testpmd-macswap', swap);
      else if (!check) await besideCrypto(one, one.one.esp, folder);
    }
  }
  return prepared.map(({ one, cycles, floors, peers, engine }) => ({
    name: one.name,
    params: engine === null ? one.params : { ...one.params, engine },
    cycles: median(cycles),
    spread: Math.round((Math.max(...cycles) - Math.min(...cycles)) * 10) / 10,
    floor: median(floors),
    peers: Object.fromEntries([...peers].map(([name, figures]) => [name, median(figures)])),
  }));
}

function note(peers: Map<string, number[]>, peer: string, cycles: number | null): void {
  if (cycles !== null) peers.set(peer, [...(peers.get(peer) ?? []), cycles]);
}

/** The engine's crypto alone. */
async function besideCrypto(
  { one, peers, engine }: Prepared,
  { suite, mix }: NonNullable<Case['esp']>,
  folder: string,
): Promise<void> {
  const peer = await runCryptoPerf(engine ?? '', suite, one.mode === 'esp-in', mix, folder);
  if (peer !== null) note(peers, `crypto-perf-${peer.device}`, peer.cycles);
}

function prepare(one: Case, folder: string, packets: number): Prepared {
  const file = join(folder, `${one.name}.yaml`);
  writeFileSync(file, one.rules());
  const compiled = compileFile(file);
  if (compiled === null) throw new Error(`${one.name}: its rule file has errors`);
  const image = join(folder, `${one.name}.image`);
  writeFileSync(image, compiled.image);
  const args = [one.mode, '--image', image, '--flows', String(one.flows)];
  args.push('--packets', String(one.esp ? Math.ceil(packets / ESP_SHARE) : packets));
  if (one.esp) args.push('--suite', one.esp.suite.name, '--bytes', String(one.params['inner']));
  if (one.server !== undefined) args.push('--server', one.server);
  if (one.oneWay === true) args.push('--one-way');
  if (one.frames) {
    const frames = join(folder, `${one.name}.frames`);
    writeFileSync(frames, one.frames());
    args.push('--frames', frames);
  }
  return { one, args, cycles: [], floors: [], peers: new Map(), engine: null };
}

/** Connections' and tunnels' packets all leave, rightly changed; of denied ones none does. */
function verify(one: Case, run: RigRun): void {
  for (const phase of run.phases) {
    const expected = one.mode === 'frames' ? 0 : phase.packets;
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

const WIDTH = 34;

function table(results: readonly Result[]): string {
  const rows = results.map((one) =>
    [
      one.name.padEnd(WIDTH),
      one.cycles.toFixed(1).padStart(8),
      one.spread.toFixed(1).padStart(8),
      one.floor.toFixed(1).padStart(8),
      ...Object.entries(one.peers).map(([name, cycles]) => `  ${name} ${String(cycles)}`),
    ].join(''),
  );
  return `${'case'.padEnd(WIDTH)}${'cycles'.padStart(8)}${'spread'.padStart(8)}${'floor'.padStart(8)}\n${rows.join('\n')}\n`;
}

if (process.argv[1] !== undefined && import.meta.url === pathToFileURL(process.argv[1]).href)
  process.exitCode = await run(process.argv.slice(2));
