// SPDX-License-Identifier: BSD-3-Clause

/** What people said of a backend, beyond the rule file. */
export type Admin = 'enabled' | 'drained' | 'disabled';

/** What is known of a backend. Times in ms since the epoch. */
export interface BackendNow {
  readonly name: string;
  readonly weight: number;
  readonly admin: Admin;
  /** null: not checked, or no verdict yet; such a one serves. */
  readonly up: boolean | null;
  /** When the verdict last changed. */
  readonly since: number;
  /** When it came back, null once its share is whole. */
  readonly risen: number | null;
}

/** Steps in which a share grows in slow start. */
export const STEPS = 10;

/**
 * Which backends that are down stay in since most went down at once, within `window` ms: then rather
 * the checks are wrong. `held` are those so far; they are let go once as many others are up.
 */
export function heldNow(
  backends: readonly BackendNow[],
  held: ReadonlySet<string>,
  window: number,
  now: number,
): Set<string> {
  const enabled = backends.filter(({ admin }) => admin === 'enabled');
  const down = enabled.filter(({ up }) => up === false);
  const left = enabled.length - down.length;
  const doubtful = down.filter(({ name, since }) => held.has(name) || now - since <= window);
  return new Set(doubtful.length > left ? doubtful.map(({ name }) => name) : []);
}

/** Shares of new sessions, by backend; all 0 when nobody serves. */
export function shares(
  backends: readonly BackendNow[],
  held: ReadonlySet<string>,
  how: { readonly slowStart: number; readonly sorry: string | null },
  now: number,
): number[] {
  const found = backends.map((one) => {
    if (one.admin !== 'enabled' || (one.up === false && !held.has(one.name))) return 0;
    return one.weight * grown(one.risen, how.slowStart, now);
  });
  const sorry = backends.findIndex(({ name }) => name === how.sorry);
  const others = found.some((share, i) => share > 0 && i !== sorry);
  return found.map((share, i) => (i === sorry && others ? 0 : share));
}

/** How much of its share a backend has by now, in steps. */
function grown(risen: number | null, slowStart: number, now: number): number {
  if (risen === null || slowStart === 0) return 1;
  const step = Math.floor(((now - risen) / slowStart) * STEPS);
  return Math.min(STEPS, Math.max(0, step) + 1) / STEPS;
}
