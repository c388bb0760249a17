// SPDX-License-Identifier: BSD-3-Clause
import { afterAll, beforeAll, expect, test } from 'vitest';
import type { EngineShown } from '../../src/daemon/show/engines.js';
import { Lab } from '../../src/lab/lab.js';

let lab: Lab;
beforeAll(async () => {
  lab = await Lab.start({ workers: 2 });
  expect((await lab.sluice('apply', lab.rules)).code).toBe(0);
});
afterAll(async () => {
  await lab.close();
});

async function shown(): Promise<readonly EngineShown[]> {
  const { stdout } = await lab.sluice('show', 'vpn', 'engines', '--json');
  return (JSON.parse(stdout) as { engines: EngineShown[] }).engines;
}

test('engines are shown as they were measured', async () => {
  const first = await shown();
  expect(first.map(({ name, kind, state }) => [name, kind, state])).toEqual([
    ['aesni_gcm', 'cpu', 'ready'],
    ['aesni_gcm-lookaside', 'lookaside', 'ready'],
    ['aesni_mb', 'cpu', 'ready'],
    ['aesni_mb-lookaside', 'lookaside', 'ready'],
    ['openssl', 'lookaside', 'ready'],
  ]);
  for (const { cycles } of first)
    for (const figure of Object.values(cycles)) expect(figure).toBeGreaterThan(0);

  const { stdout } = await lab.sluice('show', 'vpn', 'engines');
  expect(stdout).toMatch(/^engine +kind +state +aes-gcm +chacha20-poly1305 +aes-cbc-hmac +SAs/);
  expect(stdout).toMatch(/\naesni_mb +cpu +ready /);
});
