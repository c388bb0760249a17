// SPDX-License-Identifier: BSD-3-Clause
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import fc from 'fast-check';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { SetMemory } from '../../../src/compiler/image-sets.js';
import { compileModel } from '../../../src/compiler/image.js';
import { loadModel, loadTree, ruleFileTexts } from '../../../src/compiler/load.js';
import { noSlots } from '../../../src/compiler/slots.js';
import type { Operation } from '../../../src/daemon/api/candidates.js';
import { Candidates } from '../../../src/daemon/candidates.js';
import { Journal, type Commit } from '../../../src/daemon/journal/journal.js';
import { diskReader, textReader } from '../../../src/rulefile/reader.js';
import { projectRoot } from '../../../src/datapath/root.js';

let folder: string;
beforeAll(() => {
  folder = mkdtempSync(path.join(tmpdir(), 'sluice-incremental-'));
});
afterAll(() => rmSync(folder, { recursive: true }));

const POLICIES = ['office-out', 'published', 'manage', 'extra'];
const RULES = ['browse', 'shop', 'ssh', 'one', 'two', 'three'];
const GROUPS = ['lan', 'staff', 'fresh'];

const policy = fc.constantFrom(...POLICIES);
const rule = fc.constantFrom(...RULES);
const place = fc.tuple(policy, rule).map(([p, r]) => ['policies', p, 'rules', r]);
const value = fc.oneof(
  fc.constantFrom('any', '10.7.0.0/16', '2001:db8:a:7::/64', '203.0.113.7', '192.0.2.1/24'),
  fc.constantFrom(...GROUPS),
);

/** What people type: a good deal of it is refused, or gives a configuration with faults. */
const operation: fc.Arbitrary<Operation> = fc.oneof(
  fc.tuple(place, fc.constantFrom('allow', 'deny', 'reject')).map(([at, action]): Operation => ({
    op: 'set',
    path: [...at, 'action', action],
  })),
  fc
    .tuple(place, fc.constantFrom('source', 'destination'), value)
    .map(([at, key, text]): Operation => ({ op: 'set', path: [...at, key, text] })),
  fc
    .tuple(place, fc.constantFrom('tcp/443', 'udp/53', 'web', 'icmpv6/echo-request'))
    .map(([at, text]): Operation => ({ op: 'set', path: [...at, 'service', text] })),
  fc.tuple(place, fc.string({ unit: 'grapheme', maxLength: 120 })).map(([at, text]): Operation => ({
    op: 'set',
    path: [...at, 'description', text],
  })),
  place.map((at): Operation => ({ op: 'delete', path: at })),
  policy.map((name): Operation => ({ op: 'delete', path: ['policies', name] })),
  policy.map((name): Operation => ({ op: 'set', path: ['policies', name, 'from', 'inside'] })),
  policy.map((name): Operation => ({ op: 'set', path: ['policies', name, 'to', 'internet'] })),
  fc
    .tuple(policy, fc.constantFrom('true', 'false'))
    .map(([name, on]): Operation => ({ op: 'set', path: ['policies', name, 'enabled', on] })),
  fc.tuple(place, rule).map(([at, to]): Operation => ({ op: 'copy', path: at, to })),
  fc.tuple(place, rule).map(([at, to]): Operation => ({ op: 'rename', path: at, to })),
  fc
    .tuple(place, fc.constantFrom('first', 'last'))
    .map(([at, where]): Operation => ({ op: 'insert', path: at, where })),
  fc
    .tuple(place, fc.boolean())
    .map(([at, off]): Operation => ({ op: off ? 'deactivate' : 'activate', path: at })),
  fc
    .tuple(fc.constantFrom(...GROUPS), value)
    .map(([name, text]): Operation => ({ op: 'set', path: ['groups', 'addresses', name, text] })),
  fc
    .constantFrom(...GROUPS)
    .map((name): Operation => ({ op: 'delete', path: ['groups', 'addresses', name] })),
  fc.constantFrom('wan', 'inside').map((name): Operation => ({
    op: 'set',
    path: ['interfaces', name, 'mtu', '1400'],
  })),
);

test(
  'any edits give the image and the diagnostics that a load from nothing gives',
  { timeout: 300_000 },
  () => {
    let run = 0;
    let good = 0;
    const main = path.join(projectRoot(), 'rules/office.yaml');
    const files = Object.fromEntries(ruleFileTexts(main, diskReader));
    fc.assert(
      fc.property(
        fc.array(fc.array(operation, { minLength: 1, maxLength: 4 }), {
          minLength: 1,
          maxLength: 6,
        }),
        fc.boolean(),
        (commits, warm) => {
          const journal = new Journal(path.join(folder, String(run++)));
          const request = { files, directory: path.dirname(main) };
          const about = { at: '', user: 'u', from: 'f', comment: null, paths: null, changes: [] };
          const commit = (number: number): Commit => ({
            commit: number,
            by: 'apply',
            main,
            ...about,
          });
          journal.prepare(commit(1), request);
          journal.settle(1);
          const candidates = new Candidates(journal);
          const { id } = candidates.open({ mode: 'private', user: 'u', from: 'f' });
          if (warm) candidates.warm();
          let slots = noSlots();
          const sets = new SetMemory();
          let number = 2;
          for (const operations of commits) {
            for (const one of operations) candidates.edit(id, [one]);
            const built = candidates.build(id, number);
            if (built.kind !== 'texts') continue;
            const loaded = loadTree(built.tree);
            const texts = new Map(Object.entries(built.request.files));
            const plain = loadModel(built.main, textReader(texts));
            expect(loaded.diagnostics).toEqual(plain.diagnostics);
            if (loaded.model === null || plain.model === null) {
              expect(loaded.model).toBe(plain.model);
              candidates.rollback(id, 0);
              continue;
            }
            const options = { generation: number, slots };
            const compiled = compileModel(loaded.model, { ...options, sets });
            const scratch = compileModel(plain.model, options);
            expect(compiled).toEqual(scratch);
            if (!compiled.ok) continue;
            ({ slots } = compiled);
            journal.prepare(commit(number), built.request);
            journal.settle(number);
            candidates.committed(id, number, built);
            number++;
            good++;
          }
        },
      ),
      { numRuns: 150 },
    );
    // Not all of it was refused.
    expect(good).toBeGreaterThan(50);
  },
);
