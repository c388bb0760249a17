// SPDX-License-Identifier: BSD-3-Clause
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { gunzipSync } from 'node:zlib';
import { importClassbench } from '../import/classbench.js';
import { SUITES, type Mix, type Suite } from './crypto-perf.js';
import { frames, randomTuples, traceTuples } from './frames.js';
import { balanced, classbenchFile, ruleFile, SERVICE, SOURCE_NAT, TUNNEL } from './rules.js';

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
  readonly mode: 'tcp' | 'frames' | 'esp-out' | 'esp-in';
  /** Of ESP: the suite, and the sizes of inner packets. */
  readonly esp?: { readonly suite: Suite; readonly mix: Mix };
  /** Left out where only correctness is asked: another case shows the same. */
  readonly unchecked?: true;
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

/** As `--bench esp-out` mixes it, bytes of inner IP packets. */
const IMIX: Mix = [
  { bytes: 64, share: 7 },
  { bytes: 576, share: 4 },
  { bytes: 1400, share: 1 },
];

function esp(mode: 'esp-out' | 'esp-in', suite: Suite, inner: number | 'imix'): Case {
  return {
    name: `${mode}-${suite.name}-${String(inner)}`,
    params: { suite: suite.name, inner, flows: 1024 },
    rules: () => TUNNEL,
    mode,
    esp: { suite, mix: inner === 'imix' ? IMIX : [{ bytes: inner, share: 1 }] },
    phase: mode,
    flows: 1024,
    ...(inner === 'imix' ? {} : { unchecked: true }),
  };
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
    ...(['esp-out', 'esp-in'] as const).flatMap((mode) =>
      SUITES.flatMap((suite) =>
        ([64, 512, 'imix', 1400] as const).map((inner) => esp(mode, suite, inner)),
      ),
    ),
  ];
}
