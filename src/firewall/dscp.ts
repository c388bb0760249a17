// SPDX-License-Identifier: BSD-3-Clause
import { parseNumber } from '../net/services.js';

/** Code points with names (RFC 2474, 2597, 3246, 5865, 8622). */
export const DSCP: ReadonlyMap<string, number> = new Map([
  ['be', 0],
  ...Array.from({ length: 8 }, (_, i): [string, number] => [`cs${i}`, i * 8]),
  ...[1, 2, 3, 4].flatMap((c) =>
    [1, 2, 3].map((d): [string, number] => [`af${c}${d}`, c * 8 + d * 2]),
  ),
  ['le', 1],
  ['va', 44],
  ['ef', 46],
]);

/** The code point of a name or of a number 0..63; null for other text. */
export function parseDscp(text: string): number | null {
  const named = DSCP.get(text.toLowerCase());
  if (named !== undefined) return named;
  const number = parseNumber(text, 63);
  return number < 0 ? null : number;
}
