// SPDX-License-Identifier: BSD-3-Clause
import { parseArgs } from 'node:util';
import { loadModel, ruleFileTexts } from '../compiler/load.js';
import type { Applied, ApplyJson, ApplyRequest, Previewed, Refused } from '../daemon/api/types.js';
import { toJson, type Diagnostic } from '../diagnostics/diagnostic.js';
import { render } from '../diagnostics/render.js';
import { diskReader, type Reader } from '../rulefile/reader.js';
import type { FlowAsked } from '../daemon/api/flows.js';
import { CaptureError } from '../datapath/capture.js';
import { complain, EXIT, print } from './arguments.js';
import { flowsOfFile } from './capture-flows.js';
import { RUN_DIR_OPTION, UsageError, withAppliance } from './client.js';
import { previewText } from './preview-text.js';

type Answer = Applied | Previewed | Refused;

export const usage = {
  synopsis:
    'apply FILE [--preview [--pcap [IFACE=]CAPTURE] [--log MINUTES] | --confirm MINUTES] [--replace] [--json]',
  description:
    'Compiles a rule file and brings it into force, all of it or nothing. Its assertions are asked first.',
  options: [
    [
      '--preview',
      'Change nothing: say which rules would change and which live sessions would end, by rule.',
    ],
    [
      '--pcap [IFACE=]CAPTURE',
      'Preview: which flows of a capture would get another verdict, by which rule before and after; without IFACE each enters where its source is.',
    ],
    ['--log MINUTES', 'Preview: the same of the flows logged in the last minutes.'],
    [
      '--confirm MINUTES',
      'Go back to what was in force unless `sluice confirm` or another apply comes within these.',
    ],
    ['--replace', 'Also over edits made on the appliance since the last apply.'],
    [
      '--json',
      'One document on stdout: changed, bytes, generation, stages, sessions; of a preview also ended_by, rules, flows.',
    ],
  ],
} as const;

/** `sluice apply`: exit 0 in force (or would be), 1 refused and nothing changed, 2 usage, 4 away. */
export function run(args: string[]): Promise<number> {
  return withAppliance(usage, async (connect) => {
    const { values, positionals } = parseArgs({
      args,
      allowPositionals: true,
      options: {
        json: { type: 'boolean', default: false },
        replace: { type: 'boolean', default: false },
        preview: { type: 'boolean', default: false },
        confirm: { type: 'string' },
        pcap: { type: 'string' },
        log: { type: 'string' },
        ...RUN_DIR_OPTION,
      },
    });
    if (values.preview && values.confirm !== undefined)
      throw new UsageError('a preview changes nothing that could be confirmed');
    const { pcap, log } = values;
    if (!values.preview && (pcap !== undefined || log !== undefined))
      throw new UsageError('--pcap and --log are of a preview');
    const [file, ...rest] = positionals;
    if (file === undefined || rest.length > 0) throw new UsageError('one rule file is needed');

    const files = readFiles(file);
    if (files === null) return report(unreadable(file), values.json);
    const request: ApplyRequest = {
      files,
      directory: process.cwd(),
      replace: values.replace,
      ...(pcap === undefined ? {} : { flows: captured(pcap) }),
    };
    const query = new URLSearchParams({
      main: file,
      ...(values.preview ? { preview: '' } : {}),
      ...(log === undefined ? {} : { 'flows-of-log': log }),
      ...(values.confirm === undefined ? {} : { confirm: values.confirm }),
    });
    const answer = await connect(values['run-dir']).post(`/apply?${query.toString()}`, request);
    return report(answer as Answer, values.json);
  });
}

function captured(pcap: string): FlowAsked[] {
  try {
    return flowsOfFile(pcap);
  } catch (error) {
    if (error instanceof CaptureError) throw new UsageError(error.message);
    throw error;
  }
}

/** The rule file with what it includes, or null when a file is there but cannot be read as text. */
function readFiles(file: string): Record<string, string> | null {
  const unread = new Set<string>();
  const reader: Reader = (path) => {
    const text = diskReader(path);
    if (text !== null && typeof text !== 'string') unread.add(path);
    return text;
  };
  const texts = ruleFileTexts(file, reader);
  return unread.size > 0 ? null : Object.fromEntries(texts);
}

/** What a file says that sluiced would not get to see. */
function unreadable(file: string): Refused {
  const { diagnostics } = loadModel(file, diskReader);
  return { ok: false, message: 'the rule file has errors', diagnostics };
}

async function report(answer: Answer, json: boolean): Promise<number> {
  for (const diagnostic of answer.diagnostics) process.stderr.write(`${render(diagnostic)}\n`);
  if (!answer.ok) complain(`${answer.message}; nothing has changed`);
  if (json) await print(`${JSON.stringify(plain(answer))}\n`);
  else if (answer.ok)
    await print(`${'preview' in answer ? previewText(answer) : summary(answer)}\n`);
  return answer.ok ? EXIT.ok : EXIT.error;
}

function plain(answer: Answer): ApplyJson {
  const diagnostics = answer.diagnostics.map((one: Diagnostic) => toJson(one));
  return { ...answer, diagnostics };
}

function summary({ changed, generation, bytes, stages, sessions, confirm_until }: Applied): string {
  if (!changed) return `unchanged: generation ${generation} stays in force`;
  const times = Object.entries<number>({ ...stages }).map(
    ([name, ms]) => `${name} ${ms.toFixed(1)}`,
  );
  return [
    `generation ${generation} is in force, ${bytes} bytes`,
    `sessions: ${sessions.kept} kept, ${sessions.ended} ended`,
    `ms: ${times.join(', ')}`,
    ...(confirm_until === undefined
      ? []
      : [`goes back at ${confirm_until} unless \`sluice confirm\` comes before`]),
  ].join('\n');
}
