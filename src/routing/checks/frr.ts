// SPDX-License-Identifier: BSD-3-Clause
import { spawnSync } from 'node:child_process';
import type { Source } from '../../diagnostics/source.js';
import type { Context } from '../../rulefile/context.js';
import { daemonOf } from '../frr.js';
import type { RoutingConfig } from '../schema.js';

interface Fault {
  /** From 1. */
  readonly line: number;
  readonly message: string;
}

/** Of the text that was asked last: a candidate is loaded often, and this part of it changes seldom. */
let last: { readonly text: string; readonly faults: readonly Fault[] } | null = null;

/** FRR's own file: vtysh says which lines it does not know, and no line is for a daemon that is not run. */
export function checkFrr({ routing }: RoutingConfig, context: Context): void {
  const source = routing?.frr === undefined ? undefined : context.text(routing.frr);
  if (source === undefined) return;
  if (last?.text !== source.text) last = { text: source.text, faults: faultsOf(source.text) };
  for (const { line, message } of last.faults)
    context.report('frr-line', spanOf(source, line), message);
}

function faultsOf(text: string): Fault[] {
  const found = text.split(/\r?\n/).flatMap((line, i): Fault[] => {
    const daemon = daemonOf(line);
    if (daemon === undefined || !('missing' in daemon)) return [];
    return [{ line: i + 1, message: `this belongs to ${daemon.missing}, which is not run` }];
  });
  // Through a pipe: Node gives a socket, which vtysh cannot open by name. Where it is not installed it
  // says nothing of any line; the appliance will.
  const { stderr } = spawnSync('sh', ['-c', 'cat | vtysh -C -f /dev/stdin'], {
    input: text,
    encoding: 'utf8',
    maxBuffer: 1 << 26,
  });
  for (const said of stderr.matchAll(/^line (\d+): % (.*)$/gm)) {
    const [, line, why = ''] = said;
    found.push({ line: Number(line), message: reasonOf(why) });
  }
  return found;
}

function reasonOf(why: string): string {
  const [, reason = ''] = /^([A-Za-z ]+?)(\[\d+\])?(:|$)/.exec(why) ?? [];
  if (reason === 'Unknown command') return 'FRR does not know this line';
  if (reason === 'Command incomplete') return 'FRR wants more of this line';
  if (reason === 'Ambiguous command') return 'FRR reads this line in more than one way';
  return `FRR refuses this line: ${why}`;
}

/** A line without the blanks around it. */
function spanOf(source: Source, line: number): { offset: number; end: number } {
  const text = source.line(line);
  const start = source.base + source.offset({ line, column: 1 });
  const blanks = text.length - text.trimStart().length;
  return { offset: start + blanks, end: start + Math.max(blanks + 1, text.trimEnd().length) };
}
