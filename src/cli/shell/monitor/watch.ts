// SPDX-License-Identifier: BSD-3-Clause
import type { ApiClient } from '../../../daemon/api/client.js';
import { CommandError, type Output } from '../grammar.js';
import type { Session } from '../session.js';
import { clip } from '../width.js';

/** ms between two looks. */
const PERIOD = 1000;
/** Another screen, so that what was on this one comes back. */
const ENTER = '\x1b[?1049h\x1b[?25l';
const LEAVE = '\x1b[?25h\x1b[?1049l';

/** What a view draws: `seconds` since it did before, null the first time. */
export type Frame = (api: ApiClient, seconds: number | null) => Promise<readonly string[]>;

/** Draws a view each second until `q` or Ctrl-C. */
export async function watch(
  session: Session,
  out: Output,
  title: string,
  frame: Frame,
): Promise<void> {
  const { terminal } = session;
  if (terminal === null) throw new CommandError('a view that refreshes needs a terminal');
  const api = await session.api();
  const { output } = terminal;
  let stop = (): void => undefined;
  const over = new Promise<true>((resolve) => (stop = () => resolve(true)));
  const stopped = (ms: number): Promise<boolean> =>
    Promise.race([over, new Promise<false>((resolve) => setTimeout(() => resolve(false), ms))]);
  const letGo = terminal.keyboard.grab((key) => {
    if (key === 'q' || key === 'Q' || key === '\x03') stop();
  });
  out.signal.addEventListener('abort', stop);
  output.write(ENTER);
  try {
    for (let before: number | null = null; ;) {
      const now = performance.now();
      const lines = await frame(api, before === null ? null : (now - before) / 1000);
      before = now;
      const head = `${title}  ${new Date().toISOString()}  q leaves`;
      const shown = [head, '', ...lines].slice(0, output.rows - 1);
      const text = shown.map((line) => `${clip(line, output.columns - 1)}\x1b[K\n`).join('');
      output.write(`\x1b[H${text}\x1b[J`);
      if (await stopped(PERIOD)) break;
    }
  } finally {
    output.write(LEAVE);
    out.signal.removeEventListener('abort', stop);
    letGo();
  }
}

const BARS = '▁▂▃▄▅▆▇█';
/** Values of a graph. */
const WIDTH = 20;

/** A small graph of the last values, by name. */
export class Graphs {
  readonly #values = new Map<string, number[]>();

  add(name: string, value: number): string {
    const values = [...(this.#values.get(name) ?? []), value].slice(-WIDTH);
    this.#values.set(name, values);
    const most = Math.max(...values, 1);
    return values.map((one) => BARS.charAt(Math.round((one / most) * (BARS.length - 1)))).join('');
  }
}

/** A rate for people: 950, 12.3k, 4.56M. */
export function rate(value: number): string {
  for (const [unit, size] of [
    ['G', 1e9],
    ['M', 1e6],
    ['k', 1e3],
  ] as const)
    if (value >= size) return `${(value / size).toPrecision(3)}${unit}`;
  return value.toFixed(0);
}
