// SPDX-License-Identifier: BSD-3-Clause
import { rmSync } from 'node:fs';
import { request, type IncomingMessage } from 'node:http';
import path from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import type {
  CandidateTold,
  CommitAnswer,
  CommitTold,
  Compared,
  Edited,
  EditRefused,
  LiveNames,
  SetConfig,
} from '../../src/daemon/api/candidates.js';
import type { Applied, Previewed } from '../../src/daemon/api/types.js';
import type { RuleShown } from '../../src/daemon/show/rules.js';
import { Lab } from '../../src/lab/lab.js';
import { INTERNET } from '../../src/lab/network.js';
import { until } from '../../src/lab/until.js';
import { wordsOf } from '../../src/rulefile/words.js';

let lab: Lab;
beforeAll(async () => {
  lab = await Lab.start();
  const { code, stderr } = await lab.sluice('apply', lab.rules);
  expect([code, stderr]).toEqual([0, '']);
});
afterAll(() => lab.close());

const open = (user: string, mode = 'private') =>
  lab.api.post('/candidates', { mode, user, from: 'here' }) as Promise<CandidateTold>;
const edit = (id: string, ...lines: string[]) =>
  lab.api.post(`/candidates/${id}/edit`, {
    operations: lines.map((line) => {
      const [op, ...words] = wordsOf(line)!;
      return { op, path: words };
    }),
  }) as Promise<Edited | EditRefused>;
const commit = (id: string, how: object = {}) =>
  lab.api.post(`/candidates/${id}/commit`, how) as Promise<CommitAnswer>;
const rule = async (name: string): Promise<RuleShown | undefined> =>
  (await lab.show<{ rules: RuleShown[] }>('rules')).rules.find((one) => one.rule === name);
const commits = () => lab.api.get('/commits') as Promise<CommitTold[]>;

test('a rule is set, checked, previewed, committed and rolled back; its file is the commit', async () => {
  const { id, base } = await open('alice');
  expect((await commits())[0]).toMatchObject({
    commit: base,
    ago: 0,
    by: 'apply',
    main: lab.rules,
  });
  expect(
    await edit(id, 'set policies office-out rules block-http service tcp/80 tcp/443 action deny'),
  ).toMatchObject({
    ok: true,
    changed: true,
  });
  await lab.api.post(`/candidates/${id}/edit`, {
    operations: [
      { op: 'insert', path: ['policies', 'office-out', 'rules', 'block-http'], where: 'first' },
    ],
  });
  const flow = await lab.hosts.inside.tcp(INTERNET.v4, 80);
  await flow.echo('before');
  const compared = (await lab.api.get(`/candidates/${id}/compare`)) as Compared;
  expect(compared.commands).toEqual([
    'set policies office-out rules block-http service tcp/80',
    'set policies office-out rules block-http service tcp/443',
    'set policies office-out rules block-http action deny',
    'insert policies office-out rules block-http first',
  ]);
  expect(compared.hunks[0]?.path).toEqual(['policies', 'office-out', 'rules']);
  expect(await commit(id, { check: true })).toMatchObject({
    ok: false,
    message: 'an assertion does not hold',
  });
  expect(await edit(id, 'delete assert')).toMatchObject({ ok: true });
  expect(await commit(id, { check: true })).toMatchObject({ ok: true, changed: true });
  const preview = (await commit(id, { preview: true })) as Previewed;
  expect(preview.rules.added.map((one) => one.rule)).toEqual(['block-http']);
  expect(preview.sessions.ended).toBe(1);
  expect(preview.changes).toContainEqual({
    what: 'rule',
    path: ['policies', 'office-out', 'rules', 'block-http'],
    change: 'added',
  });
  expect(preview.findings?.map((one) => one.code)).not.toContain('unknown-zone');
  expect(await rule('block-http')).toBeUndefined();
  const done = (await commit(id, { comment: 'no plain HTTP' })) as Applied;
  expect(done).toMatchObject({
    ok: true,
    changed: true,
    generation: base + 1,
    sessions: { ended: 1 },
  });
  expect(await rule('block-http')).toMatchObject({ file: `commit:${base + 1}` });
  expect((await commits())[0]).toMatchObject({
    by: 'edit',
    comment: 'no plain HTTP',
    commit: base + 1,
  });
  // The same again is nothing new.
  expect(await commit(id)).toMatchObject({ ok: true, changed: false, generation: base + 1 });

  // A file goes over edits only where it is told to.
  const { code, stderr } = await lab.sluice('apply', lab.rules);
  expect(code).toBe(1);
  expect(stderr).toContain('set policies office-out rules block-http service tcp/80 (');
  expect(await rule('block-http')).toBeDefined();

  await lab.api.post(`/candidates/${id}/rollback`, { ago: 1 });
  expect(await commit(id)).toMatchObject({ ok: true, generation: base + 2 });
  expect(await rule('block-http')).toBeUndefined();
  expect(await rule('browse')).toMatchObject({
    file: expect.stringContaining('office.yaml') as string,
  });
  await lab.api.delete(`/candidates/${id}`);
  expect((await lab.sluice('apply', lab.rules)).code).toBe(0);
});

test('a refused operation names the word; nothing of its request happens', async () => {
  const { id } = await open('alice');
  const refused = await edit(id, 'set zones lab', 'set policies office-out rulez x');
  expect(refused).toMatchObject({
    ok: false,
    errors: [
      { operation: 1, word: 2, message: "there is no key 'rulez' here", suggestions: ['rules'] },
    ],
  });
  expect(((await lab.api.get(`/candidates/${id}/compare`)) as Compared).commands).toEqual([]);
  await edit(id, 'set policies office-out rules browse source no-such-group');
  const answer = await commit(id);
  expect(answer).toMatchObject({ ok: false, diagnostics: [{ code: 'unknown-group' }] });
  expect(answer.diagnostics[0]?.path).toEqual([
    'policies',
    'office-out',
    'rules',
    'browse',
    'source',
    'no-such-group',
  ]);
  await lab.api.delete(`/candidates/${id}`);
});

test('two people: other places come together, the same place is refused, one alone locks', async () => {
  const [alice, bob] = [await open('alice'), await open('bob')];
  await edit(alice.id, 'set zones lab description "of alice"');
  await edit(bob.id, 'set groups addresses of-bob 192.0.2.9');
  expect(await commit(alice.id)).toMatchObject({ ok: true });
  expect(await commit(bob.id)).toMatchObject({ ok: true });
  const { lines } = (await lab.api.get('/configuration', { format: 'set' })) as SetConfig;
  expect(lines).toEqual(
    expect.arrayContaining([
      'set zones lab description "of alice"',
      'set groups addresses of-bob 192.0.2.9',
    ]),
  );
  const names = (await lab.api.get('/names')) as LiveNames;
  expect(names['address-groups']).toContain('of-bob');

  await edit(alice.id, 'set policies office-out rules browse log true');
  await edit(bob.id, 'delete assert', 'delete policies office-out rules browse');
  expect(await commit(bob.id)).toMatchObject({ ok: true });
  expect(await commit(alice.id)).toMatchObject({
    ok: false,
    conflicts: [
      {
        path: ['policies', 'office-out', 'rules', 'browse', 'log'],
        commit: expect.any(Number) as number,
      },
    ],
  });
  await expect(open('carol', 'exclusive')).rejects.toThrow('alice (here');
  await lab.api.delete(`/candidates/${alice.id}`);
  const carol = await open('carol', 'exclusive');
  await expect(open('dave')).rejects.toThrow('carol (here');
  await edit(bob.id, 'set zones other');
  expect(await commit(bob.id)).toMatchObject({ ok: false });
  expect((await lab.sluice('apply', lab.rules, '--replace')).stderr).toContain('carol (here');
  // Whoever is gone holds nothing.
  const socketPath = path.join(lab.runDirectory, 'sluiced.sock');
  const held = await new Promise<IncomingMessage>((resolve, reject) => {
    const asked = request({ socketPath, path: `/candidates/${carol.id}/hold` }, resolve);
    asked.on('error', reject).end();
  });
  const others = () => lab.api.get('/candidates') as Promise<CandidateTold[]>;
  expect((await others()).map((one) => one.user)).toEqual(['bob', 'carol']);
  held.destroy();
  await until('the lock to go', 20_000, async () => (await others()).length === 1);
  await lab.api.delete(`/candidates/${bob.id}`);
  expect((await lab.sluice('apply', lab.rules, '--replace')).code).toBe(0);
});

test('a commit that nobody confirms goes back; a reboot brings back what ran', async () => {
  const { id } = await open('alice');
  await edit(id, 'delete assert', 'delete policies office-out rules browse');
  const answer = await commit(id, { confirm: 5 });
  expect(answer).toMatchObject({ ok: true, changed: true });
  const { generation } = answer as Applied;
  expect(await rule('browse')).toBeUndefined();
  // A reboot: no datapath, no sluiced, and nothing in /run but what the lab itself has there.
  await lab.stopDaemon();
  process.kill(lab.datapathPid, 'SIGKILL');
  rmSync(path.join(lab.runDirectory, 'image'));
  await lab.startDaemon();
  const version = () => lab.show<{ generation: number; confirm_until: string | null }>('version');
  await until('the tables', 30_000, async () => (await version()).generation === generation);
  expect(await rule('browse')).toBeUndefined();
  expect((await version()).confirm_until).not.toBeNull();
  await lab.api.post('/confirm', {});
  expect((await version()).confirm_until).toBeNull();
});
