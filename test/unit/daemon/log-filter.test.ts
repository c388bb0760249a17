// SPDX-License-Identifier: BSD-3-Clause
import { describe, expect, test } from 'vitest';
import { logLine } from '../../../src/daemon/api/log-text.js';
import type { LogShown } from '../../../src/daemon/api/types.js';
import { logFilter } from '../../../src/daemon/show/log.js';
import { office } from './fixture.js';

const { names } = office();

const START: LogShown = {
  event: 'session-start',
  at: '2026-11-23T09:00:00.000Z',
  protocol: 'tcp',
  source: '10.1.2.3',
  source_port: 40000,
  destination: '203.0.113.80',
  destination_port: 443,
  in: 'inside',
  out: 'wan',
  from: 'inside',
  to: 'internet',
  rule: 'office-out/browse',
  file: 'rules/office.yaml',
  line: 45,
};
const END: LogShown = {
  ...START,
  event: 'session-end',
  source: '2001:db8:a::5',
  destination: '2001:db8:ffff::80',
  reason: 'finished',
  packets_forward: 5,
  packets_reply: 4,
  bytes_forward: 600,
  bytes_reply: 5000,
  duration_ms: 63_000,
};
const DENY: LogShown = {
  ...START,
  event: 'deny',
  protocol: 'udp',
  destination_port: 53,
  from: 'internet',
  rule: 'default deny',
  reason: 'policy-default',
};

describe('filters of the log', () => {
  test.each([
    ['', [START, END, DENY]],
    ['source=10.1.0.0/16', [START, DENY]],
    ['source=2001:db8:a::/64', [END]],
    ['destination=203.0.113.80', [START, DENY]],
    ['protocol=udp', [DENY]],
    ['protocol=17', [DENY]],
    ['port=443', [START, END]],
    ['from=internet', [DENY]],
    ['to=dmz', []],
    ['rule=office-out/browse&port=443&source=10.1.2.3', [START]],
  ])('%s', (text, wanted) => {
    const fits = logFilter(new URLSearchParams(text), names);
    expect([START, END, DENY].filter(fits)).toEqual(wanted);
  });

  test('name what there is', () => {
    expect(() => logFilter(new URLSearchParams('rule=office-out/brows'), names)).toThrow(
      "there is no rule 'office-out/brows', did you mean 'office-out/browse'?",
    );
  });
});

test('records as lines', () => {
  expect([START, END, DENY].map(logLine)).toEqual([
    '2026-11-23T09:00:00.000Z session-start tcp 10.1.2.3:40000 > 203.0.113.80:443 inside>internet office-out/browse',
    '2026-11-23T09:00:00.000Z session-end   tcp [2001:db8:a::5]:40000 > [2001:db8:ffff::80]:443 inside>internet office-out/browse (finished) after 1m03s packets 5/4 bytes 600/5000',
    '2026-11-23T09:00:00.000Z deny          udp 10.1.2.3:40000 > 203.0.113.80:53 internet>internet default deny (policy-default)',
  ]);
});
