// SPDX-License-Identifier: BSD-3-Clause

/** What the writer writes: scalars, lists and maps without cycles. */
export type Value =
  string | number | boolean | readonly Value[] | { readonly [key: string]: Value };

const PLAIN = /^[A-Za-z0-9_][A-Za-z0-9_./-]*$/;
const WORDS = new Set(['null', 'true', 'false', 'yes', 'no', 'on', 'off']);

/** A scalar that reads as the same text, quoted where it must be. */
export function scalar(text: string): string {
  if (PLAIN.test(text) && !WORDS.has(text.toLowerCase())) return text;
  return `'${printable(text).replaceAll("'", "''")}'`;
}

/** A value on one line. */
export function flow(value: Value): string {
  if (typeof value === 'string') return scalar(value);
  if (typeof value === 'number' || typeof value === 'boolean') return String(value);
  if (Array.isArray(value)) return `[${(value as readonly Value[]).map(flow).join(', ')}]`;
  const entries = Object.entries(value).map(([key, one]) => `${scalar(key)}: ${flow(one)}`);
  return entries.length === 0 ? '{}' : `{ ${entries.join(', ')} }`;
}

const WIDTH = 100;

/** `key: value` with what does not fit a line as a list below it. */
export function entry(key: string, value: Value, indent: string): string {
  const line = `${indent}${scalar(key)}: ${flow(value)}`;
  if (line.length <= WIDTH || typeof value !== 'object') return line;
  if (Array.isArray(value))
    return [`${indent}${scalar(key)}:`, ...wrapped(value as readonly Value[], indent)].join('\n');
  const entries = Object.entries(value).map(([name, one]) => entry(name, one, `${indent}  `));
  return [`${indent}${scalar(key)}:`, ...entries].join('\n');
}

/** A long list in brackets, as many items a line as fit. */
function wrapped(items: readonly Value[], indent: string): string[] {
  const lines: string[] = [];
  let line = '';
  for (const item of items) {
    const text = `${flow(item)},`;
    if (line !== '' && indent.length + 4 + line.length + 1 + text.length > WIDTH) {
      lines.push(`${indent}    ${line}`);
      line = '';
    }
    line += line === '' ? text : ` ${text}`;
  }
  lines.push(`${indent}    ${line}`);
  return [`${indent}  [`, ...lines, `${indent}  ]`];
}

/** Text that a rule file takes: no control characters, no half of a surrogate pair. */
export function printable(text: string): string {
  return text
    .toWellFormed()
    .replace(/[^\x20-\x7e\xa0-\ud7ff\ue000-\ufffd\u{10000}-\u{10ffff}]/gu, '?');
}
