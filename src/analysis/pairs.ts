// SPDX-License-Identifier: BSD-3-Clause
import type { Policy } from '../firewall/model.js';

/** A zone that packets without a route are in: no policy names it, and `any` fits it. */
export const NO_ROUTE = '';

/** Bound of what zone pairs may multiply out to. */
const MOST_STEPS = 20_000_000;

/** Whether a policy's list of zones fits a zone; `any` never includes `local`. */
export function fitsZone(names: readonly string[], zone: string): boolean {
  return names.some((name) => (name === 'any' ? zone !== 'local' : name === zone));
}

/**
 * For each policy the different lists of policies, by their place in the file, that are asked in
 * turn for some zone pair it fits. null if there are too many to look at.
 */
export function policyLists(
  policies: readonly Policy[],
  zones: readonly string[],
): readonly (readonly number[])[][] | null {
  const froms = classify(policies, [...zones, 'local'], (policy) => policy.from);
  const tos = classify(policies, [NO_ROUTE, ...zones, 'local'], (policy) => policy.to);
  let steps = 0;
  for (const from of froms) for (const to of tos) steps += from.length + to.length;
  if (steps > MOST_STEPS) return null;
  const lists = new Map<string, readonly number[]>();
  for (const from of froms)
    for (const to of tos) {
      const other = new Set(to);
      const both = from.filter((place) => other.has(place));
      lists.set(both.join(), both);
    }
  const found = policies.map((): (readonly number[])[] => []);
  for (const list of lists.values()) for (const place of list) found[place]?.push(list);
  // The shortest first: where fewest rules come before, a rule is most likely to match.
  for (const [place, all] of found.entries())
    all.sort((a, b) => a.indexOf(place) - b.indexOf(place) || a.length - b.length);
  return found;
}

/** The places of the policies that fit, once for all zones that they fit alike. */
function classify(
  policies: readonly Policy[],
  zones: readonly string[],
  side: (policy: Policy) => readonly string[],
): (readonly number[])[] {
  const classes = new Map<string, readonly number[]>();
  for (const zone of zones) {
    const list = [...policies.keys()].filter((place) =>
      fitsZone(side(policies[place] as Policy), zone),
    );
    classes.set(list.join(), list);
  }
  return [...classes.values()];
}
