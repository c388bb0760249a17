// SPDX-License-Identifier: BSD-3-Clause
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { quoted, readLine } from '../../../../src/cli/shell/words.js';

const texts = (text: string) => {
  const { command, pipes, open } = readLine(text);
  return [
    command.map((word) => word.text),
    pipes.map(({ words }) => words.map((w) => w.text)),
    open,
  ];
};

test('words, quotes and pipes', () => {
  expect(texts('  show  sessions ')).toEqual([['show', 'sessions'], [], null]);
  expect(texts(`set description "two words" 'x"y' a"b c"d ""`)).toEqual([
    ['set', 'description', 'two words', 'x"y', 'ab cd', ''],
    [],
    null,
  ]);
  expect(texts(String.raw`match "a\"b\\c" \d`)).toEqual([
    ['match', 'a"b\\c', String.raw`\d`],
    [],
    null,
  ]);
  expect(texts('show log | match a|b |count')).toEqual([
    ['show', 'log'],
    [['match', 'a|b'], ['count']],
    null,
  ]);
  expect(texts('set x "open')).toEqual([['set', 'x', 'open'], [], 6]);
  expect(texts(' # a remark "')).toEqual([[], [], null]);
});

test('words know where they stand', () => {
  const { command } = readLine('set  "a b"  é');
  expect(command.map(({ start, end, quoted: q }) => [start, end, q])).toEqual([
    [0, 3, false],
    [5, 10, true],
    [12, 13, false],
  ]);
});

test('what is quoted reads back as it was', () => {
  fc.assert(
    fc.property(fc.array(fc.string({ unit: 'grapheme' })), (words) => {
      const line = readLine(`x ${words.map(quoted).join(' ')}`);
      expect(line.open).toBeNull();
      expect(line.pipes).toEqual([]);
      expect(line.command.slice(1).map(({ text }) => text)).toEqual(words);
    }),
  );
});
