// SPDX-License-Identifier: BSD-3-Clause
import { cpSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import type { CandidateTold, CommitAnswer } from '../../src/daemon/api/candidates.js';
import type { Applied } from '../../src/daemon/api/types.js';
import { Lab } from '../../src/lab/lab.js';

const RULES = Number(process.env['SLUICE_RULES'] ?? 10_000);

let lab: Lab;
let folder: string;
beforeAll(async () => {
  lab = await Lab.start();
  folder = mkdtempSync(path.join(tmpdir(), 'sluice-e2e-'));
  const parts = path.join(path.dirname(lab.rules), 'parts');
  cpSync(parts, path.join(folder, 'parts'), { recursive: true });
});
afterAll(async () => {
  await lab.close();
  rmSync(folder, { recursive: true });
});

/** The lab's interfaces with so many rules between two zones. */
function large(): string {
  const office = readFileSync(lab.rules, 'utf8').replace(/\nassert:[^]*/, '\n');
  const rules = Array.from({ length: RULES }, (_, i) => {
    const source = `10.${(i >> 8) & 255}.${i & 255}.0/24`;
    const destination = `192.${(i >> 6) & 255}.${i & 63}.0/26`;
    return `      - {name: r${i}, source: ${source}, destination: ${destination}, service: tcp/${1 + (i % 999)}, action: allow}\n`;
  });
  const policy = `policies:\n  - name: many\n    from: inside\n    to: internet\n    rules:\n${rules.join('')}`;
  return office.replace(/^policies:\n/m, policy);
}

function times(what: string, { stages }: Applied): void {
  const all = Object.entries(stages) as [string, number][];
  const sum = all.reduce((total, [, ms]) => total + ms, 0);
  const each = all.map(([name, ms]) => `${name} ${ms.toFixed(0)}`).join(', ');
  process.stdout.write(`${what}: ${sum.toFixed(0)} ms (${each})\n`);
}

/** MB of sluiced with its threads, now and at most so far. */
function memory(): { now: number; most: number } {
  const status = readFileSync(`/proc/${lab.daemonPid}/status`, 'utf8');
  const of = (what: string): number =>
    (Number(new RegExp(`^${what}:\\s+(\\d+)`, 'm').exec(status)?.[1]) * 1024) / 1e6;
  return { now: of('VmRSS'), most: of('VmHWM') };
}

test(
  `${RULES} rules: applied, applied again, one changed, and back`,
  { timeout: 600_000 },
  async () => {
    const file = path.join(folder, 'large.yaml');
    const text = large();
    const apply = async (what: string, changed: string): Promise<Applied> => {
      writeFileSync(file, changed);
      const { code, stdout, stderr } = await lab.sluice('apply', file, '--json');
      expect([code, stderr]).toEqual([0, '']);
      const applied = JSON.parse(stdout) as Applied;
      times(what, applied);
      return applied;
    };
    await apply('first apply', text);
    const other = text.replace('name: r5000, ', 'name: r5000, log: true, ');
    expect((await apply('the whole file with one rule changed', other)).changed).toBe(true);
    expect((await apply('the same file again', other)).changed).toBe(false);

    const request = { mode: 'private', user: 'alice', from: 'here' };
    const { id } = (await lab.api.post('/candidates', request)) as CandidateTold;
    const commit = async (what: string, operation: object): Promise<void> => {
      const start = performance.now();
      await lab.api.post(`/candidates/${id}/edit`, { operations: [operation] });
      const edited = performance.now();
      const answer = (await lab.api.post(`/candidates/${id}/commit`, {})) as CommitAnswer;
      const done = performance.now();
      expect(answer).toMatchObject({ ok: true, changed: true });
      times(what, answer as Applied);
      process.stdout.write(
        `  as the client sees it: edit ${(edited - start).toFixed(0)}, commit ${(done - edited).toFixed(0)} ms\n`,
      );
    };
    const rule = ['policies', 'many', 'rules', 'r7000', 'action'];
    await commit('first commit of one rule', { op: 'set', path: [...rule, 'deny'] });
    await commit('next commit of one rule', { op: 'set', path: [...rule, 'reject'] });
    const start = performance.now();
    await lab.api.post(`/candidates/${id}/rollback`, { ago: 2 });
    const back = (await lab.api.post(`/candidates/${id}/commit`, {})) as CommitAnswer;
    expect(back).toMatchObject({ ok: true, changed: true });
    times('rollback 2', back as Applied);
    process.stdout.write(`  as the client sees it: ${(performance.now() - start).toFixed(0)} ms\n`);
    const { now, most } = memory();
    process.stdout.write(`sluiced takes ${now.toFixed(0)} MB, ${most.toFixed(0)} MB at most\n`);
  },
);
