// SPDX-License-Identifier: BSD-3-Clause
import { afterAll, beforeAll, expect, test } from 'vitest';
import type { CandidateTold, SetConfig } from '../../src/daemon/api/candidates.js';
import type { RuleShown } from '../../src/daemon/show/rules.js';
import { Lab } from '../../src/lab/lab.js';
import { INTERNET } from '../../src/lab/network.js';
import { until } from '../../src/lab/until.js';

/** SLUICE_KILLS=200 for more of them. */
const KILLS = Number(process.env['SLUICE_KILLS'] ?? 6);
const RULE = ['policies', 'office-out', 'rules', 'extra'];

let lab: Lab;
beforeAll(async () => {
  lab = await Lab.start();
  const { code, stderr } = await lab.sluice('apply', lab.rules);
  expect([code, stderr]).toEqual([0, '']);
});
afterAll(() => lab.close());

async function candidate(): Promise<string> {
  const request = { mode: 'private', user: 'alice', from: 'here' };
  const { id } = (await lab.api.post('/candidates', request)) as CandidateTold;
  return id;
}

/** Whether the configuration has the rule, and whether the datapath runs it. */
async function state(): Promise<{ saved: boolean; runs: boolean }> {
  const query = { format: 'set', path: JSON.stringify(RULE.slice(0, 3)) };
  const { lines } = (await lab.api.get('/configuration', query)) as SetConfig;
  const { rules } = await lab.show<{ rules: RuleShown[] }>('rules');
  return {
    saved: lines.some((line) => line.includes(' extra ')),
    runs: rules.some(({ rule }) => rule === 'extra'),
  };
}

/** The commit of the rule, or of its end; ms it took, where it came to an end. */
async function commit(there: boolean): Promise<number> {
  const id = await candidate();
  const path = there ? [...RULE, 'service', 'tcp/4444', 'action', 'allow'] : RULE;
  await lab.api.post(`/candidates/${id}/edit`, {
    operations: [{ op: there ? 'set' : 'delete', path }],
  });
  const start = performance.now();
  await lab.api.post(`/candidates/${id}/commit`, {});
  return performance.now() - start;
}

test(
  'sluiced or the datapath killed anywhere in a commit: a whole configuration, and traffic',
  { timeout: 120_000 + KILLS * 20_000 },
  async () => {
    let length = await commit(true);
    await commit(false);
    const outcomes = { old: 0, new: 0 };
    const flow = await lab.hosts.inside.tcp(INTERNET.v4, 80);
    for (let i = 0; i < KILLS; i++) {
      const before = await state();
      expect(before.runs).toBe(before.saved);
      const which = i % 3 === 2 ? 'datapath' : 'sluiced';
      const running = commit(!before.saved).then(
        (ms) => {
          length = ms;
        },
        () => undefined,
      );
      // The edit before the commit takes a while too: some come before it, some after.
      const delay = Math.random() * length * 2.5;
      await new Promise((resolve) => setTimeout(resolve, delay));
      if (which === 'sluiced') {
        await lab.killDaemon();
        await running;
        await lab.startDaemon();
      } else {
        process.kill(lab.datapathPid, 'SIGKILL');
        await running;
      }
      const after = await until('an appliance that agrees with itself', 60_000, async () => {
        const now = await state().catch(() => null);
        return now !== null && now.saved === now.runs ? now : null;
      })
        .then(({ value }) => value)
        .catch((error: unknown) => {
          throw new Error(`kill ${i} of ${which} after ${delay.toFixed(0)} ms\n${lab.logs()}`, {
            cause: error,
          });
        });
      outcomes[after.saved === before.saved ? 'old' : 'new']++;
      const probe = await lab.hosts.inside.tcp(INTERNET.v4, 80);
      await probe.echo(`after ${i}`);
      await probe.close();
      if (which === 'sluiced' && i < 2) await flow.echo(`still ${i}`);
    }
    process.stdout.write(`${KILLS} kills: ${outcomes.old} old, ${outcomes.new} new\n`);
    expect(outcomes.old + outcomes.new).toBe(KILLS);
  },
);
