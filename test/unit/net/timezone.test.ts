// SPDX-License-Identifier: BSD-3-Clause
import { expect, test } from 'vitest';
import { isTimezone, timezone } from '../../../src/net/timezone.js';

const utc = (...at: [number, number, number, number]) => Date.UTC(...at) / 1000;

test('the changes of a timezone are those of its law', () => {
  const { offset, changes } = timezone('Europe/Berlin');
  expect(offset).toBe(3600);
  // Directive 2000/84/EC: the last Sundays of March and October, 01:00 UTC.
  const year = changes.filter(({ at }) => at >= utc(2026, 0, 1, 0) && at < utc(2027, 0, 1, 0));
  expect(year).toEqual([
    { at: utc(2026, 2, 29, 1), offset: 7200 },
    { at: utc(2026, 9, 25, 1), offset: 3600 },
  ]);
  expect(changes).toHaveLength(160);
});

test('offsets of part hours, west of Greenwich, and none at all', () => {
  expect(timezone('Asia/Kolkata')).toEqual({ offset: 19_800, changes: [] });
  expect(timezone('UTC')).toEqual({ offset: 0, changes: [] });
  expect(timezone('America/St_Johns').offset).toBe(-12_600);
  expect(timezone('Australia/Lord_Howe').changes[0]).toEqual({
    at: utc(2020, 3, 4, 15),
    offset: 37_800,
  });
});

test('two changes within weeks are both found', () => {
  // Morocco leaves its summer time for Ramadan.
  const { changes } = timezone('Africa/Casablanca');
  const year = changes.filter(({ at }) => at >= utc(2021, 0, 1, 0) && at < utc(2022, 0, 1, 0));
  expect(year).toEqual([
    { at: utc(2021, 3, 11, 2), offset: 0 },
    { at: utc(2021, 4, 16, 2), offset: 3600 },
  ]);
});

test('names that are none', () => {
  expect(isTimezone('Europe/Berlin')).toBe(true);
  for (const name of ['Europe/Berlim', '', '+02:00', 'x'.repeat(64)])
    expect(isTimezone(name), name).toBe(false);
});
