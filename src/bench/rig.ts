// SPDX-License-Identifier: BSD-3-Clause
import { join } from 'node:path';
import { projectRoot } from '../datapath/root.js';
import { collect } from './collect.js';

/** One phase of the rig as `sluice-datapath --bench` prints it. */
export interface Phase {
  readonly phase: string;
  readonly packets: number;
  readonly forwarded: number;
  readonly wrong: number;
  readonly cycles: number;
}

export interface RigRun {
  readonly phases: readonly Phase[];
  /** Sessions after `new`, and bytes of memory that each took; null where there was no such phase. */
  readonly held: { readonly sessions: number; readonly bytes: number } | null;
  /** Packets dropped, by reason. */
  readonly dropped: ReadonlyMap<string, number>;
  /** Which crypto engine it had; null without any. */
  readonly engine: string | null;
}

/** Runs the rig once; throws with what it said when it fails. */
export async function runRig(args: readonly string[]): Promise<RigRun> {
  const binary =
    process.env['SLUICE_DATAPATH'] ?? join(projectRoot(), 'build/native/sluice-datapath');
  const { code, out, err } = await collect(binary, ['--bench', ...args]);
  if (code !== 0) throw new Error(`${binary} --bench ${args.join(' ')}: ${err.trim()}`);
  const phases: Phase[] = [];
  const dropped = new Map<string, number>();
  let held: RigRun['held'] = null;
  let engine: string | null = null;
  for (const line of out.split('\n').filter((text) => text.startsWith('{'))) {
    const record = JSON.parse(line) as Partial<Phase> & {
      dropped?: string;
      held?: number;
      bytes_per_session?: number;
      engine?: string;
    };
    if (record.held !== undefined)
      held = { sessions: record.held, bytes: record.bytes_per_session ?? 0 };
    else if (record.dropped !== undefined) dropped.set(record.dropped, record.packets ?? 0);
    else if (record.engine !== undefined) engine = record.engine;
    else phases.push(record as Phase);
  }
  return { phases, held, dropped, engine };
}

/** testpmd's MAC swap between two net_null ports, cycles per packet by its own account, or null. */
export async function runTestpmd(seconds: number): Promise<number | null> {
  const args = ['--lcores=0@0,1@0', '--no-huge', '--no-shconf', '-m', '256', '--no-pci']
    .concat([`--file-prefix=sluice-testpmd-${String(process.pid)}`, '--no-telemetry'])
    .concat(['--vdev=net_null0,size=60', '--vdev=net_null1,size=60', '--'])
    .concat(['--forward-mode=macswap', '--record-core-cycles', '--total-num-mbufs=16384'])
    .concat(['--no-mlockall', '-i']);
  const script = `start\n`;
  const { out } = await collect('dpdk-testpmd', args, script, seconds);
  const cycles = /CPU cycles\/packet=([\d.]+)/.exec(out)?.[1];
  return cycles === undefined ? null : Number(cycles);
}
