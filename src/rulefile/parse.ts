// SPDX-License-Identifier: BSD-3-Clause
import { EVENT_ID, parseEvents, YAMLException, type Event } from 'js-yaml';
import type { Collector } from '../diagnostics/collect.js';
import type { Source } from '../diagnostics/source.js';
import { buildTree } from './build.js';
import { explain } from './explain.js';
import { MOST_DEPTH } from './limits.js';
import type { Node } from './tree.js';

const CONTROL = /[\u0000-\u0008\u000b\u000c\u000e-\u001f\u007f-\u0084\u0086-\u009f\ufffe\uffff]/;
const LONE_SURROGATE = /[\ud800-\udbff](?![\udc00-\udfff])|(?<![\ud800-\udbff])[\udc00-\udfff]/;

/** Parses one text to a tree. After an error that leaves no tree, null; the collector has it. */
export function parseText(source: Source, collector: Collector): Node | null {
  const { text, base } = source;
  const span = (at: number, length = 1) => ({ offset: base + at, end: base + at + length });
  const bad = CONTROL.exec(text) ?? (text.isWellFormed() ? null : LONE_SURROGATE.exec(text));
  if (bad !== null) {
    const code = text.charCodeAt(bad.index).toString(16).toUpperCase().padStart(4, '0');
    collector.add(
      'text-invalid',
      span(bad.index),
      `character U+${code} cannot be part of a rule file`,
    );
    return null;
  }
  let events: Event[];
  try {
    events = parseEvents(text, { maxDepth: MOST_DEPTH });
  } catch (error) {
    if (!(error instanceof YAMLException)) throw error;
    const at = Math.min(error.mark?.position ?? 0, text.length);
    if (error.reason.startsWith('nesting exceeded')) {
      collector.add('too-deep', span(at), `lists and maps are nested more than ${MOST_DEPTH} deep`);
    } else {
      collector.add('yaml-syntax', span(at), error.reason, { hint: () => explain(text, at) });
    }
    return null;
  }
  const documents = events.filter((event) => event.type === EVENT_ID.DOCUMENT).length;
  if (documents === 0) {
    collector.add('file-empty', span(0, 0), 'there is nothing in this file', {
      hint: 'the smallest rule file is: version: 1',
    });
    return null;
  }
  return buildTree(source, events, collector);
}
