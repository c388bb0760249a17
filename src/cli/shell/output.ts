// SPDX-License-Identifier: BSD-3-Clause
import type { Form, Output } from './grammar.js';
import type { Stage } from './pipes.js';

/** The last station of output: the terminal's pager, or a file. */
export interface Sink {
  /** Whole lines, each with its newline, or what is left of one. */
  write(text: string): Promise<void>;
}

/** Output through the filters of a line. */
export class PipedOutput implements Output {
  readonly form: Form;
  readonly signal: AbortSignal;
  readonly #stages: readonly Stage[];
  readonly #sink: Sink;
  #rest = '';

  constructor(
    { form, stages }: { readonly form: Form; readonly stages: readonly Stage[] },
    sink: Sink,
    signal: AbortSignal,
  ) {
    this.form = form;
    this.signal = signal;
    this.#stages = stages;
    this.#sink = sink;
  }

  async write(text: string): Promise<void> {
    const lines = (this.#rest + text).split('\n');
    this.#rest = lines.pop() ?? '';
    await this.#send(lines, 0);
  }

  /** After the command: what is still held back. */
  async end(): Promise<void> {
    const rest = this.#rest;
    this.#rest = '';
    if (rest !== '') await this.#send([rest], 0);
    for (const [i, stage] of this.#stages.entries()) await this.#send(stage.end(), i + 1);
  }

  async #send(lines: readonly string[], first: number): Promise<void> {
    let left = lines;
    for (const stage of this.#stages.slice(first)) left = left.flatMap((line) => stage.line(line));
    if (left.length > 0) await this.#sink.write(left.map((line) => `${line}\n`).join(''));
  }
}
