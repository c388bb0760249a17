// SPDX-License-Identifier: BSD-3-Clause
import type { Collector, Span } from '../diagnostics/collect.js';
import type { Source, Sources } from '../diagnostics/source.js';
import { quote } from '../diagnostics/text.js';
import { MOST_FILES, MOST_TEXT } from './limits.js';
import type { Reader } from './reader.js';

/** Where texts come from, where they are kept, and where faults are told. */
export interface Reading {
  readonly sources: Sources;
  readonly reader: Reader;
  readonly collector: Collector;
}

/**
 * Reads a file to a text of the load; `from` is the place that names it, null where none does. A
 * failure is reported; `too-much` means that no further file will fit either.
 */
export function readSource(
  path: string,
  from: Span | null,
  { sources, reader, collector }: Reading,
): Source | 'failed' | 'too-much' {
  const fail = (code: 'file-missing' | 'file-unreadable' | 'too-large', message: string): void => {
    if (from === null) collector.addFile(code, path, message);
    else collector.add(code, from, message);
  };
  const read = reader(path);
  if (read === null) {
    fail('file-missing', `there is no file ${quote(path)}`);
    return 'failed';
  }
  const text = typeof read === 'string' ? read : read.text;
  if (text === undefined) {
    const { problem } = read as { problem: string };
    fail('file-unreadable', `${quote(path)} cannot be read: ${problem}`);
    return 'failed';
  }
  const size = sources.size + text.length;
  if (size > MOST_TEXT) {
    fail('too-large', `the rule file has ${size} characters; the limit is ${MOST_TEXT}`);
    return 'too-much';
  }
  if (sources.whole.length >= MOST_FILES) {
    fail('too-large', `the rule file includes more than ${MOST_FILES} files`);
    return 'too-much';
  }
  const source = sources.add(path, text.startsWith('\ufeff') ? text.slice(1) : text);
  if (typeof read === 'string') return source;
  const offset = source.base + (read.offset ?? 0);
  const span = { offset, end: offset + 1 };
  collector.add('text-invalid', span, `${quote(path)} cannot be read: ${read.problem}`);
  return 'failed';
}
