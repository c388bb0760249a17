// SPDX-License-Identifier: BSD-3-Clause
import { readFileSync } from 'node:fs';
import { expect, test } from 'vitest';
import { readmeText } from '../../../src/cli/readme.js';

test('the reference in the README is what the commands and the schema say', async () => {
  const readme = readFileSync('README.md', 'utf8');
  expect(await readmeText(readme)).toBe(readme);
});
