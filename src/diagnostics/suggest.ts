// SPDX-License-Identifier: BSD-3-Clause

/** Candidates looked at: enough for any file people write, and no flood for generated ones. */
const MOST = 5_000;

/** "did you mean 'x'?" for the known name nearest to a misspelt one, or null if none is near. */
export function didYouMean(text: string, known: Iterable<string>): string | null {
  const best = nearest(text, known);
  return best === null ? null : `did you mean '${best}'?`;
}

/** The known name nearest to the text: at most about a third of it differs, case aside. */
export function nearest(text: string, known: Iterable<string>): string | null {
  const wanted = text.toLowerCase();
  if (wanted.length > 64) return null;
  let limit = Math.max(1, Math.floor(wanted.length * 0.4));
  let best: string | null = null;
  let seen = 0;
  for (const candidate of known) {
    if (++seen > MOST) break;
    if (Math.abs(candidate.length - wanted.length) > limit) continue;
    const found = distance(wanted, candidate.toLowerCase(), limit);
    if (found <= limit) {
      best = candidate;
      if (found === 0) break;
      limit = found - 1;
    }
  }
  return best;
}

/** Edits (insert, delete, replace, swap of neighbours) from a to b; more than limit gives limit + 1. */
function distance(a: string, b: string, limit: number): number {
  let older: number[] = [];
  let old = Array.from({ length: b.length + 1 }, (_, i) => i);
  for (let i = 1; i <= a.length; i++) {
    const row = [i];
    let least = i;
    for (let j = 1; j <= b.length; j++) {
      const same = a[i - 1] === b[j - 1];
      let cost = Math.min(
        (old[j] as number) + 1,
        (row[j - 1] as number) + 1,
        (old[j - 1] as number) + (same ? 0 : 1),
      );
      if (i > 1 && j > 1 && a[i - 1] === b[j - 2] && a[i - 2] === b[j - 1]) {
        cost = Math.min(cost, (older[j - 2] as number) + 1);
      }
      row.push(cost);
      if (cost < least) least = cost;
    }
    if (least > limit) return limit + 1;
    older = old;
    old = row;
  }
  return old[b.length] as number;
}
