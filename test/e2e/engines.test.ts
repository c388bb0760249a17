// SPDX-License-Identifier: BSD-3-Clause
import { readFileSync } from 'node:fs';
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
  const flags = readFileSync('/proc/cpuinfo', 'utf8');
  const ours = ['avx2', 'vaes', 'vpclmulqdq'].every((flag) => flags.includes(` ${flag} `));
  expect(first.map(({ name, kind, state }) => [name, kind, state])).toEqual([
    ...(ours ? [['vaes', 'cpu', 'ready']] : []),
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

test('an engine is taken out and in again, unless no other does what it does', async () => {
  const told = (name: string, action: string) => lab.sluice('vpn', 'engine', name, action);
  const states = async () =>
    Object.fromEntries((await shown()).map((one) => [one.name, one.state]));

  expect(await told('aesni_mb', 'disable')).toMatchObject({
    code: 0,
    stdout: 'aesni_mb: disabled\n',
  });
  expect(await states()).toMatchObject({ aesni_mb: 'disabled', 'aesni_mb-lookaside': 'ready' });
  // Of those that are left it alone does ChaCha20-Poly1305.
  const refused = await told('aesni_mb-lookaside', 'disable');
  expect(refused.code).toBe(1);
  expect(refused.stderr).toContain('no other engine that is ready does all that it does');
  const unknown = await told('abacus', 'disable');
  expect(unknown.code).toBe(1);
  expect(unknown.stderr).toContain('there is no such engine');
  expect((await told('aesni_mb', 'off')).code).toBe(2);
  expect(await lab.api.post('/vpn/engine', { engine: 'aesni_mb', action: 'enable' })).toEqual({
    engine: 'aesni_mb',
    action: 'enable',
  });
  expect(new Set(Object.values(await states()))).toEqual(new Set(['ready']));
});
