// SPDX-License-Identifier: BSD-3-Clause
import { describe, expect, test } from 'vitest';
import { MAGLEV_ENTRIES, maglevTable } from '../../../src/balancer/maglev.js';

const backends = (count: number, weight: (i: number) => number = () => 1) =>
  Array.from({ length: count }, (_, i) => ({
    key: `10.${i >> 16}.${(i >> 8) & 255}.${i & 255}:8443`,
    weight: weight(i),
  }));
const percent = (share: number) => `${(100 * share).toFixed(2)} %`;

function shares(table: Uint16Array, count: number): number[] {
  const found = new Array<number>(count).fill(0);
  for (const one of table) found[one] = (found[one] ?? 0) + 1;
  return found;
}

/** Of entries that did not belong to `gone`, how many have another owner afterwards. */
function moved(before: Uint16Array, after: Uint16Array, gone: number): number {
  let others = 0;
  let changed = 0;
  for (const [i, owner] of before.entries()) {
    if (owner === gone) continue;
    others++;
    const now = after[i] as number;
    if (now !== (owner > gone ? owner - 1 : owner)) changed++;
  }
  return changed / others;
}

describe.each([3, 10, 100, 1000])('%i equal backends', (count) => {
  const table = maglevTable(backends(count))!;

  test('share within 1 % of even, to one entry', () => {
    const found = shares(table, count);
    const even = MAGLEV_ENTRIES / count;
    const worst = Math.max(...found.map((share) => Math.abs(share - even) / even));
    process.stdout.write(`${count} backends: at most ${percent(worst)} from even\n`);
    expect(worst).toBeLessThan(0.01);
    expect(Math.max(...found) - Math.min(...found)).toBeLessThanOrEqual(1);
  });

  test('when one goes, at most 1 % of the others move', () => {
    const list = backends(count);
    const gone = [0, Math.floor(count / 2), count - 1];
    const worst = Math.max(
      ...gone.map((i) => moved(table, maglevTable(list.filter((_, k) => k !== i))!, i)),
    );
    process.stdout.write(
      `${count} backends, one gone: at most ${percent(worst)} of the others' entries move\n`,
    );
    expect(worst).toBeLessThanOrEqual(0.01);
  });
});

test('weights are shares', () => {
  const weight = (i: number) => [1, 2, 5, 0][i % 4]!;
  const list = backends(40, weight);
  const found = shares(maglevTable(list)!, 40);
  const all = list.reduce((sum, one) => sum + one.weight, 0);
  const off = found.map((share, i) => {
    const due = (MAGLEV_ENTRIES * weight(i)) / all;
    return due === 0 ? share : Math.abs(share - due) / due;
  });
  process.stdout.write(
    `weights 1, 2, 5 and 0 over 40 backends: at most ${percent(Math.max(...off))} off\n`,
  );
  expect(Math.max(...off)).toBeLessThan(0.01);
});

test('the table depends on neither the order of backends nor what was before', () => {
  const list = backends(50, (i) => (i % 3) + 1);
  const table = maglevTable(list)!;
  const turned = maglevTable(list.toReversed())!;
  expect(turned.map((i) => 49 - i)).toEqual(table);
});

test('one backend has all, none has none', () => {
  expect(new Set(maglevTable(backends(1)))).toEqual(new Set([0]));
  expect(maglevTable([])).toBeNull();
  expect(maglevTable(backends(3, () => 0))).toBeNull();
});

test('a table of 1,000 backends takes well under a second', () => {
  const start = performance.now();
  maglevTable(backends(1000));
  const took = performance.now() - start;
  process.stdout.write(`1,000 backends: ${took.toFixed(0)} ms\n`);
  expect(took).toBeLessThan(1000);
});
