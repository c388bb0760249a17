// SPDX-License-Identifier: BSD-3-Clause
import { join } from 'node:path';
import { promisify } from 'node:util';
import koffi from 'koffi';
import { measure } from '../tables/records.js';
import { MESSAGES, MESSAGE_CONSTANTS } from '../tables/messages.js';
import { projectRoot } from './root.js';

/** The datapath is not there or went away; the CLI's exit 4. */
export class DatapathAway extends Error {}

/** The datapath refused a request; the message is for the user. */
export class DatapathRefused extends Error {}

export interface Control {
  /** Sends one request (OP_*) and gives the response's body. One at a time per connection. */
  request(op: number, options?: RequestOptions): Promise<Buffer>;
  close(): void;
}

export interface RequestOptions {
  readonly argument?: bigint;
  readonly body?: Uint8Array;
  /** ms, default 60,000 */
  readonly timeout?: number;
}

export interface CountersHead {
  readonly pid: number;
  readonly workers: number;
  readonly generation: bigint;
  /** ns since the epoch when the datapath started. */
  readonly boot: bigint;
}

export interface Counters {
  head(): CountersHead;
  /** True once the datapath made a new file: close this one and open again. */
  stale(): boolean;
  /** `count` records from `first` of one worker's array, as they lie in memory. */
  read(array: string, worker: number, first: number, count: number): Buffer;
  /** Log records taken out of a worker's ring, and how many were left out since the start. */
  takeLog(worker: number): TakenLog;
  close(): void;
}

export interface TakenLog {
  readonly records: Buffer;
  /** For a full ring. */
  readonly lost: bigint;
  /** By the limits of their rules. */
  readonly limited: bigint;
}

type Handle = unknown;
const LOG_BATCH = 1024;
let functions: ReturnType<typeof load> | undefined;

function load() {
  const path =
    process.env['SLUICE_LIBRARY'] ?? join(projectRoot(), 'build/native/client/libsluice.so');
  const lib = koffi.load(path);
  return {
    controlOpen: lib.func('int sluice_control_open(const char *, _Out_ void **)'),
    controlClose: lib.func('void sluice_control_close(void *)'),
    request: lib.func(
      'int sluice_control_request(void *, uint32_t, uint64_t, const void *, uint64_t, uint32_t, _Out_ void **, _Out_ uint64_t *)',
    ),
    free: lib.func('void sluice_free(void *)'),
    countersOpen: lib.func('int sluice_counters_open(const char *, _Out_ void **)'),
    countersClose: lib.func('void sluice_counters_close(void *)'),
    countersStale: lib.func('int sluice_counters_stale(void *)'),
    countersHead: lib.func('void sluice_counters_head(void *, void *)'),
    countersRead: lib.func(
      'int64_t sluice_counters_read(void *, const char *, uint32_t, uint32_t, uint32_t, void *)',
    ),
    logTake: lib.func(
      'int64_t sluice_log_take(void *, uint32_t, void *, uint32_t, _Out_ uint64_t *, _Out_ uint64_t *)',
    ),
  };
}

function library(): ReturnType<typeof load> {
  return (functions ??= load());
}

function open(what: string, call: (out: Handle[]) => number): Handle {
  const out: Handle[] = [null];
  const status = call(out);
  if (status < 0) throw new DatapathAway(`${what}: ${errorName(-status)}`);
  return out[0];
}

function errorName(errno: number): string {
  for (const [name, value] of Object.entries(koffi.os.errno)) if (value === errno) return name;
  return `errno ${String(errno)}`;
}

/** Connects to the control socket in `runDir`. Throws DatapathAway. */
export function openControl(runDir: string): Control {
  const lib = library();
  const handle = open('datapath', (out) => lib.controlOpen(runDir, out) as number);
  const call = promisify(lib.request.async) as (...args: unknown[]) => Promise<number>;
  return {
    async request(op, { argument = 0n, body, timeout = 60_000 } = {}) {
      const answer: Handle[] = [null];
      const size: (bigint | number)[] = [0];
      const bytes = body ?? new Uint8Array();
      const status = await call(handle, op, argument, bytes, bytes.length, timeout, answer, size);
      if (status < 0) throw new DatapathAway(`datapath: ${errorName(-status)}`);
      const length = Number(size[0]);
      const copy = Buffer.from(
        answer[0] === null || length === 0 ? [] : new Uint8Array(koffi.view(answer[0], length)),
      );
      lib.free(answer[0]);
      if (status > 0) throw new DatapathRefused(copy.toString());
      return copy;
    },
    close: () => {
      lib.controlClose(handle);
    },
  };
}

/** Maps the shared counters in `runDir`. Throws DatapathAway. */
export function openCounters(runDir: string): Counters {
  const lib = library();
  const handle = open('counters', (out) => lib.countersOpen(runDir, out) as number);
  const head = measure(MESSAGES.counters_head);
  const records: Record<string, number> = {
    drop: measure(MESSAGES.drop_counter).size,
    rule: measure(MESSAGES.rule_counter).size,
    iface: measure(MESSAGES.iface_counter).size,
    worker: measure(MESSAGES.worker_counter).size,
    names: 1,
  };
  const at = (name: string) => head.offsets.get(name) ?? 0;
  return {
    head() {
      const bytes = Buffer.alloc(head.size);
      lib.countersHead(handle, bytes);
      return {
        pid: bytes.readUInt32LE(at('pid')),
        workers: bytes.readUInt32LE(at('workers')),
        generation: bytes.readBigUInt64LE(at('generation')),
        boot: bytes.readBigUInt64LE(at('boot')),
      };
    },
    stale: () => lib.countersStale(handle) !== 0,
    read(array, worker, first, count) {
      const size = records[array];
      if (size === undefined) throw new RangeError(`no counters ${array}`);
      const bytes = Buffer.alloc(size * count);
      const got = Number(lib.countersRead(handle, array, worker, first, count, bytes));
      if (got !== bytes.length) throw new RangeError(`counters ${array}[${String(first)}]`);
      return bytes;
    },
    takeLog(worker) {
      const size = measure(MESSAGES.log_record).size;
      const bytes = Buffer.alloc(size * LOG_BATCH);
      const lost: (bigint | number)[] = [0];
      const limited: (bigint | number)[] = [0];
      const got = Number(lib.logTake(handle, worker, bytes, LOG_BATCH, lost, limited));
      if (got < 0) throw new RangeError(`no log of worker ${String(worker)}`);
      return {
        records: bytes.subarray(0, got * size),
        lost: BigInt(lost[0] ?? 0),
        limited: BigInt(limited[0] ?? 0),
      };
    },
    close: () => {
      lib.countersClose(handle);
    },
  };
}

/** Reason names by id, from the counters file. */
export function dropNames(counters: Counters): string[] {
  const text = counters.read('names', 0, 0, 8192).toString('latin1');
  return text.slice(0, text.indexOf('\0\0')).split('\0');
}

export { MESSAGE_CONSTANTS as control };
