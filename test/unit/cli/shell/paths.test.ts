// SPDX-License-Identifier: BSD-3-Clause
import { expect, test } from 'vitest';
import { completion, offersFor } from '../../../../src/cli/shell/complete.js';
import { pathStep, type Purpose } from '../../../../src/cli/shell/config/path.js';
import { paths } from '../../../../src/cli/shell/config/value.js';
import type { Step } from '../../../../src/cli/shell/grammar.js';
import { parse } from '../../../../src/cli/shell/parse.js';
import { Session } from '../../../../src/cli/shell/session.js';
import { readLine } from '../../../../src/cli/shell/words.js';
import { grammar } from '../../../../src/compiler/grammar.js';

const session = new Session({ choices: [] }, { runDir: '/nonexistent', terminal: null });
/** Names by the path they stand at. */
const NAMES: Readonly<Record<string, readonly string[]>> = {
  policies: ['office-out', 'manage'],
  'policies office-out rules': ['browse'],
};

/** The language itself, with what a small candidate has. */
function language(purpose: Purpose): Step {
  return pathStep(grammar().root, {
    purpose,
    run: () => undefined,
    level: [],
    names: (_session, path) => Promise.resolve(NAMES[path.join(' ')] ?? []),
    refers: (_session, { refers }) => Promise.resolve(refers.includes('zones') ? ['dmz'] : []),
  });
}

const complete = async (text: string, purpose: Purpose = 'write') =>
  completion(await offersFor(language(purpose), text, session));

async function fate(text: string, purpose: Purpose = 'write'): Promise<string> {
  const words = readLine(text).command;
  const found = await parse(language(purpose), { words, end: text.length }, session);
  return 'message' in found ? found.message : (found.given.get('path') ?? []).join(' ');
}

test('keys, names and values of the language complete', async () => {
  expect(await complete('pol')).toBe('policies ');
  expect(await complete('policies of')).toBe('office-out ');
  expect(await complete('policies office-out rules b')).toBe('browse ');
  expect(await complete('policies office-out rules new ac')).toBe('action ');
  expect(await complete('policies office-out rules new action d')).toBe('deny ');
  expect(await complete('policies office-out from d')).toBe('dmz ');
  // A value may be followed by another key of the same map.
  expect(await complete('policies office-out rules new action deny serv')).toBe('service ');
  expect(await complete('policies office-out rules new serv', 'item')).toBeNull();
});

test('paths are whole where something is written', async () => {
  expect(await fate('zones dmz2')).toBe('zones dmz2');
  expect(await fate('policies')).toBe('the line is not whole\nexpected NAME (a policy name)');
  expect(await fate('pol p ru r act allow')).toBe('policies p rules r action allow');
  expect(await fate('policies p rules r action alow')).toBe(
    "'alow' does not fit here, did you mean 'allow'?\nexpected allow, deny or reject",
  );
  expect(await fate('zones not/a/name')).toMatch(/^'not\/a\/name' does not fit here/);
  expect(await fate('settings max-sessions 7')).toMatch(/^'7' does not fit here/);
  expect(await fate('policies', 'there')).toBe('policies');
});

test('a list in brackets is a path for each of its values', () => {
  const words = 'rules r source [ a b ] action allow'.split(' ');
  expect(paths(words)).toEqual([
    { path: ['rules', 'r', 'source', 'a'], given: [0, 1, 2, 4] },
    { path: ['rules', 'r', 'source', 'b'], given: [0, 1, 2, 5] },
    { path: ['rules', 'r', 'action', 'allow'], given: [0, 1, 7, 8] },
  ]);
});
