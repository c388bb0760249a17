// SPDX-License-Identifier: BSD-3-Clause
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, it } from 'vitest';
import { loadModel } from '../../../src/compiler/load.js';
import { diskReader } from '../../../src/rulefile/reader.js';

const folder = mkdtempSync(join(tmpdir(), 'sluice-reader-'));
afterAll(() => rmSync(folder, { recursive: true }));

function first(name: string, bytes?: string): string {
  const path = join(folder, name);
  if (bytes !== undefined) writeFileSync(path, bytes, 'latin1');
  const [found] = loadModel(path, diskReader).diagnostics;
  if (found === undefined) return 'nothing';
  const { file, line, column, code, message } = found;
  return `${file}:${line}:${column}: ${code}: ${message}`.replaceAll(`${folder}/`, '');
}

describe('diskReader', () => {
  it('reads text with or without a byte order mark', () => {
    expect(first('a.yaml', 'version: 1\n')).toBe('nothing');
    expect(first('b.yaml', '\u00ef\u00bb\u00bfversion: 1\r\nzones: {a: {}}\r\n')).toBe('nothing');
    expect(first('c.yaml', '\u00ef\u00bb\u00bfversion: 2\n')).toBe(
      "c.yaml:1:10: version-unknown: 1 is expected here, not '2'",
    );
  });

  it('points at the first byte that is no UTF-8', () => {
    expect(first('d.yaml', 'version: 1\nzones: {a\u00ff: {}}\n')).toBe(
      "d.yaml:2:10: text-invalid: 'd.yaml' cannot be read: it is not UTF-8 text here",
    );
    expect(first('e.yaml', 'a: \u00e2\u0082')).toBe(
      "e.yaml:1:4: text-invalid: 'e.yaml' cannot be read: it is not UTF-8 text here",
    );
  });

  it('says what a file is instead', () => {
    expect(first('none.yaml')).toBe("none.yaml:1:1: file-missing: there is no file 'none.yaml'");
    expect(
      loadModel(folder, diskReader).diagnostics.map((one) => one.message.split(': ')[1]),
    ).toEqual(['it is no regular file']);
    expect(loadModel('/dev/zero', diskReader).diagnostics.map((one) => one.message)).toEqual([
      "'/dev/zero' cannot be read: it is no regular file",
    ]);
  });
});
