// SPDX-License-Identifier: BSD-3-Clause
import { didYouMean } from '../../diagnostics/suggest.js';
import type { Context } from '../../rulefile/context.js';
import { itemsOf } from '../../rulefile/schema.js';
import type { NatPart } from '../schema.js';

/** NAT rules have names of their own, and their zones exist. */
export function checkNat(
  { nat }: NatPart,
  zones: ReadonlyMap<string, unknown> | undefined,
  context: Context,
): void {
  if (nat === undefined) return;
  const seen = new Map<string, object>();
  const prefixes = [...(nat.static ?? []), ...(nat.nptv6 ?? [])];
  const all = [...prefixes, ...(nat.source ?? []), ...(nat.forwards ?? []), ...(nat.nat64 ?? [])];
  for (const rule of all) {
    const first = seen.get(rule.name);
    if (first === undefined) seen.set(rule.name, rule);
    else {
      const message = `there is a NAT rule '${rule.name}' already`;
      context.report('name-duplicate', context.at(rule, 'name'), message, {
        related: [{ span: context.at(first, 'name'), message: 'the first is here' }],
      });
    }
  }
  const known = zones ?? new Map<string, unknown>();
  const check = (owner: object, key: string, value: string | readonly string[]): void => {
    for (const { text, owner: place, key: at } of itemsOf(owner, key, value)) {
      if (text === 'any' || known.has(text) || context.wrote(known, text)) continue;
      context.report('unknown-zone', context.at(place, at), `there is no zone '${text}'`, {
        hint: () => didYouMean(text, ['any', ...known.keys()]),
      });
    }
  };
  for (const rule of nat.source ?? []) {
    check(rule, 'from', rule.from);
    check(rule, 'to', rule.to);
  }
  for (const rule of prefixes) check(rule, 'zone', rule.zone);
  for (const rule of [...(nat.forwards ?? []), ...(nat.nat64 ?? [])])
    if (context.wrote(rule, 'from')) check(rule, 'from', rule.from);
}
