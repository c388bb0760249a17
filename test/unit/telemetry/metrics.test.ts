// SPDX-License-Identifier: BSD-3-Clause
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { familiesOf, type Figures } from '../../../src/telemetry/families.js';
import { openMetrics } from '../../../src/telemetry/openmetrics.js';
import { parseOpenMetrics } from '../../reference/openmetrics.js';

const PROCESS = { cpuSeconds: 1.5, resident: 1000, started: 1_800_000_000 };
const counts = { rx_packets: 3, rx_bytes: 300, tx_packets: 2, tx_bytes: 200, rx_dropped: 1 };
const worker = {
  sessions4: 5n,
  sessions6: 6n,
  created: 20n,
  ended: 9n,
  handed_over: 1n,
  busy_cycles: 7n,
  idle_cycles: 8n,
};
const backend = { share: 0.5, sessions: 1, opened: 2, packets: 3, bytes: 4 };
const sa = (spi: string) => ({
  spi_in: spi,
  bytes_in: 500,
  packets_in: 5,
  bytes_out: 400,
  packets_out: 4,
  fast_path: spi === 'c1' ? { replayed: 3, forged: 1 } : null,
});
const FIGURES: Figures = {
  drops: [{ reason: 'policy-deny', packets: 4 }],
  rules: [
    { policy: 'p', rule: 'r', hits: 1, sessions: 2, packets: 3, bytes: 4 },
    { policy: null, rule: 'default deny', hits: 5, sessions: 0, packets: 0, bytes: 0 },
  ],
  interfaces: [
    { name: 'a', zone: 'z', link: 'up', ...counts },
    { name: 'b', zone: 'z', link: 'down', ...counts },
    { name: 'm', zone: null, link: 'up', ...counts },
  ],
  workers: [worker, worker],
  pools: [{ rule: 'office', interface: null, sessions: 3, blocks: { lent: 1, all: 4 } }],
  balancers: [{ name: 'shop', backends: [{ name: 'web1', state: 'up', ...backend }] }],
  vpn: {
    tunnels: [
      { name: 'hq', state: 'up', children: [sa('c1'), sa('c2')] },
      { name: 'hq', state: 'connecting', children: [] },
      { name: 'branch', state: 'down', children: [] },
    ],
    engines: [{ name: 'aesni_mb', kind: 'cpu', state: 'ready', sas: 2, failures: 0, failovers: 0 }],
  },
  generation: 7n,
  boot: 1_800_000_000_000_000_000n,
};

test('every figure is there, under its name and labels', () => {
  const metrics = parseOpenMetrics(openMetrics(familiesOf(FIGURES, PROCESS)));
  const value = (name: string, labels: Record<string, string>) =>
    metrics
      .get(name)
      ?.samples.find(
        (one) => JSON.stringify([...one.labels]) === JSON.stringify(Object.entries(labels)),
      )?.value;
  expect(value('sluice_dropped_packets', { reason: 'policy-deny' })).toBe(4);
  expect(value('sluice_rule_bytes', { policy: 'p', rule: 'r' })).toBe(4);
  expect(value('sluice_rule_hits', { policy: '', rule: 'default deny' })).toBe(5);
  expect(value('sluice_interface_up', { interface: 'b', zone: 'z' })).toBe(0);
  expect(value('sluice_zone_receive_bytes', { zone: 'z' })).toBe(600);
  expect(value('sluice_sessions', { worker: '1', family: 'ipv6' })).toBe(6);
  expect(value('sluice_nat_pool_blocks_lent', { rule: 'office', interface: '' })).toBe(1);
  expect(
    value('sluice_balancer_backend_sessions_opened', { balancer: 'shop', backend: 'web1' }),
  ).toBe(2);
  expect(value('sluice_vpn_tunnel_up', { tunnel: 'hq' })).toBe(1);
  expect(value('sluice_vpn_tunnel_up', { tunnel: 'branch' })).toBe(0);
  expect(value('sluice_vpn_tunnel_peers', { tunnel: 'hq' })).toBe(1);
  expect(value('sluice_vpn_tunnel_sas', { tunnel: 'hq' })).toBe(2);
  expect(value('sluice_vpn_sa_receive_bytes', { tunnel: 'hq', spi: 'c2' })).toBe(500);
  expect(value('sluice_vpn_sa_replayed_packets', { tunnel: 'hq', spi: 'c1' })).toBe(3);
  expect(value('sluice_vpn_engine_ready', { engine: 'aesni_mb', kind: 'cpu' })).toBe(1);
  expect(value('sluice_datapath_start_time_seconds', {})).toBe(1_800_000_000);
  expect([...metrics.values()].every(({ help }) => help !== null && help !== '')).toBe(true);
});

test('without a datapath it says so', () => {
  const metrics = parseOpenMetrics(openMetrics(familiesOf(null, PROCESS)));
  expect(metrics.get('sluice_datapath_up')?.samples[0]?.value).toBe(0);
  expect([...metrics.keys()].filter((name) => name.startsWith('sluice_'))).toEqual([
    'sluice_datapath_up',
  ]);
});

test('labels of any text come back as they were', () => {
  fc.assert(
    fc.property(
      fc.string({ unit: 'grapheme' }),
      fc.double({ noNaN: true, noDefaultInfinity: true }),
      (text, value) => {
        const family = {
          name: 'x',
          type: 'gauge',
          help: text,
          samples: [{ labels: { a: text, b: '"' }, value }],
        } as const;
        const metric = parseOpenMetrics(openMetrics([family])).get('x');
        expect(metric?.samples[0]?.labels.get('a')).toBe(text);
        expect(metric?.help).toBe(text);
        expect(metric?.samples[0]?.value).toBe(value === 0 ? 0 : value);
      },
    ),
  );
});

test('the dashboard asks for metrics there are', () => {
  const file = join(import.meta.dirname, '../../../image/grafana/sluice.json');
  const dashboard = JSON.parse(readFileSync(file, 'utf8')) as {
    panels: { targets: { expr: string }[] }[];
  };
  const metrics = parseOpenMetrics(openMetrics(familiesOf(FIGURES, PROCESS)));
  const known = new Set(
    [...metrics.values()].flatMap(({ samples }) => samples.map(({ name }) => name)),
  );
  const asked = dashboard.panels.flatMap(({ targets }) =>
    targets.flatMap(({ expr }) => expr.match(/\b(sluice|process)_\w+/g) ?? []),
  );
  expect(asked.length).toBeGreaterThan(10);
  expect(asked.filter((name) => !known.has(name))).toEqual([]);
});
