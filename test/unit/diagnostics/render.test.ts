// SPDX-License-Identifier: BSD-3-Clause
import { describe, expect, it } from 'vitest';
import { Collector, MOST_SHOWN } from '../../../src/diagnostics/collect.js';
import { toJson } from '../../../src/diagnostics/diagnostic.js';
import { render } from '../../../src/diagnostics/render.js';
import { Sources } from '../../../src/diagnostics/source.js';
import { nearest } from '../../../src/diagnostics/suggest.js';
import { quote } from '../../../src/diagnostics/text.js';

function collect(text: string) {
  const sources = new Sources();
  sources.add('a.yaml', text);
  return { sources, collector: new Collector(sources) };
}

describe('render', () => {
  it('shows place, line, caret, hint and related places', () => {
    const { sources, collector } = collect('first: 1\r\n\tsecond: two\r\n');
    const other = sources.add('b.yaml', 'x\ny');
    collector.add('wrong-value', { offset: 19, end: 22 }, 'not good', {
      hint: () => 'better',
      related: [{ span: { offset: other.base + 2, end: other.base + 3 }, message: 'see here' }],
    });
    const [diagnostic] = collector.list();
    expect(render(diagnostic!)).toBe(
      [
        'a.yaml:2:10: error wrong-value: not good',
        '    2 | \tsecond: two',
        '      | \t        ^~~',
        '  hint: better',
        'b.yaml:2:1: note: see here',
      ].join('\n'),
    );
    expect(toJson(diagnostic!)).toEqual({
      code: 'wrong-value',
      severity: 'error',
      message: 'not good',
      file: 'a.yaml',
      line: 2,
      column: 10,
      hint: 'better',
      related: [{ message: 'see here', file: 'b.yaml', line: 2, column: 1 }],
    });
  });

  it('cuts long lines around the place and shows no control characters', () => {
    const { collector } = collect(`${'x'.repeat(1000)}\u001b[2J${'y'.repeat(1000)}`);
    collector.add('wrong-value', { offset: 1000, end: 1004 }, quote('\u001b[2J'));
    const lines = render(collector.list()[0]!).split('\n');
    expect(lines[0]).toBe("a.yaml:1:1001: error wrong-value: '\ufffd[2J'");
    expect(lines[1]).toBe(`    1 | ${'x'.repeat(60)}\ufffd[2J${'y'.repeat(56)}`);
    expect(lines[2]).toBe(`      | ${' '.repeat(60)}^~~~`);
  });

  it('lists in the order of the text and stops a flood', () => {
    const { collector } = collect('x'.repeat(500));
    for (let i = 299; i >= 0; i--) {
      collector.add('wrong-value', { offset: i, end: i + 1 }, `number ${i}`);
    }
    const list = collector.list();
    expect(list).toHaveLength(MOST_SHOWN + 1);
    expect(list[0]!.message).toBe('number 200');
    expect(list.at(-1)!.message).toBe('200 more errors are not shown');
    expect(collector.errors).toBe(300);
  });
});

describe('nearest', () => {
  it.each([
    ['polices', ['policies', 'ports'], 'policies'],
    ['Zone', ['zones', 'zone'], 'zone'],
    ['incldue', ['include', 'except'], 'include'],
    ['qqq', ['abc', 'xyz'], null],
    ['x', ['interfaces'], null],
  ])('%s is near %j', (text, known, wanted) => {
    expect(nearest(text, known)).toBe(wanted);
  });
});
