// SPDX-License-Identifier: BSD-3-Clause
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { gunzipSync } from 'node:zlib';
import { importClassbench } from '../import/classbench.js';
import { frames, randomTuples, traceTuples } from './frames.js';
import { balanced, classbenchFile, ruleFile, SERVICE, SOURCE_NAT } from './rules.js';

export interface Case {
  readonly name: string;
  readonly params: Readonly<Record<string, number | string>>;
  /** Rule file text. */
  rules(): string;
  /** Frames for the first port instead of TCP connections. */
  frames?(): Uint8Array;
  /** All connections go to this one. */
  readonly server?: string;
  /** Answers go past the datapath. */
  readonly oneWay?: boolean;
  readonly mode: 'tcp' | 'frames';
  /** Which phase of the rig is the case's figure. */
  readonly phase: string;
  readonly flows: number;
}

function tcp(name: string, rules: number, flows: number, phase: string, nat = ''): Case {
  const sessions = Math.max(65_536, flows * 2);
  return {
    name,
    params: { rules, flows },
    rules: () => ruleFile(rules, sessions, 'strict', nat),
    mode: 'tcp',
    phase,
    flows,
  };
}

function balancer(name: string, flows: number, phase: string, mode: string): Case {
  const oneWay = mode !== 'nat' && mode !== 'full-nat';
  return { ...tcp(name, 1000, flows, phase, balanced(mode)), server: SERVICE, oneWay };
}

function classify(set: string, rules: string, trace: string): Case {
  return {
    name: `classify-${set.replaceAll('_', '-')}`,
    params: { set },
    rules: () => classbenchFile(importClassbench(unzipped(rules)).text),
    frames: () => frames(traceTuples(unzipped(trace), 20_000)),
    mode: 'frames',
    phase: 'frames',
    flows: 1,
  };
}

function unzipped(path: string): string {
  const bytes = readFileSync(path);
  return (path.endsWith('.gz') ? gunzipSync(bytes) : bytes).toString();
}

/** All cases; those of ClassBench only where their sets are. */
export function benchCases(classbench: string): Case[] {
  const sets = existsSync(classbench)
    ? readdirSync(classbench).flatMap((file) => {
        const set = /^(\w+?_\d+k)(?:\.gz)?$/.exec(file)?.[1];
        const trace = join(classbench, file.replace(set ?? '', `${set ?? ''}_trace`));
        return set && existsSync(trace) ? [classify(set, join(classbench, file), trace)] : [];
      })
    : [];
  return [
    tcp('established-10k', 1000, 10_000, 'established'),
    tcp('established-1m', 1000, 1_000_000, 'established'),
    tcp('new-session', 1000, 1_000_000, 'new'),
    tcp('nat-established-10k', 1000, 10_000, 'established', SOURCE_NAT),
    tcp('nat-established-1m', 1000, 1_000_000, 'established', SOURCE_NAT),
    tcp('nat-new-session', 1000, 1_000_000, 'new', SOURCE_NAT),
    ...['nat', 'full-nat', 'direct', 'ipip', 'gue'].flatMap((mode) => [
      balancer(`balancer-${mode}-established-10k`, 10_000, 'established', mode),
      balancer(`balancer-${mode}-new-session`, 500_000, 'new', mode),
    ]),
    ...sets,
    {
      name: 'deny-flood',
      params: { rules: 1000, tuples: 1_000_000 },
      rules: () => ruleFile(1000, 65_536, 'off'),
      frames: () => frames(randomTuples(1_000_000)),
      mode: 'frames',
      phase: 'frames',
      flows: 1,
    },
    tcp('rules-1', 1, 10_000, 'established'),
    tcp('rules-100k', 100_000, 10_000, 'established'),
  ];
}
