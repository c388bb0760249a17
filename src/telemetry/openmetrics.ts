// SPDX-License-Identifier: BSD-3-Clause

/** Figures of one kind, as OpenMetrics 1.0 has them. */
export interface Family {
  readonly name: string;
  readonly type: 'counter' | 'gauge' | 'info';
  readonly help: string;
  /** The name ends in it. */
  readonly unit?: string;
  readonly samples: readonly Sample[];
}

export interface Sample {
  readonly labels: Readonly<Record<string, string>>;
  readonly value: number;
}

export const CONTENT_TYPE = 'application/openmetrics-text; version=1.0.0; charset=utf-8';

const SUFFIX = { counter: '_total', gauge: '', info: '_info' } as const;

/** The exposition text. */
export function openMetrics(families: readonly Family[]): string {
  const lines: string[] = [];
  for (const { name, type, help, unit, samples } of families) {
    if (samples.length === 0) continue;
    lines.push(`# TYPE ${name} ${type}`);
    if (unit !== undefined) lines.push(`# UNIT ${name} ${unit}`);
    lines.push(`# HELP ${name} ${escaped(help)}`);
    for (const { labels, value } of samples) {
      const list = Object.entries(labels).map(([key, text]) => `${key}="${escaped(text)}"`);
      const shown = list.length === 0 ? '' : `{${list.join(',')}}`;
      lines.push(`${name}${SUFFIX[type]}${shown} ${value}`);
    }
  }
  return `${lines.join('\n')}${lines.length === 0 ? '' : '\n'}# EOF\n`;
}

function escaped(text: string): string {
  return text
    .toWellFormed()
    .replaceAll('\\', '\\\\')
    .replaceAll('"', '\\"')
    .replaceAll('\n', '\\n');
}

/** Labels of a sample, and its value. */
export type Pair = readonly [Sample['labels'], number];

export function counter(name: string, help: string, pairs: readonly Pair[], unit?: string): Family {
  return {
    name,
    type: 'counter',
    help,
    ...(unit === undefined ? {} : { unit }),
    samples: pairs.map(sample),
  };
}

export function gauge(name: string, help: string, pairs: readonly Pair[], unit?: string): Family {
  return {
    name,
    type: 'gauge',
    help,
    ...(unit === undefined ? {} : { unit }),
    samples: pairs.map(sample),
  };
}

function sample([labels, value]: Pair): Sample {
  return { labels, value };
}
