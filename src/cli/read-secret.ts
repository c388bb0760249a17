// SPDX-License-Identifier: BSD-3-Clause
import { createInterface } from 'node:readline';
import { Writable } from 'node:stream';

/** All of stdin without the last line's end; at a terminal, a line that is not shown. */
export async function readSecret(what: string): Promise<string> {
  if (process.stdin.isTTY) return prompted(what);
  const chunks: Buffer[] = [];
  for await (const chunk of process.stdin as AsyncIterable<Buffer>) chunks.push(chunk);
  return Buffer.concat(chunks)
    .toString('utf8')
    .replace(/\r?\n$/, '');
}

function prompted(what: string): Promise<string> {
  process.stderr.write(`${what}: `);
  const silent = new Writable({ write: (_chunk, _encoding, done) => done() });
  const lines = createInterface({ input: process.stdin, output: silent, terminal: true });
  return new Promise((resolve) => {
    lines.question('', (line) => {
      lines.close();
      process.stderr.write('\n');
      resolve(line);
    });
  });
}
