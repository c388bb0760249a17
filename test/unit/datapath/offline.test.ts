// SPDX-License-Identifier: BSD-3-Clause
import { chmodSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { FrameReader } from '../../../src/datapath/frames.js';
import { DatapathError, OfflineDatapath } from '../../../src/datapath/offline.js';

let folder: string;
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'sluice-'));
});
afterAll(() => rmSync(folder, { recursive: true }));

/** A program that is no datapath. */
function program(name: string, script: string): string {
  const path = join(folder, name);
  writeFileSync(path, `#!/bin/sh\n${script}\n`);
  chmodSync(path, 0o755);
  return path;
}

async function failure(work: () => Promise<unknown>): Promise<string> {
  try {
    await work();
  } catch (error) {
    if (error instanceof DatapathError) return error.message;
    throw error;
  }
  return 'no failure';
}
const HELLO = `printf '\\004\\000\\000\\000\\001\\000\\000\\000no\\000\\000'`;

describe('a datapath that fails is named, with what it said', () => {
  test.each([
    ['ends', 'exit 3', 'the datapath failed: it ended with exit 3'],
    [
      'says',
      'echo no hugepages >&2; exit 1',
      'the datapath failed: it ended with exit 1:\nno hugepages',
    ],
    ['dies', 'kill -9 $$', 'the datapath failed: it ended with signal SIGKILL'],
    [
      'babbles',
      'printf "\\377\\377\\377\\377\\377\\377\\377\\377"; cat >/dev/null',
      'the datapath failed: a frame of 4294967295 bytes',
    ],
    [
      'errs',
      `printf '\\004\\000\\000\\000\\005\\000\\000\\000oops'; cat >/dev/null`,
      'the datapath failed: oops',
    ],
  ])('%s', async (name, script, message) => {
    expect(await failure(() => OfflineDatapath.start(program(name, script)))).toBe(message);
  });

  test('it is not there', async () => {
    const path = join(folder, 'none');
    expect(await failure(() => OfflineDatapath.start(path))).toBe(
      `the datapath is not built: no ${path}`,
    );
  });

  test('it dies over a request', async () => {
    const datapath = await OfflineDatapath.start(
      program('once', `${HELLO}; head -c 8 >/dev/null; exit 7`),
    );
    expect(await failure(() => datapath.load(new Uint8Array(1 << 20)))).toBe(
      'the datapath failed: it ended with exit 7',
    );
    expect(await failure(() => datapath.run('trace', []))).toBe(
      'the datapath failed: it ended with exit 7',
    );
    await datapath.close();
  });

  test('its answer is cut off', async () => {
    const answer = `printf '\\010\\000\\000\\000\\004\\000\\000\\000\\001\\000\\000\\000\\000\\000\\000\\000'`;
    const datapath = await OfflineDatapath.start(
      program('cut', `${HELLO}; head -c 16 >/dev/null; ${answer}; cat >/dev/null`),
    );
    expect(await failure(() => datapath.run('trace', []))).toBe(
      'the datapath failed: its answer is cut off',
    );
    await datapath.close();
  });
});

test('frames come out whole however they are cut', () => {
  const frame = (type: number, text: string) => {
    const head = Buffer.alloc(8);
    head.writeUInt32LE(text.length, 0);
    head.writeUInt32LE(type, 4);
    return Buffer.concat([head, Buffer.from(text)]);
  };
  const all = Buffer.concat([
    frame(1, 'one'),
    frame(2, ''),
    frame(3, 'a longer one'),
    frame(4, 'x'),
  ]);
  for (let size = 1; size <= all.length; size++) {
    const got: [number, string][] = [];
    const reader = new FrameReader(({ type, payload }) => got.push([type, payload.toString()]));
    for (let at = 0; at < all.length; at += size) reader.push(all.subarray(at, at + size));
    expect(got).toEqual([
      [1, 'one'],
      [2, ''],
      [3, 'a longer one'],
      [4, 'x'],
    ]);
  }
});
