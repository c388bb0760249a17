// SPDX-License-Identifier: BSD-3-Clause
import { describe, expect, it } from 'vitest';
import { heldNow, shares, type BackendNow } from '../../../src/balancer/serving.js';

const NOW = 1_000_000;
const WINDOW = 10_000;
const PLAIN: Parameters<typeof shares>[2] = { slowStart: 0, sorry: null };

/** `a+`: up; `a-`: went down just now; `a=`: long ago; `a?`: not known; `a/`: drained. */
function backends(text: string): BackendNow[] {
  return text.split(' ').map((one, i) => ({
    name: one.charAt(0),
    weight: i + 1,
    admin: one.endsWith('/') ? 'drained' : 'enabled',
    up: one.endsWith('+') ? true : one.endsWith('?') || one.endsWith('/') ? null : false,
    since: one.endsWith('=') ? NOW - 10 * WINDOW : NOW - 10,
    risen: null,
  }));
}
const held = (text: string, before = ''): string =>
  [...heldNow(backends(text), new Set(before), WINDOW, NOW)].join('');

describe('the circuit breaker', () => {
  it('lets few go', () => {
    expect(held('a+ b-')).toBe('');
    expect(held('a+ b+ c- d-')).toBe('');
  });

  it('keeps most of them when they fail at once', () => {
    expect(held('a+ b- c-')).toBe('bc');
    expect(held('a- b- c-')).toBe('abc');
    expect(held('a-')).toBe('a');
  });

  it('lets go what failed before, and does not count what is drained', () => {
    expect(held('a+ b+ c= d= e-')).toBe('');
    expect(held('a= b= c+ d-')).toBe('');
    expect(held('a/ b/ c+ d-')).toBe('');
    expect(held('a+ b= c- d-')).toBe('cd');
  });

  it('holds until as many are up again', () => {
    expect(held('a+ b= c= d=', 'bcd')).toBe('bcd');
    expect(held('a+ b+ c= d=', 'bcd')).toBe('');
  });
});

describe('shares', () => {
  const of = (text: string, how = PLAIN, kept = ''): number[] =>
    shares(backends(text), new Set(kept), how, NOW);

  it('are the weights of those that serve', () => {
    expect(of('a+ b? c- d/')).toEqual([1, 2, 0, 0]);
    expect(of('a- b- c+', PLAIN, 'b')).toEqual([0, 2, 3]);
    expect(of('a- b/')).toEqual([0, 0]);
  });

  it('give the sorry backend what nobody else serves', () => {
    expect(of('a+ b+ s+', { slowStart: 0, sorry: 's' })).toEqual([1, 2, 0]);
    expect(of('a- b/ s?', { slowStart: 0, sorry: 's' })).toEqual([0, 0, 3]);
    expect(of('a- b- s-', { slowStart: 0, sorry: 's' })).toEqual([0, 0, 0]);
  });

  it('grow in slow start, in tenths', () => {
    const grown = (ago: number): number | undefined => {
      const [one] = backends('a+');
      if (one === undefined) throw new Error('a backend');
      const rising = [{ ...one, weight: 100, risen: NOW - ago }];
      return shares(rising, new Set(), { slowStart: 10_000, sorry: null }, NOW)[0];
    };
    expect([0, 999, 1000, 5500, 9000, 20_000].map(grown)).toEqual([10, 10, 20, 60, 100, 100]);
  });
});
