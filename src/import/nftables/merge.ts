// SPDX-License-Identifier: BSD-3-Clause
import type { Decision } from '../shared/decisions.js';

/**
 * One list from those of the two families: what both have at the same place is written once. The
 * order within each family stays, and packets of one never match rules of the other.
 */
export function mergeFamilies(v4: readonly Decision[], v6: readonly Decision[]): Decision[] {
  const places = new Map<string, number[]>();
  for (const [i, one] of v6.entries()) {
    const key = keyOf(one);
    if (key === null) continue;
    const list = places.get(key);
    if (list === undefined) places.set(key, [i]);
    else list.push(i);
  }
  const merged: Decision[] = [];
  let at = 0;
  for (const one of v4) {
    const key = keyOf(one);
    const place = key === null ? undefined : places.get(key)?.find((i) => i >= at);
    if (place === undefined) merged.push({ ...one, family: 4 });
    else {
      for (; at < place; at++) merged.push({ ...(v6[at] as Decision), family: 6 });
      merged.push({ ...one, family: null });
      at++;
    }
  }
  for (; at < v6.length; at++) merged.push({ ...(v6[at] as Decision), family: 6 });
  return merged;
}

/** What is the same in both families, or null for what is of one alone. */
function keyOf({ box, rule, ...rest }: Decision): string | null {
  if (box.src !== null || box.dst !== null || box.icmp !== null) return null;
  // ICMP has another name in each.
  if (box.proto?.some(([low, high]) => [1n, 58n].some((p) => low <= p && p <= high)) === true)
    return null;
  if (rest.limit?.sourcePrefix !== undefined) return null;
  return JSON.stringify([rule?.chain, rule?.number, rule?.line, box, rest], (_, value: unknown) =>
    typeof value === 'bigint' ? value.toString() : value,
  );
}
