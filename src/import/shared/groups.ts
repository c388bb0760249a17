// SPDX-License-Identifier: BSD-3-Clause
import type { PolicyText } from './policies.js';
import type { Value } from './yaml.js';

export interface NamedGroups {
  readonly addresses: ReadonlyMap<string, Value>;
  readonly services: ReadonlyMap<string, Value>;
}

/** Lists from this many items on that several rules have, or that are just long, get a name. */
const REPEATED = 3;
const LONG = 12;

/** Replaces lists that repeat by groups, in place; `fresh` makes names. */
export function nameLists(
  policies: readonly PolicyText[],
  fresh: (base: string) => string,
  known: ReadonlyMap<string, string>,
): NamedGroups {
  const found = { addresses: new Map<string, Value>(), services: new Map<string, Value>() };
  for (const [kind, keys, base] of [
    ['addresses', ['source', 'destination'], 'addresses-1'],
    ['services', ['service'], 'services-1'],
  ] as const) {
    const uses = new Map<string, number>();
    const each = (visit: (text: string, value: Value) => Value | null): void => {
      for (const { rules } of policies)
        for (const rule of rules)
          for (const key of keys) {
            const value = rule[key];
            if (value === undefined || sizeOf(value) < REPEATED) continue;
            const name = visit(JSON.stringify(value), value);
            if (name !== null) rule[key] = name;
          }
    };
    each((text) => {
      uses.set(text, (uses.get(text) ?? 0) + 1);
      return null;
    });
    const names = new Map<string, string>();
    each((text, value) => {
      if ((uses.get(text) ?? 0) < 2 && sizeOf(value) < LONG && !known.has(text)) return null;
      let name = names.get(text);
      if (name === undefined) {
        name = known.get(text) ?? fresh(base.replace('1', String(names.size + 1)));
        names.set(text, name);
        found[kind].set(name, value);
      }
      return name;
    });
  }
  return found;
}

function sizeOf(value: Value): number {
  if (Array.isArray(value)) return value.length;
  if (typeof value !== 'object') return 1;
  return Object.values(value).reduce((sum: number, one) => sum + sizeOf(one), 0);
}
