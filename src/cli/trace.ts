// SPDX-License-Identifier: BSD-3-Clause
import { readFileSync } from 'node:fs';
import { packetSummary, type CaptureBegan, type PacketShown } from '../daemon/api/packets.js';
import type { RunningSource } from '../daemon/api/types.js';
import { etherFrame } from '../datapath/frame.js';
import type { OfflineDatapath } from '../datapath/offline.js';
import { buildPacket } from '../datapath/packet.js';
import { renderSteps } from '../diagnostics/render.js';
import { textReader } from '../rulefile/reader.js';
import { sealing, type SealingTunnel } from '../trace/sealing.js';
import { endsOf, translationOf, type Nat } from '../trace/translation.js';
import { phases, type Phase } from '../trace/phases.js';
import { modelNames, Names, type Verdict } from '../trace/verdicts.js';
import { complain, EXIT, parseArguments, print, wrongUsage } from './arguments.js';
import { compileFile, type CompiledFile } from './compiled.js';
import { RUN_DIR_OPTION, withAppliance } from './client.js';
import { packetFilters } from './filters.js';
import { BATCH, withOffline } from './offline.js';
import { parseClassbenchTrace, parsePacketList, type ListedPacket } from './packets.js';
import { portOf } from './ports.js';
import { describe } from './packet-text.js';

export const usage = {
  synopsis:
    'trace [FILE] --packets LIST [--stateful] [--at TIME] [--format classbench] [--json] | trace --next [FILTER]',
  description:
    'Sends packets through the fast path, offline, and says what each step makes of them; without FILE by what is in force, with its declared routes.',
  options: [
    [
      '--packets LIST',
      'One packet a line: IFACE PROTO SRC[:PORT] DST[:PORT] [tcp flags] [dscp N] [mac MAC]; - is stdin.',
    ],
    ['--stateful', 'Let packets meet the sessions of those before them.'],
    ['--at TIME', 'The time that schedules see, as 2026-11-23T09:00Z; now unless given.'],
    ['--format FORMAT', 'sluice (as above), or classbench: a ClassBench trace file.'],
    ['--next', 'Instead: the next real packet of the running appliance that fits the filters.'],
    ...packetFilters.help().map(([option, text]) => [option, `Next: ${text}`] as const),
    ['--new', 'Next: only one that opens a session, or is dropped.'],
    ['--json', 'One document on stdout: packets.'],
  ],
} as const;

const FORMATS = new Map([
  ['sluice', parsePacketList],
  ['classbench', parseClassbenchTrace],
]);

interface Traced extends Verdict {
  readonly n: number;
  readonly nat: Nat;
  readonly backend: string | null;
  /** The tunnel it goes into; its phase says which SA, which only a running appliance knows. */
  readonly sa: string | null;
  readonly phases: readonly Phase[];
}

/** `sluice trace`: exit 0, 1 for a wrong file or list, 2 on wrong usage, 4 without a datapath. */
export async function run(args: string[]): Promise<number> {
  const parsed = parseArguments(args, usage, [0, 1], {
    packets: { type: 'string' },
    stateful: { type: 'boolean', default: false },
    at: { type: 'string' },
    format: { type: 'string', default: 'sluice' },
    next: { type: 'boolean', default: false },
    new: { type: 'boolean', default: false },
    json: { type: 'boolean', default: false },
    ...packetFilters.options(),
    ...RUN_DIR_OPTION,
  });
  if (parsed === null) return EXIT.usage;
  if (parsed.values.next) return next(parsed.values);
  const { packets: list, stateful, at, format, json } = parsed.values;
  const parse = FORMATS.get(format);
  if (list === undefined || parse === undefined) {
    wrongUsage(usage, list === undefined ? 'trace needs --packets' : `no format '${format}'`);
    return EXIT.usage;
  }
  const time = at === undefined ? Date.now() : timeOf(at);
  if (time === null) {
    wrongUsage(usage, `'${at}' is no time: it is written as 2026-11-23T09:00Z, with its zone`);
    return EXIT.usage;
  }
  const [file] = parsed.positionals;
  const options = { list, parse, stateful, time, json, running: null };
  if (file !== undefined) return judge(compileFile(file), options);
  return withAppliance(usage, async (connect) => {
    const api = connect(undefined);
    const { main, files } = (await api.get('/source')) as RunningSource;
    const { tunnels } = (await api.get('/show/vpn/tunnels')) as {
      tunnels: readonly SealingTunnel[];
    };
    const compiled = compileFile(main, textReader(new Map(Object.entries(files))));
    return judge(compiled, { ...options, running: tunnels });
  });
}

/** The next real packet that fits, as the nodes it went through left it. */
function next(values: Readonly<Record<string, unknown>>): Promise<number> {
  return withAppliance(usage, async (connect) => {
    const { 'run-dir': directory, json, new: opening } = values;
    const api = connect(typeof directory === 'string' ? directory : undefined);
    const query = {
      ...packetFilters.of(values),
      ...(opening === true ? { new: '' } : {}),
      limit: '1',
    };
    for await (const line of api.lines('/packets', query)) {
      const told = JSON.parse(line) as PacketShown | CaptureBegan;
      if ('began' in told) {
        process.stderr.write('sluice: waiting for a packet that fits; Ctrl-C ends\n');
        continue;
      }
      const packet = { ...told, frame: undefined, lost: undefined, limited: undefined };
      const end = told.reason === null ? `out ${told.out ?? '?'}` : `dropped: ${told.reason}`;
      await print(
        json === true
          ? `${JSON.stringify({ packets: [{ n: 0, ...packet }] })}\n`
          : [
              `packet at ${told.at}: ${packetSummary(told)}`,
              ...renderSteps(told.phases),
              `  ${'result'.padEnd(8)} ${told.verdict.padEnd(8)} ${end}`,
              '',
            ].join('\n'),
      );
      return EXIT.ok;
    }
    complain('the fast path went away before one came');
    return EXIT.away;
  });
}

interface Options {
  readonly list: string;
  readonly parse: typeof parsePacketList;
  readonly stateful: boolean;
  readonly time: number;
  readonly json: boolean;
  /** The tunnels of the appliance whose rules they are; null for a file. */
  readonly running: readonly SealingTunnel[] | null;
}

/** Reads the list and sends its packets through the tables. */
async function judge(
  compiled: CompiledFile | null,
  { list, parse, stateful, time, json, running }: Options,
): Promise<number> {
  if (compiled === null) return EXIT.error;
  let text: string;
  try {
    text = readFileSync(list === '-' ? 0 : list, 'utf8');
  } catch (error) {
    complain(`${list}: ${(error as Error).message}`);
    return EXIT.error;
  }
  const { packets, errors } = parse(text, list, compiled.model);
  if (errors.length > 0) {
    process.stderr.write(`${errors.join('\n')}\n`);
    return EXIT.error;
  }
  return withOffline(compiled, async (datapath) => {
    const traced = await trace(compiled, packets, datapath, { stateful, time, running });
    await print(
      json
        ? `${JSON.stringify({ packets: traced.map(document) })}\n`
        : traced.map((one) => report(one, packets[one.n] as ListedPacket)).join('\n'),
    );
    return EXIT.ok;
  });
}

/** ms since 1970 of an ISO 8601 time with its zone, or null. */
function timeOf(text: string): number | null {
  const form = /^\d{4}-\d\d-\d\dT\d\d:\d\d(:\d\d)?(Z|[+-]\d\d:\d\d)$/;
  const time = form.test(text) ? Date.parse(text) : Number.NaN;
  return Number.isNaN(time) || time < 0 ? null : time;
}

async function trace(
  compiled: CompiledFile,
  packets: readonly ListedPacket[],
  datapath: OfflineDatapath,
  { stateful, time, running }: Pick<Options, 'stateful' | 'time' | 'running'>,
): Promise<Traced[]> {
  const names = new Names(modelNames(compiled), datapath);
  const start = BigInt(time) * 1_000_000n;
  const traced: Traced[] = [];
  for (let first = 0; first < packets.length; first += BATCH) {
    const batch = packets.slice(first, first + BATCH).map(({ iface, parts, mac }, i) => {
      const { slot, vlan } = portOf(compiled, iface);
      const bytes = etherFrame(buildPacket(parts), parts.source.family, vlan, mac);
      return { time: start + BigInt(first + i) * 1000n, iface: slot, bytes };
    });
    const { results } = await datapath.run(stateful ? 'stateful' : 'trace', batch);
    for (const result of results) {
      const n = result.input;
      const verdict = names.verdict(result, packets[n]?.iface.name ?? '');
      const packet = packets[n];
      const nat = packet === undefined ? {} : translationOf(result, packet.parts, names);
      const backend = names.backend(result.backend);
      const sa = names.tunnel(result);
      const sealed =
        sa === null || packet === undefined
          ? null
          : sealing(sa, running, endsOf(result, packet.parts));
      traced.push({
        n,
        ...verdict,
        nat,
        backend,
        sa,
        phases: phases(result, verdict.reason, names, nat, sealed),
      });
    }
  }
  return traced.sort((a, b) => a.n - b.n);
}

/** The fields of `--json`. */
function document(one: Traced) {
  const { phases: steps, nat, backend, sa, ...verdict } = one;
  return { ...verdict, nat, backend, sa, phases: steps };
}

function report(one: Traced, { iface, parts }: ListedPacket): string {
  const lines = [`packet ${one.n}: ${iface.name} ${describe(parts)}`];
  lines.push(...renderSteps(one.phases));
  const end = one.reason === null ? `out ${one.out ?? '?'}` : `dropped: ${one.reason}`;
  return [...lines, `  ${'result'.padEnd(8)} ${one.verdict.padEnd(8)} ${end}`, ''].join('\n');
}
