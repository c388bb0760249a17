// SPDX-License-Identifier: BSD-3-Clause
import { afterAll, beforeAll, expect, test } from 'vitest';
import type { InterfaceShown } from '../../src/daemon/show/interfaces.js';
import type { RuleShown } from '../../src/daemon/show/rules.js';
import { Lab } from '../../src/lab/lab.js';
import { parseOpenMetrics } from '../reference/openmetrics.js';

let lab: Lab;
beforeAll(async () => {
  lab = await Lab.start();
  const { code, stderr } = await lab.sluice('apply', lab.rules);
  expect([code, stderr]).toEqual([0, '']);
});
afterAll(() => lab.close());

const hits = async () => {
  const { rules } = await lab.show<{ rules: RuleShown[] }>('rules');
  return new Map(rules.map((one) => [`${one.policy ?? ''}/${one.rule}`, one.hits]));
};

test('metrics of the running appliance say what shows say', async () => {
  const before = await hits();
  const metrics = parseOpenMetrics(await lab.api.text('/metrics'));
  const after = await hits();
  expect(metrics.get('sluice_datapath_up')?.samples[0]?.value).toBe(1);
  const told = metrics.get('sluice_rule_hits')!.samples;
  expect(told.length).toBe(before.size);
  for (const { labels, value } of told) {
    const key = `${labels.get('policy')!}/${labels.get('rule')!}`;
    expect(value).toBeGreaterThanOrEqual(before.get(key)!);
    expect(value).toBeLessThanOrEqual(after.get(key)!);
  }
  const { interfaces } = await lab.show<{ interfaces: InterfaceShown[] }>('interfaces');
  const up = metrics.get('sluice_interface_up')!.samples;
  expect(
    up.map(({ labels, value }) => [labels.get('interface'), labels.get('zone'), value]),
  ).toEqual(interfaces.map(({ name, zone, link }) => [name, zone ?? '', link === 'up' ? 1 : 0]));
  expect(metrics.get('sluice_dropped_packets')!.samples.length).toBeGreaterThan(20);
  expect(metrics.get('process_resident_memory_bytes')!.samples[0]!.value).toBeGreaterThan(1e6);
});
