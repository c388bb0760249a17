// SPDX-License-Identifier: BSD-3-Clause
import { defineConfig } from 'vitest/config';

/** ms; generous, for the sanitized datapath on two busy cores. */
const PATIENCE = { testTimeout: 120_000, hookTimeout: 120_000 };

export default defineConfig({
  test: {
    projects: [
      { test: { ...PATIENCE, name: 'unit', include: ['test/unit/**/*.test.ts'] } },
      { test: { ...PATIENCE, name: 'captures', include: ['test/captures/**/*.test.ts'] } },
      {
        // Namespaces, hugepages and CPUs are the machine's: one file after the other.
        test: {
          ...PATIENCE,
          name: 'e2e',
          include: ['test/e2e/**/*.test.ts'],
          fileParallelism: false,
        },
      },
      {
        test: {
          ...PATIENCE,
          name: 'image',
          include: ['test/image/**/*.test.ts'],
          fileParallelism: false,
        },
      },
    ],
  },
});
