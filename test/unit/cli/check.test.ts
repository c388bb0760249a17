// SPDX-License-Identifier: BSD-3-Clause
import { spawnSync } from 'node:child_process';
import { existsSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { datapathBinary } from '../../../src/datapath/offline.js';

const ROOT = join(import.meta.dirname, '../../..');
const TEXT = `version: 1
interfaces:
  inside: {zone: inside, addresses: [10.1.0.1/16]}
  wan: {zone: internet, addresses: [198.51.100.2/28]}
zones: {inside: {}, internet: {}}
policies: [{name: out, from: inside, to: internet, rules: [{name: web, service: tcp/80, action: allow}]}]
routing: {static: [{to: 0.0.0.0/0, via: 198.51.100.1}]}
assert:
  - inside tcp 10.1.2.3:1 203.0.113.80:80 => allow out/web out wan
`;
let folder: string;
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'sluice-'));
});
afterAll(() => rmSync(folder, { recursive: true }));

function check(text: string, datapath = datapathBinary()) {
  writeFileSync(join(folder, 'x.yaml'), text);
  const { status, stdout, stderr } = spawnSync(
    process.execPath,
    [
      '--import',
      import.meta.resolve('tsx'),
      join(ROOT, 'src/cli/main.ts'),
      'check',
      'x.yaml',
      '--json',
    ],
    { cwd: folder, encoding: 'utf8', env: { ...process.env, SLUICE_DATAPATH: datapath } },
  );
  return { status, stderr, document: JSON.parse(stdout) as Record<string, unknown> };
}

test.skipIf(!existsSync(datapathBinary()))('the assertions of the files in rules/ hold', () => {
  for (const name of readdirSync(join(ROOT, 'rules')).filter((one) => one.endsWith('.yaml'))) {
    const argv = [join(ROOT, 'src/cli/main.ts'), 'check', `rules/${name}`, '--json'];
    const tsx = ['--import', import.meta.resolve('tsx')];
    const { stdout } = spawnSync(process.execPath, [...tsx, ...argv], {
      cwd: ROOT,
      encoding: 'utf8',
    });
    const { assertions } = JSON.parse(stdout) as { assertions: { asked: number; failed: number } };
    expect([name, assertions.failed]).toEqual([name, 0]);
    expect(assertions.asked, name).toBeGreaterThan(0);
  }
});

describe('check of a file with assertions', () => {
  test('without a datapath says that nobody was asked', () => {
    const { status, stderr, document } = check(TEXT, '/nowhere/datapath');
    expect([status, stderr]).toEqual([
      4,
      'sluice: the assertions were not asked: the datapath is not built: no /nowhere/datapath\n',
    ]);
    expect(document).toMatchObject({
      ok: false,
      diagnostics: [],
      assertions: { asked: 0, failed: 0 },
    });
    expect(check(TEXT.replace(/assert:[^]*/, ''), '/nowhere/datapath').status).toBe(0);
  });

  test.skipIf(!existsSync(datapathBinary()))('reject is neither allow nor deny', () => {
    const text = TEXT.replace('action: allow', 'action: reject').replace('=> allow', '=> reject');
    const line = text.replace(' out wan', '');
    expect(check(line)).toMatchObject({ status: 0, stderr: '' });
    for (const other of ['deny', 'allow']) {
      const { status, stderr } = check(line.replace('=> reject', `=> ${other}`));
      expect([status, stderr.split('\n')[0]]).toEqual([
        1,
        `x.yaml:9:5: error assert-failed: 'inside tcp 10.1.2.3:1 203.0.113.80:80 => ${other} out/web' does not hold: the packet gets reject out/web out wan (policy-reject)`,
      ]);
    }
  });

  test.skipIf(!existsSync(datapathBinary()))('asks the fast path', () => {
    const held = check(TEXT);
    expect([held.status, held.stderr]).toEqual([0, '']);
    expect(held.document).toMatchObject({ ok: true, assertions: { asked: 1, failed: 0 } });
    expect(Object.keys(held.document['stages'] as object)).toEqual([
      'read',
      'schema',
      'check',
      'analysis',
      'compile',
      'assert',
    ]);
    const failed = check(TEXT.replace('=> allow out/web', '=> reject out/web'));
    expect(failed.status).toBe(1);
    expect(failed.stderr).toBe(
      "x.yaml:9:5: error assert-failed: 'inside tcp 10.1.2.3:1 203.0.113.80:80 => reject out/web out wan' does not hold: the packet gets allow out/web out wan\n" +
        '    9 |   - inside tcp 10.1.2.3:1 203.0.113.80:80 => reject out/web out wan\n' +
        `      |     ^${'~'.repeat(62)}\n` +
        '  parse    pass     IPv4, protocol 6\n' +
        '  session  new\n' +
        '  route    found    via 198.51.100.1, out wan\n' +
        '  policy   allow    inside -> internet, out/web (x.yaml:6)\n' +
        '  forward  pass     out wan\n',
    );
    expect(failed.document).toMatchObject({
      ok: false,
      diagnostics: [
        { code: 'assert-failed', file: 'x.yaml', line: 9, column: 5, trace: { verdict: 'allow' } },
      ],
      assertions: { asked: 1, failed: 1 },
    });
  });
});
