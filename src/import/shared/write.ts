// SPDX-License-Identifier: BSD-3-Clause
import type { PolicyText } from './policies.js';
import { entry, type Value } from './yaml.js';

/** A policy as an item of `policies:`. */
export function policyLines({ keys, rules }: PolicyText): string[] {
  const lines = Object.entries(keys).map(([key, value]) => entry(key, value, '    '));
  lines[0] = `  - ${(lines[0] as string).trimStart()}`;
  return [...lines, '    rules:', ...rules.map(ruleLines)];
}

/** A rule as an item of `rules:`. */
export function ruleLines(rule: Readonly<Record<string, Value>>): string {
  const lines = Object.entries(rule).map(([key, value]) => entry(key, value, '        '));
  return [`      - ${(lines[0] as string).trimStart()}`, ...lines.slice(1)].join('\n');
}
