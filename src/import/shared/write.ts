// SPDX-License-Identifier: BSD-3-Clause
import type { Keys, PolicyText } from './policies.js';
import { entry, scalar, type Value } from './yaml.js';

/** The `nat:` section. */
export interface NatText {
  readonly source: Keys[];
  readonly static: Keys[];
  readonly forwards: Keys[];
}

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

/** The sections of NAT that have rules. */
export function natLines(nat: NatText): string[] {
  const sections = (['source', 'static', 'forwards'] as const).filter((key) => nat[key].length > 0);
  if (sections.length === 0) return [];
  return [
    'nat:',
    ...sections.flatMap((key) => [`  ${scalar(key)}:`, ...nat[key].map(ruleLines).map(outdent)]),
    '',
  ];
}

/** Rules of NAT stand two columns further left than those of policies. */
function outdent(text: string): string {
  return text.replace(/^ {2}/gm, '');
}

/** The rules are of one family: without this the other would match what names no address. */
export function otherFamily(family: 4 | 6): string[] {
  const [other, all] = family === 4 ? [6, '::/0'] : [4, '0.0.0.0/0'];
  return policyLines({
    keys: { name: `no-ipv${other}`, from: 'any', to: ['any', 'local'] },
    rules: [
      {
        name: `no-ipv${other}`,
        source: all,
        action: 'deny',
        description: `The file is about IPv${family} alone.`,
      },
    ],
  });
}
