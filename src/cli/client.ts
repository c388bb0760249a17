// SPDX-License-Identifier: BSD-3-Clause
import { ApiClient, AwayError, RefusedError } from '../daemon/api/client.js';
import { runDirectory } from '../daemon/api/rundir.js';
import { complain, EXIT, wrongUsage, type Usage } from './arguments.js';

/** Wrong usage of a command: its message, then how it is called; exit 2. */
export class UsageError extends Error {}

export const RUN_DIR_OPTION = { 'run-dir': { type: 'string' } } as const;

/** Runs a command against the appliance: exit 1 when it refuses, 2 on wrong usage, 4 when away. */
export async function withAppliance(
  usage: Usage,
  body: (connect: (directory: string | undefined) => ApiClient) => Promise<number>,
): Promise<number> {
  try {
    return await body((directory) => new ApiClient(runDirectory(directory)));
  } catch (error) {
    if (!(error instanceof Error)) throw error;
    const { code } = error as NodeJS.ErrnoException;
    if (error instanceof UsageError || code?.startsWith('ERR_PARSE_ARGS') === true) {
      wrongUsage(usage, error.message);
      return EXIT.usage;
    }
    const away = error instanceof AwayError;
    if (!away && !(error instanceof RefusedError)) throw error;
    complain(error.message);
    return away ? EXIT.away : EXIT.error;
  }
}
