// SPDX-License-Identifier: BSD-3-Clause
import { expect, test } from 'vitest';
import { columns, span } from '../../../src/diagnostics/columns.js';

test('text to the left, numbers to the right, control characters shown', () => {
  const rows = [
    { name: 'a', count: 5 },
    { name: 'long\tname', count: 12345 },
    { name: null, count: null },
  ];
  expect(
    columns(rows, [
      ['name', ({ name }) => name],
      ['count', ({ count }) => count],
      ['note', ({ name }) => name],
    ]),
  ).toBe(
    [
      'name       count  note',
      'a              5  a',
      'long\tname  12345  long\tname',
      '-              -  -',
      '',
    ].join('\n'),
  );
});

test('without rows only the heads are left', () => {
  expect(columns([], [['reason', () => 'x']])).toBe('reason\n');
});

test.each([
  [0, '0ms'],
  [999, '999ms'],
  [1000, '1s'],
  [200_000, '3m20s'],
  [7_500_000, '2h05m'],
  [356_400_000, '4d03h'],
])('%i ms is %s', (ms, text) => {
  expect(span(ms)).toBe(text);
});
