// SPDX-License-Identifier: BSD-3-Clause
import { PassThrough } from 'node:stream';
import { createInterface } from 'node:readline';
import type { ReadStream } from 'node:tty';
import { expect, test } from 'vitest';
import { Keyboard } from '../../../../src/cli/shell/keyboard.js';

/** A keyboard with readline behind it; each line that comes holds the rest until `next`. */
function typing() {
  const source = new PassThrough();
  Object.assign(source, { setRawMode: () => source });
  const bound: string[] = [];
  const told = { bound, interrupts: 0 };
  const keyboard = new Keyboard(source as unknown as ReadStream, {
    keys: new Map([
      ['?', () => Promise.resolve(void bound.push(`help at ${lines.line}`))],
      ['\t', () => Promise.resolve(void bound.push(`tab at ${lines.line}`))],
    ]),
    paste: (text) => lines.write(text),
    interrupt: () => told.interrupts++,
  });
  const lines = createInterface({
    input: keyboard.feed,
    output: new PassThrough(),
    terminal: true,
  });
  const got: string[] = [];
  lines.on('line', (line) => got.push(line));
  keyboard.release();
  return {
    got,
    told,
    keyboard,
    lines,
    type: (text: string | Buffer) =>
      new Promise<void>((resolve) => {
        source.write(text);
        setImmediate(resolve);
      }),
  };
}

test('what is typed ahead waits for its turn', async () => {
  const { got, type, keyboard } = typing();
  await type('one\rtwo\rthr');
  expect(got).toEqual(['one']);
  keyboard.release();
  expect(got).toEqual(['one', 'two']);
  keyboard.release();
  await type('ee\r');
  expect(got).toEqual(['one', 'two', 'three']);
});

test('bound keys see the line so far', async () => {
  const { type, told } = typing();
  await type('show ?sess\t');
  await type('');
  expect(told.bound).toEqual(['help at show ', 'tab at show sess']);
});

test('a paste of many lines is text, line by line', async () => {
  const { got, type, keyboard, told, lines } = typing();
  const pasted = Array.from({ length: 200 }, (_, i) => `set a${i}?\t"ü ${i}"`);
  const text = Buffer.from(`\x1b[200~${pasted.join('\r\n')}\r\nrest\x1b[201~!`);
  // In pieces that cut characters and markers, as a slow line does.
  for (let at = 0; at < text.length; at += 7) await type(text.subarray(at, at + 7));
  for (let i = 1; i <= 200; i++) {
    expect(got).toHaveLength(i);
    keyboard.release();
  }
  expect(got).toEqual(pasted.map((line) => line.replace('\t', ' ')));
  expect(lines.line).toBe('rest!');
  expect(told.bound).toEqual([]);
});

test('Ctrl-C while a command runs ends it and forgets what was typed ahead', async () => {
  const { got, type, keyboard, told } = typing();
  await type('ping\rmore\r\x03');
  expect(told.interrupts).toBe(1);
  keyboard.release();
  expect(got).toEqual(['ping']);
});

test('keys that are grabbed go nowhere else', async () => {
  const { got, type, keyboard } = typing();
  const keys: string[] = [];
  const letGo = keyboard.grab((key) => keys.push(key));
  await type('q \x1b[A\x1b[6~é');
  letGo();
  await type('x\r');
  expect(keys).toEqual(['q', ' ', '\x1b[A', '\x1b[6~', 'é']);
  expect(got).toEqual(['x']);
});
