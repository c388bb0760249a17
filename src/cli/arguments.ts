// SPDX-License-Identifier: BSD-3-Clause
import { parseArgs, type ParseArgsConfig } from 'node:util';

/** How a command is called; help and the reference page are made from it. */
export interface Usage {
  readonly synopsis: string;
  readonly description: string;
  readonly options: readonly (readonly [option: string, description: string])[];
}

/** Exit codes every command keeps to. */
export const EXIT = { ok: 0, error: 1, usage: 2, partial: 3, away: 4 } as const;

type Parsed<O extends NonNullable<ParseArgsConfig['options']>> = ReturnType<
  typeof parseArgs<{ args: string[]; allowPositionals: true; options: O }>
>;

/** Parses arguments with so many operands, from the first number to the second; null after a message on stderr, for exit 2. */
export function parseArguments<const O extends NonNullable<ParseArgsConfig['options']>>(
  args: string[],
  usage: Usage,
  count: number | readonly [least: number, most: number],
  options: O,
): Parsed<O> | null {
  try {
    const parsed = parseArgs({ args, allowPositionals: true, options });
    const [least, most] = typeof count === 'number' ? [count, count] : count;
    const { length } = parsed.positionals;
    if (length >= least && length <= most) return parsed;
    return wrongUsage(usage, null);
  } catch (error) {
    return wrongUsage(usage, (error as Error).message);
  }
}

/** Says what is wrong and how the command is called. */
export function wrongUsage(usage: Usage, message: string | null): null {
  if (message !== null) complain(message);
  process.stderr.write(`usage: sluice ${usage.synopsis}\n`);
  return null;
}

export function complain(message: string): void {
  process.stderr.write(`sluice: ${message}\n`);
}

/** Writes to stdout and waits until it is taken, so that a pipe gets all before the process ends. */
export async function print(text: string): Promise<void> {
  await new Promise<void>((done) => process.stdout.write(text, () => done()));
}
