// SPDX-License-Identifier: BSD-3-Clause
import { expect, test } from 'vitest';
import { accountOf, may } from '../../../src/daemon/http/asker.js';

const PASSWD =
  'root:x:0:0::/root:/bin/sh\nalice:x:1000:1000::/:/bin/sh\nbob:x:1001:50::/:/bin/sh\n';
const GROUP = 'sluice-viewer:x:50:alice\nsluice-operator:x:51:\nsluice-admin:x:52:alice,carol\n';

test('the highest group counts, the primary one too, and a stranger has none', () => {
  expect(accountOf(1000, PASSWD, GROUP)).toEqual({ user: 'alice', role: 'admin' });
  expect(accountOf(1001, PASSWD, GROUP)).toEqual({ user: 'bob', role: 'viewer' });
  expect(accountOf(1002, PASSWD, GROUP)).toEqual({ user: 'uid 1002', role: null });
  expect(accountOf(1000, PASSWD, '')).toEqual({ user: 'alice', role: null });
});

test('a role has what those below it have', () => {
  expect(may('viewer', 'viewer')).toBe(true);
  expect(may('viewer', 'operator')).toBe(false);
  expect(may('operator', 'admin')).toBe(false);
  expect(may('admin', 'viewer')).toBe(true);
});
