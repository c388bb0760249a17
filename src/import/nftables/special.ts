// SPDX-License-Identifier: BSD-3-Clause
import type { Conditions } from '../shared/conditions.js';
import { numberOf } from '../shared/names.js';
import { rangesOf } from '../shared/ranges.js';
import type { Around } from './around.js';

const TYPES = new Map([
  ['broadcast', 'BROADCAST'],
  ['multicast', 'MULTICAST'],
  ['unicast', 'UNICAST'],
  ['host', 'UNICAST'],
]);

/** Matches on what no box has: marks, directions, states of translation, types of addresses. */
export function matchSpecial(
  to: Conditions<Around>,
  what: string,
  text: string,
  negated: boolean,
  operator: string,
  words: readonly string[],
  shown: string,
): void {
  const { addressTypes, marks, translated } = to.around;
  const never = (why: string): void => {
    to.never = 'other';
    to.neverWhy = `${shown}: ${why}`;
  };
  switch (what) {
    case 'mark': {
      const zero = words.some((word) => numberOf(word, 0xffffffff) === 0);
      if (marks || !['==', '!=', '!', 'in'].includes(operator)) to.cannot(shown);
      else if (zero === negated) never('nothing in the file sets marks');
      return;
    }
    case 'direction':
      if (words.includes('original') === negated) to.never = 'sessions';
      return;
    case 'status':
      if (translated || words.some((word) => word !== 'dnat' && word !== 'snat')) to.cannot(shown);
      else if (!negated) never('nothing in the file translates');
      return;
    case 'pkttype':
    case 'fib': {
      const end = / saddr/.test(text) ? 'src' : 'dst';
      if (what === 'fib' && !/ type$/.test(text)) {
        // The route back to the source is looked at where the appliance is told to.
        if (end === 'src' && / oif$/.test(text)) never('settings.reverse-path checks sources');
        else to.cannot(shown);
        return;
      }
      const ranges = words.map((word) =>
        addressTypes.get(what === 'fib' ? word.toUpperCase() : (TYPES.get(word) ?? '')),
      );
      if (ranges.length === 0 || ranges.some((one) => one === undefined)) to.cannot(shown);
      else to.addresses(end, rangesOf(ranges.flatMap((one) => one ?? [])), negated);
      return;
    }
    default:
      to.cannot(shown);
  }
}
