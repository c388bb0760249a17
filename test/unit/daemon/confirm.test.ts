// SPDX-License-Identifier: BSD-3-Clause
import { mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { Confirmation } from '../../../src/daemon/confirm.js';
import { decodeImage } from '../../../src/tables/decode.js';
import { withGeneration } from '../../../src/tables/encode.js';
import { office } from './fixture.js';

let folder: string;
beforeEach(() => {
  folder = mkdtempSync(path.join(tmpdir(), 'sluice-'));
});
afterEach(() => rmSync(folder, { recursive: true }));

const OLD = Buffer.from('the image before');
const later = (generation: number) => ({ generation, until: Date.now() + 60_000 });

test('time runs out once the generation is in force', async () => {
  const waiting = { generation: 8, until: Date.now() + 20 };
  await new Promise<void>((resolve) => {
    const confirmation = new Confirmation(folder, resolve);
    void confirmation.prepare(waiting, OLD).then(() => confirmation.start(waiting));
  });
  expect(Date.now()).toBeGreaterThanOrEqual(waiting.until - 1);
});

test('what waits outlives its process, and knows its generation', async () => {
  const first = new Confirmation(folder, () => undefined);
  await first.prepare(later(8), OLD);
  first.start(later(8));
  first.close();
  const second = new Confirmation(folder, () => undefined);
  await second.resume(8);
  expect(second.waiting?.generation).toBe(8);
  expect(await second.target()).toEqual(OLD);
  // Another one on top: it goes back to what was confirmed.
  await second.prepare(later(9), Buffer.from('unconfirmed'));
  second.start(later(9));
  expect(await second.target()).toEqual(OLD);
  second.close();
  // It never came into force, or something else is.
  const third = new Confirmation(folder, () => undefined);
  await third.resume(7);
  expect([third.waiting, readdirSync(folder)]).toEqual([null, []]);
});

test('what did not come into force is forgotten, what waited before goes on', async () => {
  const confirmation = new Confirmation(folder, () => undefined);
  await confirmation.prepare(later(8), OLD);
  await confirmation.abandon();
  expect(readdirSync(folder)).toEqual([]);
  await confirmation.prepare(later(8), OLD);
  confirmation.start(later(8));
  await confirmation.prepare(later(9), OLD);
  await confirmation.abandon();
  confirmation.close();
  const next = new Confirmation(folder, () => undefined);
  await next.resume(8);
  expect(next.waiting?.generation).toBe(8);
  await next.end();
  expect([next.waiting, readdirSync(folder)]).toEqual([null, []]);
});

test('a state that cannot be read is none', async () => {
  writeFileSync(path.join(folder, 'unconfirmed.json'), '{');
  const confirmation = new Confirmation(folder, () => undefined);
  await confirmation.resume(8);
  expect([confirmation.waiting, readdirSync(folder)]).toEqual([null, []]);
});

test('an image of another generation is the same but for that', () => {
  const { bytes, image } = office();
  const other = decodeImage(withGeneration(bytes, 99n));
  expect([image.generation, other.generation]).toEqual([7n, 99n]);
  expect(other.modelHash).toEqual(image.modelHash);
  expect(other.records('rules')).toEqual(image.records('rules'));
  expect(Buffer.from(withGeneration(withGeneration(bytes, 99n), 7n)).equals(bytes)).toBe(true);
});
