// SPDX-License-Identifier: BSD-3-Clause
import path from 'node:path';
import { expect, test } from 'vitest';
import { datapathBinary } from '../../src/datapath/offline.js';
import { projectRoot } from '../../src/datapath/root.js';
import { attempt } from '../../src/lab/command.js';

/**
 * Everything the strongSwan peer of the lab lacks, against scapy: native ESP, ESN, IPv6 outside, all
 * suites, service bits, DF, path MTU, replays, forgeries. Debian's own Python, which has its packages.
 */
test('scapy opens what is sealed, and what scapy seals is opened', async () => {
  const script = path.join(projectRoot(), 'test/scapy/esp.py');
  const wire = path.join(path.dirname(datapathBinary()), 'esp_wire');
  const { stdout, stderr, code } = await attempt(['/usr/bin/python3', script, wire]);
  const lines = stdout.trim().split('\n');
  expect(lines.filter((line) => !line.startsWith('ok ')).join('\n') + stderr).toBe('');
  expect(lines).toHaveLength(38);
  expect(code).toBe(0);
}, 600_000);
