// SPDX-License-Identifier: BSD-3-Clause
import { spawn, type ChildProcess } from 'node:child_process';
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { MESSAGES, MESSAGE_CONSTANTS as M } from '../tables/messages.js';
import { measure, readRecord, writeRecord, type RecordOf } from '../tables/records.js';
import { FrameReader, type Frame } from './frames.js';
import { projectRoot } from './root.js';

/** The datapath is not there, died, or answered out of turn; commands exit with 4. */
export class DatapathError extends Error {}
/** The datapath is well and refuses the tables; its text says why. */
export class ImageRefused extends Error {}

/** One packet in: a frame from the Ethernet header on, at the slot of the port itself. */
export interface OfflinePacket {
  /** ns since the epoch, never decreasing. */
  readonly time: bigint;
  readonly iface: number;
  readonly bytes: Uint8Array;
}
export type OfflineResult = RecordOf<typeof MESSAGES.result>;
export type OfflineOutput = RecordOf<typeof MESSAGES.output> & { readonly bytes: Uint8Array };
export interface OfflineAnswer {
  readonly results: readonly OfflineResult[];
  readonly outputs: readonly OfflineOutput[];
}
export type OfflineMode = 'trace' | 'stateful' | 'replay';

const MODES = { trace: M.MODE_TRACE, stateful: M.MODE_STATEFUL, replay: M.MODE_REPLAY } as const;
const STDERR_KEPT = 4096;
const SIZES = {
  frame: measure(MESSAGES.frame).size,
  batch: measure(MESSAGES.batch).size,
  packet: measure(MESSAGES.packet).size,
  head: measure(MESSAGES.result_head).size,
  result: measure(MESSAGES.result).size,
  output: measure(MESSAGES.output).size,
};

/** Where the datapath lies: SLUICE_DATAPATH, else the build of this tree. */
export function datapathBinary(): string {
  return process.env['SLUICE_DATAPATH'] ?? join(projectRoot(), 'build/native/sluice-datapath');
}

/**
 * The datapath as a child that takes packets from us and not from ports: the real code, no root, no
 * devices. One request is under way at a time; close it when done.
 */
export class OfflineDatapath {
  readonly #child: ChildProcess;
  readonly #waiting: { done: (frame: Frame) => void; failed: (error: Error) => void }[] = [];
  #dead: DatapathError | null = null;
  #stderr = '';
  #reasons: readonly string[] = [];

  private constructor(binary: string) {
    this.#child = spawn(binary, ['--offline'], { stdio: ['pipe', 'pipe', 'pipe'] });
    const reader = new FrameReader((frame) => {
      const next = this.#waiting.shift();
      if (next === undefined) this.#fail('it answered without being asked');
      else next.done(frame);
    });
    this.#child.stdout?.on('data', (chunk: Buffer) => {
      try {
        reader.push(chunk);
      } catch (error) {
        this.#fail((error as Error).message);
      }
    });
    this.#child.stderr?.setEncoding('utf8').on('data', (text: string) => {
      this.#stderr = (this.#stderr + text).slice(-STDERR_KEPT);
    });
    // A write to a dead child fails here as well as in `close`, which knows more.
    this.#child.stdin?.on('error', () => undefined);
    this.#child.on('error', (error) => this.#fail(error.message));
    this.#child.on('close', (code, signal) => {
      const how = signal === null ? `exit ${String(code)}` : `signal ${signal}`;
      const said = this.#stderr.trim().split('\n').slice(-5).join('\n');
      this.#fail(`it ended with ${how}${said === '' ? '' : `:\n${said}`}`);
    });
  }

  /** Starts the datapath; DatapathError if it is not there or does not greet. */
  static async start(binary = datapathBinary()): Promise<OfflineDatapath> {
    if (!existsSync(binary)) throw new DatapathError(`the datapath is not built: no ${binary}`);
    const datapath = new OfflineDatapath(binary);
    try {
      const hello = await datapath.#answer(M.FRAME_HELLO);
      datapath.#reasons = hello.toString('utf8').split('\0').slice(0, -1);
    } catch (error) {
      await datapath.close();
      throw error;
    }
    return datapath;
  }

  /** The name of a drop reason; null for none. */
  reason(id: number): string | null {
    return id === 0 ? null : (this.#reasons[id] ?? 'unknown');
  }

  /** Gives it tables, and with them an empty session table. ImageRefused if it does not take them. */
  async load(image: Uint8Array): Promise<void> {
    const answer = this.#answer(M.FRAME_IMAGE);
    this.#write(M.FRAME_IMAGE, [image]);
    await answer;
  }

  /** Runs packets through; `last` settles what the datapath holds back. */
  async run(
    mode: OfflineMode,
    packets: readonly OfflinePacket[],
    last = false,
  ): Promise<OfflineAnswer> {
    const answer = this.#answer(M.FRAME_RESULT);
    this.#write(M.FRAME_BATCH, batch(mode, packets, last));
    try {
      return parseAnswer(await answer);
    } catch (error) {
      if (!(error instanceof RangeError)) throw error;
      throw this.#fail('its answer is cut off');
    }
  }

  /** Ends the child and waits until it is gone. */
  async close(): Promise<void> {
    const child = this.#child;
    this.#dead ??= new DatapathError('the datapath is closed');
    if (child.exitCode !== null || child.signalCode !== null || child.pid === undefined) return;
    const gone = new Promise((done) => child.once('close', done));
    child.kill('SIGKILL');
    await gone;
  }

  async #answer(type: number): Promise<Buffer> {
    const frame = await new Promise<Frame>((done, failed) => {
      if (this.#dead !== null) failed(this.#dead);
      else this.#waiting.push({ done, failed });
    });
    if (frame.type === M.FRAME_ERROR) {
      const text = frame.payload.toString('utf8');
      if (type === M.FRAME_IMAGE) throw new ImageRefused(text);
      throw this.#fail(text);
    }
    if (frame.type !== type)
      throw this.#fail(`it answered with frame ${frame.type} where ${type} is due`);
    return frame.payload;
  }

  #write(type: number, parts: readonly Uint8Array[]): void {
    const head = new Uint8Array(SIZES.frame);
    const length = parts.reduce((sum, part) => sum + part.length, 0);
    writeRecord(MESSAGES.frame, new DataView(head.buffer), 0, { length, type });
    const stdin = this.#child.stdin;
    if (stdin === null || this.#dead !== null) return;
    stdin.cork();
    stdin.write(head);
    for (const part of parts) stdin.write(part);
    stdin.uncork();
  }

  #fail(message: string): DatapathError {
    this.#dead ??= new DatapathError(`the datapath failed: ${message}`);
    const dead = this.#dead;
    for (const { failed } of this.#waiting.splice(0)) failed(dead);
    if (this.#child.exitCode === null && this.#child.pid !== undefined) this.#child.kill('SIGKILL');
    return dead;
  }
}

function batch(mode: OfflineMode, packets: readonly OfflinePacket[], last: boolean): Uint8Array[] {
  let size = SIZES.batch;
  for (const { bytes } of packets) size += SIZES.packet + pad8(bytes.length);
  const buffer = new Uint8Array(size);
  const view = new DataView(buffer.buffer);
  writeRecord(MESSAGES.batch, view, 0, {
    mode: MODES[mode],
    flags: last ? M.BATCH_LAST : 0,
    count: packets.length,
  });
  let at = SIZES.batch;
  for (const { time, iface, bytes } of packets) {
    writeRecord(MESSAGES.packet, view, at, { time, length: bytes.length, iface, flags: 0 });
    buffer.set(bytes, at + SIZES.packet);
    at += SIZES.packet + pad8(bytes.length);
  }
  return [buffer];
}

function parseAnswer(payload: Buffer): OfflineAnswer {
  const view = new DataView(payload.buffer, payload.byteOffset, payload.length);
  const head = readRecord(MESSAGES.result_head, view, 0);
  let at = SIZES.head;
  const results: OfflineResult[] = [];
  for (let i = 0; i < head.results; i++, at += SIZES.result)
    results.push(readRecord(MESSAGES.result, view, at));
  const outputs: OfflineOutput[] = [];
  for (let i = 0; i < head.outputs; i++) {
    const output = readRecord(MESSAGES.output, view, at);
    at += SIZES.output;
    if (at + output.length > payload.length) throw new RangeError('output passes the end');
    outputs.push({ ...output, bytes: payload.subarray(at, at + output.length) });
    at += pad8(output.length);
  }
  return { results, outputs };
}

function pad8(length: number): number {
  return (length + 7) & ~7;
}
