// SPDX-License-Identifier: BSD-3-Clause
import { mkdirSync } from 'node:fs';
import { complain, EXIT, parseArguments, print, wrongUsage } from './arguments.js';
import { compileFile, type CompiledFile } from './compiled.js';
import { withOffline } from './offline.js';
import { openInputs, type Input } from './replay-inputs.js';
import { OutputFiles } from './replay-outputs.js';
import { Replay, type Totals } from './replay-run.js';
import type { Verdict } from '../trace/verdicts.js';

export const usage = {
  synopsis: 'replay FILE --in IFACE=CAPTURE ... [--out DIR] [--json]',
  description:
    'Sends captures through the fast path, offline, in the order of their times, and accounts for every packet.',
  options: [
    ['--in IFACE=CAPTURE', 'A pcap or pcapng file that enters by this interface; may be repeated.'],
    [
      '--out DIR',
      'Write what leaves by each port there, as IFACE.pcap, and what goes to the appliance as local.pcap.',
    ],
    ['--json', 'One document on stdout: packets, totals.'],
  ],
} as const;

/** Verdicts that go to stdout in one write. */
const WRITE = 2000;

/** `sluice replay`: exit 0, 1 for a wrong file or capture, 2 on wrong usage, 4 without a datapath. */
export async function run(args: string[]): Promise<number> {
  const parsed = parseArguments(args, usage, 1, {
    in: { type: 'string', multiple: true, default: [] },
    out: { type: 'string' },
    json: { type: 'boolean', default: false },
  });
  if (parsed === null) return EXIT.usage;
  const { in: sources, out, json } = parsed.values;
  if (sources.length === 0) {
    wrongUsage(usage, 'replay needs --in IFACE=CAPTURE');
    return EXIT.usage;
  }
  const compiled = compileFile(parsed.positionals[0] ?? '');
  if (compiled === null) return EXIT.error;
  const inputs = openInputs(compiled, sources);
  if (typeof inputs === 'number') return inputs;
  return withOffline(compiled, async (datapath) => {
    let files: OutputFiles | null;
    try {
      files = openOutputs(compiled, out);
    } catch (error) {
      complain((error as Error).message);
      return EXIT.error;
    }
    return send(inputs, files, new Replay(compiled, datapath, files), json);
  });
}

function openOutputs(compiled: CompiledFile, folder: string | undefined): OutputFiles | null {
  if (folder === undefined) return null;
  mkdirSync(folder, { recursive: true });
  return new OutputFiles(folder, compiled);
}

async function send(
  inputs: readonly Input[],
  files: OutputFiles | null,
  replay: Replay,
  json: boolean,
): Promise<number> {
  const verdicts = await replay.run(inputs);
  files?.close();
  const totals = replay.totals();
  if (json) await print('{"packets":[');
  for (let first = 0; first < verdicts.length; first += WRITE) {
    const lines = verdicts
      .slice(first, first + WRITE)
      .map((one, i) => (json ? JSON.stringify({ n: first + i, ...one }) : report(first + i, one)));
    if (json) await print((first === 0 ? '' : ',') + lines.join(','));
    else await print(`${lines.join('\n')}\n`);
  }
  await print(json ? `],"totals":${JSON.stringify(totals)}}\n` : summary(totals));
  return EXIT.ok;
}

function report(n: number, { in: entered, verdict, rule, reason, out }: Verdict): string {
  const who = rule === null ? '-' : `${rule.policy}/${rule.name}`;
  return `${n} ${entered} ${verdict} ${who} ${reason === null ? `out ${out ?? '?'}` : `dropped: ${reason}`}`;
}

function summary({ in: entered, forwarded, local, dropped, generated }: Totals): string {
  const drops = Object.entries(dropped).toSorted(([, a], [, b]) => b - a);
  return [
    `in ${entered}, forwarded ${forwarded}, local ${local}, dropped ${entered - forwarded - local}, generated ${generated}`,
    ...drops.map(([reason, count]) => `  ${reason}: ${count}`),
    '',
  ].join('\n');
}
