// SPDX-License-Identifier: BSD-3-Clause

/** A reader of OpenMetrics 1.0 text by its ABNF; shares nothing with src/telemetry. */
export interface Metric {
  readonly type: string;
  readonly unit: string | null;
  readonly help: string | null;
  readonly samples: {
    readonly name: string;
    readonly labels: Map<string, string>;
    readonly value: number;
  }[];
}

const SUFFIXES: Record<string, readonly string[]> = {
  counter: ['_total', '_created'],
  gauge: [''],
  info: ['_info'],
  unknown: [''],
};

export function parseOpenMetrics(text: string): Map<string, Metric> {
  if (!text.endsWith('# EOF\n')) throw new Error('it does not end in # EOF');
  const metrics = new Map<
    string,
    { type: string; unit: string | null; help: string | null; samples: Metric['samples'] }
  >();
  const seen = new Set<string>();
  let current = '';
  for (const line of text.slice(0, -'# EOF\n'.length).split('\n').slice(0, -1)) {
    const meta = /^# (TYPE|UNIT|HELP) ([a-zA-Z_:][a-zA-Z0-9_:]*) (.*)$/s.exec(line);
    if (meta !== null) {
      const [, kind, name, rest] = meta as unknown as [string, string, string, string];
      if (name !== current) {
        if (metrics.has(name)) throw new Error(`${name} is interleaved`);
        metrics.set(name, { type: 'unknown', unit: null, help: null, samples: [] });
        current = name;
      }
      const metric = metrics.get(name)!;
      if (metric.samples.length > 0) throw new Error(`metadata of ${name} after its samples`);
      if (kind === 'TYPE') {
        if (!(rest in SUFFIXES)) throw new Error(`type ${rest}`);
        metric.type = rest;
      } else if (kind === 'UNIT') {
        if (!name.endsWith(`_${rest}`)) throw new Error(`${name} does not end in _${rest}`);
        metric.unit = rest;
      } else metric.help = unescape(rest);
      continue;
    }
    const sample = /^([a-zA-Z_:][a-zA-Z0-9_:]*)(?:\{(.*)\})? (\S+)$/s.exec(line);
    if (sample === null) throw new Error(`no line of OpenMetrics: ${line}`);
    const [, name, list, number] = sample as unknown as [
      string,
      string,
      string | undefined,
      string,
    ];
    const metric = metrics.get(current);
    if (metric === undefined || !SUFFIXES[metric.type]!.some((suffix) => name === current + suffix))
      throw new Error(`${name} is no sample of ${current}`);
    const labels = new Map<string, string>();
    let rest = list ?? '';
    while (rest !== '') {
      const one = /^([a-zA-Z_][a-zA-Z0-9_]*)="((?:[^"\\\n]|\\[\\"n])*)"(?:,(?=.)|$)/.exec(rest);
      if (one === null) throw new Error(`no labels: ${rest}`);
      if (labels.has(one[1]!)) throw new Error(`${one[1]!} twice`);
      labels.set(one[1]!, unescape(one[2]!));
      rest = rest.slice(one[0].length);
    }
    const key = `${name} ${JSON.stringify([...labels].sort())}`;
    if (seen.has(key)) throw new Error(`${key} twice`);
    seen.add(key);
    if (!/^[-+]?(\d+\.?\d*(e[-+]?\d+)?|NaN|Inf)$/i.test(number))
      throw new Error(`no number: ${number}`);
    const value = Number(number);
    if (metric.type === 'counter' && value < 0) throw new Error(`${name} is below zero`);
    metric.samples.push({ name, labels, value });
  }
  return metrics;
}

function unescape(text: string): string {
  return text.replace(/\\(.)/g, (_, c: string) => (c === 'n' ? '\n' : c));
}
