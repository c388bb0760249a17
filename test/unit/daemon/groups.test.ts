// SPDX-License-Identifier: BSD-3-Clause
import { expect, test } from 'vitest';
import { compileModel } from '../../../src/compiler/image.js';
import { loadModel } from '../../../src/compiler/load.js';
import { noSlots } from '../../../src/compiler/slots.js';
import { groupsTold, liveModel, renew } from '../../../src/daemon/groups/live.js';
import { textReader } from '../../../src/rulefile/reader.js';
import { BASE } from '../fixtures/codes.js';

const RULES = `${BASE}groups:
  addresses:
    a: {from-file: a.txt}
    both: {include: a, from-file: lists/b.txt, except: 10.0.0.2}
  services: {web: [tcp/80, tcp/443]}
policies:
  - name: p
    from: internet
    to: inside
    rules:
      - {name: one, source: both, action: deny}
      - {name: two, source: {from-file: c.txt}, action: deny}
`;

function load(a: string, b: string, c = '10.9.0.1\n') {
  const texts = { 'r/x.yaml': RULES, 'r/a.txt': a, 'r/lists/b.txt': b, 'r/c.txt': c };
  const reader = textReader(new Map(Object.entries(texts)));
  const { model, groups } = loadModel('r/x.yaml', reader);
  if (model === null || groups === null) throw new Error('the rule file has errors');
  return liveModel({ main: 'r/x.yaml', model, groups }, '/home', texts, (file) => `at ${file}`);
}

const image = (live: ReturnType<typeof load>): Uint8Array => {
  const compiled = compileModel(live.model, { generation: 3, slots: noSlots() });
  if (!compiled.ok) throw new Error('it does not compile');
  return compiled.image;
};

test('new members make the image that a load of the new files gives; a bad file keeps its own', () => {
  const live = load('10.0.0.1\n', '10.0.0.2\n');
  const disk = new Map([
    ['/home/r/a.txt', '10.0.0.1\n10.0.0.3\n'],
    ['/home/r/lists/b.txt', 'what?\n10.0.0.4\n'],
  ]);
  const renewed = renew(live, null, textReader(disk));
  expect(
    renewed.reads.map(({ file, state, entries, diagnostics }) => [
      file,
      state,
      entries,
      ...diagnostics.map(({ line, code }) => `${line} ${code}`),
    ]),
  ).toEqual([
    ['/home/r/a.txt', 'new', 2],
    ['/home/r/lists/b.txt', 'bad', 1, '1 address-invalid'],
    ['/home/r/c.txt', 'bad', 1, '1 file-missing'],
  ]);
  const wanted = load('10.0.0.1\n10.0.0.3\n', '10.0.0.2\n');
  expect(Buffer.from(image(renewed.live!)).equals(image(wanted))).toBe(true);
  expect([...renewed.texts]).toEqual([['r/a.txt', '10.0.0.1\n10.0.0.3\n']]);
});

test('the same text again is no change, and only files that are asked for are read', () => {
  const live = load('10.0.0.1\n', '10.0.0.2\n');
  const reader = textReader(new Map([['/home/r/a.txt', '10.0.0.1\n']]));
  expect(renew(live, ['/home/r/a.txt'], reader)).toMatchObject({
    live: null,
    reads: [{ file: '/home/r/a.txt', state: 'same', entries: 1, diagnostics: [] }],
  });
});

test('groups are told with their sizes and files, those of rules without a name', () => {
  const told = groupsTold(load('10.0.0.1\n2001:db8::/32\n', '10.0.0.2\n10.0.0.4\n'));
  const [a, b, c] = ['/home/r/a.txt', '/home/r/lists/b.txt', '/home/r/c.txt'];
  expect(
    told.groups.map((one) => [one.name, one.kind, one.v4, one.v6, one.services, one.files]),
  ).toEqual([
    ['a', 'addresses', 1, 1, 0, [a]],
    ['both', 'addresses', 2, 1, 0, [a, b]],
    ['bogons', 'built-in', 14, 15, 0, []],
    ['web', 'services', 0, 0, 2, []],
    [null, 'inline', 1, 0, 0, [c]],
  ]);
  expect(told.files[1]).toEqual({ file: b, entries: 2, loaded: 'at r/lists/b.txt' });
});
