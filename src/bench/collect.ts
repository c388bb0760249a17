// SPDX-License-Identifier: BSD-3-Clause
import { spawn } from 'node:child_process';

/** Runs a program and gives what it said; 127 where it cannot be started. */
export function collect(
  command: string,
  args: readonly string[],
  input = '',
  seconds = 0,
): Promise<{ code: number; out: string; err: string }> {
  return new Promise((resolve) => {
    const child = spawn(command, args);
    let out = '';
    let err = '';
    child.stdout.on('data', (chunk: Buffer) => (out += chunk.toString()));
    child.stderr.on('data', (chunk: Buffer) => (err += chunk.toString()));
    child.on('error', (error) => {
      resolve({ code: 127, out, err: error.message });
    });
    child.on('close', (code) => {
      resolve({ code: code ?? 1, out, err });
    });
    child.stdin.on('error', () => undefined);
    child.stdin.write(input);
    if (seconds === 0) child.stdin.end();
    else setTimeout(() => child.stdin.end('stop\nshow fwd stats all\nquit\n'), seconds * 1000);
  });
}
