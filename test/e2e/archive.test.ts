// SPDX-License-Identifier: BSD-3-Clause
import {
  cpSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { hostname, tmpdir } from 'node:os';
import path from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import type { CandidateTold } from '../../src/daemon/api/candidates.js';
import type { Applied } from '../../src/daemon/api/types.js';
import type { ArchiveState } from '../../src/daemon/archive/archives.js';
import { command } from '../../src/lab/command.js';
import { Lab } from '../../src/lab/lab.js';
import { until } from '../../src/lab/until.js';

/* Commits kept in a directory and pushed to git, also after the remote was away for a while. */

let lab: Lab;
let folder: string;
const at = (name: string): string => path.join(folder, name);
const git = (...args: string[]): Promise<string> =>
  command(['git', '--git-dir', at('remote.git'), ...args]);

beforeAll(async () => {
  lab = await Lab.start();
  folder = mkdtempSync(path.join(tmpdir(), 'sluice-archive-'));
  cpSync(path.join(path.dirname(lab.rules), 'parts'), at('parts'), { recursive: true });
});
afterAll(async () => {
  await lab.close();
  rmSync(folder, { recursive: true });
});

function office(): string {
  const archive = `[{ directory: ${at('kept')} }, { git: 'file://${at('remote.git')}', branch: edge }]`;
  return readFileSync(lab.rules, 'utf8')
    .replace(/\nassert:[^]*/, '\n')
    .replace('system: { hostname: edge1 }', `system: { archive: ${archive} }`);
}

async function apply(text: string): Promise<number> {
  writeFileSync(at('rules.yaml'), text);
  const { code, stdout, stderr } = await lab.sluice('apply', at('rules.yaml'), '--json');
  expect([code, stderr]).toEqual([0, '']);
  return (JSON.parse(stdout) as Applied).generation;
}

const states = async (): Promise<readonly ArchiveState[]> =>
  (await lab.show<{ archives: ArchiveState[] }>('archive')).archives;

const archived = (commit: number, ...which: number[]): Promise<unknown> =>
  until(`commit ${commit} in the archives`, 20_000, async () => {
    const all = await states();
    return which.every((i) => all[i]?.commit === commit && all[i].problem === null);
  });

test('a commit is in the directory at once, and in git as soon as the remote is there', async () => {
  const first = await apply(office());
  await archived(first, 0);
  const kept = at(`kept/${hostname()}-${first}`);
  expect(readFileSync(path.join(kept, 'rules.yaml'), 'utf8')).toBe(office());
  expect(readdirSync(kept).sort()).toEqual(['commit.json', 'parts', 'rules.yaml']);
  expect(JSON.parse(readFileSync(path.join(kept, 'commit.json'), 'utf8'))).toMatchObject({
    commit: first,
    by: 'apply',
  });
  const { value: failing } = await until('a failure that is told', 20_000, async () => {
    const one = (await states())[1];
    return one?.problem == null ? null : one;
  });
  expect(failing).toMatchObject({ commit: null, waiting: 1, branch: 'edge' });
  expect(failing.problem).toMatch(/^git ls-remote: .*remote\.git/);
  const shown = await lab.sluice('show', 'archive');
  expect(shown.stdout).toContain(failing.problem!);

  await command(['git', 'init', '-q', '--bare', at('remote.git')]);
  // The remote has a history of somebody else already.
  mkdirSync(at('clone'));
  await command(['git', 'init', '-q', '--initial-branch=edge', at('clone')]);
  const commit = ['-c', 'user.name=a', '-c', 'user.email=a', 'commit', '-q', '--allow-empty'];
  await command(['git', '-C', at('clone'), ...commit, '-m', 'theirs']);
  await command(['git', '-C', at('clone'), 'push', '-q', `file://${at('remote.git')}`, 'edge']);

  const { id } = (await lab.api.post('/candidates', {
    mode: 'private',
    user: 'alice',
    from: 'here',
  })) as CandidateTold;
  const operation = {
    op: 'set',
    path: ['policies', 'office-out', 'rules', 'browse', 'log', 'true'],
  };
  await lab.api.post(`/candidates/${id}/edit`, { operations: [operation] });
  const edited = (await lab.api.post(`/candidates/${id}/commit`, {
    comment: 'log what is browsed',
  })) as Applied;
  await archived(edited.generation, 0, 1);
  // What was committed while the remote was away is there too, on top of what it had.
  const log = (await git('log', '--format=%an|%s', 'edge')).trim().split('\n');
  expect(log).toEqual(['root|log what is browsed', `root|commit ${first}`, 'a|theirs']);
  expect(await git('show', 'edge~1:rules.yaml')).toBe(office());
  const text = await git('show', 'edge:configuration.yaml');
  expect(text).toContain('name: browse');
  expect(
    readFileSync(at(`kept/${hostname()}-${edited.generation}/configuration.yaml`), 'utf8'),
  ).toBe(text);
});

test('what others push meanwhile stays', async () => {
  await command(['git', '-C', at('clone'), 'pull', '-q', `file://${at('remote.git')}`, 'edge']);
  const commit = ['-c', 'user.name=a', '-c', 'user.email=a', 'commit', '-q', '--allow-empty'];
  await command(['git', '-C', at('clone'), ...commit, '-m', 'theirs again']);
  await command(['git', '-C', at('clone'), 'push', '-q', `file://${at('remote.git')}`, 'edge']);
  writeFileSync(at('rules.yaml'), office());
  const { code } = await lab.sluice('apply', at('rules.yaml'), '--replace');
  expect(code).toBe(0);
  const { generation } = await lab.show<{ generation: number }>('version');
  await archived(generation, 0, 1);
  const log = (await git('log', '--format=%an|%s', '-2', 'edge')).trim().split('\n');
  expect(log).toEqual([`root|commit ${generation}`, 'a|theirs again']);
});
