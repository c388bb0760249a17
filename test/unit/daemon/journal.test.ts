// SPDX-License-Identifier: BSD-3-Clause
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { Journal, MOST_COMMITS, type Commit } from '../../../src/daemon/journal/journal.js';

let folder: string;
let journal: Journal;
beforeEach(() => {
  folder = mkdtempSync(path.join(tmpdir(), 'sluice-journal-'));
  journal = new Journal(folder);
});
afterEach(() => rmSync(folder, { recursive: true }));

const request = { files: { 'x.yaml': 'x', 'a.txt': 'old' }, directory: '/home' };

function commit(number: number, more: Partial<Commit> = {}): Commit {
  const who = { user: 'alice', from: '192.0.2.1', comment: null };
  const what = { by: 'apply', main: 'x.yaml', paths: null, changes: [] } as const;
  return { commit: number, at: '2026-01-01T00:00:00.000Z', ...who, ...what, ...more };
}

test('what is prepared is no commit before it is settled, and goes with the next one', () => {
  journal.prepare(commit(1), request);
  expect([journal.head, journal.list()]).toEqual([0, []]);
  journal.prepare(commit(2), request);
  expect(journal.read(1)).toBeNull();
  journal.settle(2);
  expect(journal.list().map((one) => [one.commit, one.ago, one.user])).toEqual([[2, 0, 'alice']]);
  journal.prepare(commit(3), request);
  expect(new Journal(folder).list().map((one) => one.commit)).toEqual([2]);
});

test('texts of address files are the newest, also of a commit that comes back', () => {
  journal.prepare(commit(1), request);
  journal.settle(1);
  journal.reload(1, new Map([['a.txt', 'new']]));
  journal.prepare(commit(2, { main: 'y.yaml' }), request);
  journal.settle(2);
  expect(journal.read(2)).toMatchObject({ main: 'y.yaml', request });
  journal.bringBack(1, commit(3, { by: 'expired' }));
  expect(journal.read(3)).toMatchObject({
    main: 'x.yaml',
    request: { files: { 'x.yaml': 'x', 'a.txt': 'new' } },
  });
  expect([...journal.read(3)!.loaded.keys()]).toEqual(['a.txt']);
  expect(journal.list().map((one) => [one.commit, one.by])).toEqual([
    [3, 'expired'],
    [2, 'apply'],
    [1, 'apply'],
  ]);
  journal.rewrite(commit(3), request);
  expect(journal.read(3)).toMatchObject({ request });
});

test('edits since the last file are told, and a file ends them', () => {
  const changes = ['set zones a'];
  journal.prepare(commit(1), request);
  journal.settle(1);
  for (const number of [2, 3]) {
    journal.prepare(commit(number, { by: 'edit', main: `commit:${number}`, changes }), request);
    journal.settle(number);
  }
  expect(journal.edits().map((one) => [one.commit, one.changes])).toEqual([
    [2, changes],
    [3, changes],
  ]);
  journal.prepare(commit(4), request);
  journal.settle(4);
  expect(journal.edits()).toEqual([]);
});

test(`${MOST_COMMITS} commits are kept`, () => {
  for (let number = 1; number <= MOST_COMMITS + 3; number++) {
    journal.prepare(commit(number), request);
    journal.settle(number);
  }
  expect(journal.list()).toHaveLength(MOST_COMMITS);
  expect(journal.list().at(-1)?.commit).toBe(4);
});
