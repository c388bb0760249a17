// SPDX-License-Identifier: BSD-3-Clause
import { describe, expect, it } from 'vitest';
import { diagnosticsReference } from '../../../src/cli/reference.js';
import { loadModel } from '../../../src/compiler/load.js';
import { CODES, type Code } from '../../../src/diagnostics/codes.js';
import { render } from '../../../src/diagnostics/render.js';
import { APPLY_CODES, FIXTURES, readerOf, type CheckCode } from '../fixtures/codes.js';

const codes = Object.keys(CODES) as Code[];

describe('diagnostic codes', () => {
  it('each have a fixture', () => {
    expect([...Object.keys(FIXTURES), ...APPLY_CODES].toSorted()).toEqual(codes.toSorted());
  });

  it.each(Object.keys(FIXTURES) as CheckCode[])('%s shows as its fixture says', (code) => {
    const fixture = FIXTURES[code];
    const { model, diagnostics } = loadModel('x.yaml', readerOf(fixture), { analyse: true });
    const found = diagnostics.find((diagnostic) => diagnostic.code === code);
    expect(found === undefined ? 'nothing' : render(found).split('\n')[0]).toBe(fixture.shows);
    expect(found?.severity).toBe(CODES[code].severity);
    if (CODES[code].severity === 'error') expect(model).toBeNull();
    else expect(model).not.toBeNull();
  });

  it('each are documented in one row', () => {
    const page = diagnosticsReference();
    for (const code of codes) {
      expect(page.split('\n').filter((line) => line.startsWith(`| \`${code}\` |`))).toHaveLength(1);
      expect(CODES[code].explanation.length).toBeGreaterThan(20);
    }
  });
});
