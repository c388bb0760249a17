// SPDX-License-Identifier: BSD-3-Clause
import { spawnSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';

const ROOT = join(import.meta.dirname, '../../..');
const RULES = join(ROOT, 'rules/minimal.yaml');
let folder: string;
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'sluice-'));
});
afterAll(() => rmSync(folder, { recursive: true }));

function file(name: string, text: string | Uint8Array): string {
  const path = join(folder, name);
  writeFileSync(path, text);
  return path;
}

function sluice(...args: string[]) {
  const { status, stdout, stderr } = spawnSync(
    process.execPath,
    ['--import', 'tsx', join(ROOT, 'src/cli/main.ts'), ...args],
    { cwd: ROOT, encoding: 'utf8', env: { ...process.env, SLUICE_DATAPATH: '/nowhere/datapath' } },
  );
  return { status, stdout, stderr };
}

describe('the command itself', () => {
  test('version', () => {
    const { version } = JSON.parse(readFileSync(join(ROOT, 'package.json'), 'utf8')) as {
      version: string;
    };
    expect(sluice('--version')).toEqual({ status: 0, stdout: `sluice ${version}\n`, stderr: '' });
  });
  test('an unknown command', () => {
    const stderr = "sluice: no command 'chekc', did you mean 'check'?\n";
    expect(sluice('chekc')).toEqual({ status: 2, stdout: '', stderr });
    expect(sluice('zzz').stderr).toBe("sluice: no command 'zzz'; see sluice --help\n");
    expect(sluice('constructor').status).toBe(2);
  });
  test('help of one command and of all', () => {
    expect(sluice('import', '--help')).toEqual({
      status: 0,
      stderr: '',
      stdout:
        'usage: sluice import KIND FILE [--ipset FILE]\n\n' +
        'Prints a rule file made from another format (classbench, iptables, nftables, asa, aws-security-groups, openstack-security-groups); lines without equivalent are named on stderr.\n\n' +
        '  --ipset FILE  iptables: what ipset save printed, for the sets that rules name.\n' +
        '  --json        One document on stdout: text, rules, problems.\n',
    });
    const { status, stdout } = sluice('--help');
    expect([status, stdout.split('\n')[0]]).toEqual([0, 'usage: sluice COMMAND [OPTION]...']);
    expect(sluice().status).toBe(2);
  });
});

describe('compile', () => {
  test('writes the image and says its size and times', () => {
    const image = join(folder, 'image');
    const { status, stdout } = sluice('compile', RULES, '-o', image, '--json');
    const document = JSON.parse(stdout) as { bytes: number; generation: number; stages: object };
    expect([status, document.bytes, document.generation]).toEqual([
      0,
      readFileSync(image).length,
      1,
    ]);
    expect(Object.keys(document.stages)).toEqual(['read', 'schema', 'check', 'compile']);
  });
  test('exit codes', () => {
    expect(sluice('compile').status).toBe(2);
    expect(sluice('compile', RULES, '--frob').status).toBe(2);
    expect(sluice('compile', join(folder, 'none.yaml')).status).toBe(1);
    expect(sluice('compile', RULES, '-o', join(folder, 'no/such')).status).toBe(1);
  });
});

describe('import', () => {
  test('exit codes', () => {
    const line = '@1.0.0.0/8 2.0.0.0/8 0 : 65535 80 : 80 0x06/0xFF\n';
    const partial = file('partial', `${line}@bad\n`);
    expect(sluice('import', 'classbench', file('good', line)).status).toBe(0);
    const { status, stderr } = sluice('import', 'classbench', partial);
    expect([status, stderr]).toEqual([
      3,
      `${partial}:2: not of the form @SRC DST LO : HI LO : HI PROTO/MASK\n`,
    ]);
    expect(sluice('import', 'classbench', file('none', 'nothing\n')).status).toBe(1);
    expect(sluice('import', 'classbench', join(folder, 'missing')).status).toBe(1);
    expect(sluice('import', 'classbenhc', partial)).toEqual({
      status: 2,
      stdout: '',
      stderr:
        "sluice: no import of kind 'classbenhc', did you mean 'classbench'?\nusage: sluice import KIND FILE [--ipset FILE]\n",
    });
  });
});

describe('trace and replay', () => {
  test('a wrong list is named, a missing datapath is exit 4', () => {
    const wrong = file('wrong', 'insde tcp 10.0.0.1:1 10.0.0.2:2\n');
    expect(sluice('trace', RULES, '--packets', wrong)).toEqual({
      status: 1,
      stdout: '',
      stderr: `${wrong}:1:1: error: no interface 'insde', did you mean 'inside'?\n`,
    });
    const good = file('list', 'inside tcp 10.0.0.1:1 10.0.0.2:2\n');
    expect(sluice('trace', RULES, '--packets', good)).toEqual({
      status: 4,
      stdout: '',
      stderr: 'sluice: the datapath is not built: no /nowhere/datapath\n',
    });
    expect(sluice('trace', RULES, '--packets', good, '--format', 'constructor').status).toBe(2);
    expect(sluice('trace', RULES).status).toBe(2);
  });

  test('a capture that is not taken is refused before anything runs', () => {
    const head = Buffer.alloc(24);
    head.writeUInt32LE(0xa1b2c3d4, 0);
    head.writeUInt32LE(113, 20);
    const capture = file('sll.pcap', head);
    expect(sluice('replay', RULES, '--in', `inside=${capture}`, '--out', folder)).toEqual({
      status: 1,
      stdout: '',
      stderr: `${capture}: error: link type 113 (LINUX_SLL) is not taken, only Ethernet and raw IP are\n`,
    });
    const none = join(folder, 'none.pcap');
    expect(sluice('replay', RULES, '--in', `inside=${none}`).status).toBe(1);
    expect(sluice('replay', RULES, '--in', `insid=${capture}`)).toEqual({
      status: 2,
      stdout: '',
      stderr: `sluice: --in insid=${capture}: no interface 'insid', did you mean 'inside'?\n`,
    });
    expect(sluice('replay', RULES, '--in', capture).status).toBe(2);
    expect(sluice('replay', RULES).status).toBe(2);
  });
});
