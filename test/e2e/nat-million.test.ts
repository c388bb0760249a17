// SPDX-License-Identifier: BSD-3-Clause
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { expect, test } from 'vitest';
import { ruleFile, SOURCE_NAT } from '../../src/bench/rules.js';
import { runRig } from '../../src/bench/rig.js';
import { compileFile } from '../../src/cli/compiled.js';

const SESSIONS = 1_000_000;

test('a million sessions with NAT are held in memory', async () => {
  const folder = mkdtempSync(path.join(tmpdir(), 'sluice-million-'));
  try {
    const file = path.join(folder, 'nat.yaml');
    writeFileSync(file, ruleFile(10, 1_100_000, 'strict', SOURCE_NAT));
    const compiled = compileFile(file);
    const image = path.join(folder, 'image');
    writeFileSync(image, compiled?.image ?? '');
    const args = ['tcp', '--image', image, '--flows', String(SESSIONS), '--packets', '2000000'];
    const { phases, held, dropped } = await runRig([...args, '--no-huge', '--memory', '512']);
    process.stdout.write(
      `${held?.sessions} sessions with NAT, ${held?.bytes} bytes each; cycles a packet: ${phases
        .map(({ phase, cycles }) => `${phase} ${cycles}`)
        .join(', ')}\n`,
    );
    expect(held?.sessions).toBe(SESSIONS);
    // The entry of two lines and its share of the index; more would be a leak.
    expect(held?.bytes).toBeGreaterThan(100);
    expect(held?.bytes).toBeLessThan(200);
    expect([...dropped]).toEqual([]);
    for (const { packets, forwarded, wrong } of phases)
      expect([forwarded, wrong]).toEqual([packets, 0]);
  } finally {
    rmSync(folder, { recursive: true });
  }
});
