// SPDX-License-Identifier: BSD-3-Clause
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { CHECKS } from '../../src/lab/checks.js';
import { Lab } from '../../src/lab/lab.js';

describe.each([1, 2])('the lab with %i workers', (workers) => {
  let lab: Lab;
  beforeAll(async () => {
    lab = await Lab.start({ workers });
    const { code, stderr } = await lab.sluice('apply', lab.rules);
    expect([code, stderr]).toEqual([0, '']);
  });
  afterAll(async () => {
    await lab.close();
  });

  test.each(CHECKS)('$name', async ({ run }) => {
    await run(lab).catch((error: unknown) => {
      throw new Error(`${(error as Error).message}\n${lab.logs()}`);
    });
  });
});
