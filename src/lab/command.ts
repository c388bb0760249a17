// SPDX-License-Identifier: BSD-3-Clause
import { spawn } from 'node:child_process';

export interface CommandResult {
  readonly code: number;
  readonly stdout: string;
  readonly stderr: string;
}

/** Runs a command to its end, whatever that is. */
export function attempt(
  argv: readonly [string, ...string[]],
  options: { readonly input?: string; readonly env?: Readonly<Record<string, string>> } = {},
): Promise<CommandResult> {
  const [program, ...args] = argv;
  return new Promise((resolve, reject) => {
    const env = { ...process.env, ...options.env };
    const child = spawn(program, args, { env, stdio: ['pipe', 'pipe', 'pipe'] });
    let stdout = '';
    let stderr = '';
    child.stdout.setEncoding('utf8').on('data', (text: string) => (stdout += text));
    child.stderr.setEncoding('utf8').on('data', (text: string) => (stderr += text));
    child.stdin.on('error', () => undefined);
    child.stdin.end(options.input ?? '');
    child.on('error', reject);
    child.on('close', (code) => resolve({ code: code ?? 1, stdout, stderr }));
  });
}

/** Runs a command that must succeed; its output. */
export async function command(
  argv: readonly [string, ...string[]],
  options: { readonly input?: string } = {},
): Promise<string> {
  const { code, stdout, stderr } = await attempt(argv, options);
  if (code !== 0) throw new Error(`\`${argv.join(' ')}\` ended with ${code}: ${stderr.trim()}`);
  return stdout;
}
