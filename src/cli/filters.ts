// SPDX-License-Identifier: BSD-3-Clause
import {
  SESSION_FILTERS,
  type SessionFilterName,
  type SessionFilters,
} from '../daemon/api/types.js';

const NAMES = Object.keys(SESSION_FILTERS) as SessionFilterName[];

/** The session filters as options for parseArgs. */
export function filterOptions(): Record<SessionFilterName, { type: 'string' }> {
  return Object.fromEntries(NAMES.map((name) => [name, { type: 'string' }])) as Record<
    SessionFilterName,
    { type: 'string' }
  >;
}

/** Those filters that were given. */
export function filtersOf(values: Readonly<Record<string, unknown>>): SessionFilters {
  const given: SessionFilters = {};
  for (const name of NAMES) {
    const value = values[name];
    if (typeof value === 'string') given[name] = value;
  }
  return given;
}

export function filtersSynopsis(): string {
  return NAMES.map((name) => `--${name}`).join(', ');
}
