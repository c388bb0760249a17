// SPDX-License-Identifier: BSD-3-Clause
import { spawnSync } from 'node:child_process';
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { datapathBinary } from '../../../src/datapath/offline.js';

const ROOT = join(import.meta.dirname, '../../..');

function sluice(args: readonly string[], input = '') {
  const { status, stdout, stderr } = spawnSync(
    process.execPath,
    ['--import', 'tsx', join(ROOT, 'src/cli/main.ts'), ...args],
    { cwd: ROOT, encoding: 'utf8', input },
  );
  return { status, stdout, stderr };
}

interface Document {
  readonly answer: string;
  readonly parts: readonly {
    readonly answer: string;
    readonly sample: string | null;
    readonly out: string | null;
    readonly rules: readonly { readonly policy: string; readonly name: string }[];
  }[];
}

describe('sluice ask', () => {
  test('says yes, for what, by which rule, and gives a packet', () => {
    const question = 'can inside reach 10.20.0.11 tcp/8080?';
    expect(sluice(['ask', 'rules/office.yaml', question])).toEqual({
      status: 0,
      stdout: [
        'yes',
        '',
        'yes      inside -> dmz',
        '  source       10.1.0.0, 10.1.0.2-10.1.255.254',
        '  destination  10.20.0.11',
        '  service      tcp/8080',
        '  rule         allow published/web (rules/office.yaml:52)',
        '  packet       inside tcp 10.1.0.3:50000 10.20.0.11:8080',
        '',
      ].join('\n'),
      stderr: '',
    });
  });

  test('points at what it cannot read', () => {
    expect(sluice(['ask', 'rules/office.yaml', 'can insid reach local?'])).toEqual({
      status: 1,
      stdout: '',
      stderr: [
        "sluice: there is no zone, interface or address group 'insid', did you mean 'inside'?",
        '  can insid reach local?',
        '      ^~~~~',
        '',
      ].join('\n'),
    });
    expect(sluice(['ask']).status).toBe(2);
  });

  test.skipIf(!existsSync(datapathBinary()))('its packets get what it says from trace', () => {
    for (const question of ['what can inside reach', 'can any reach any', 'can wan reach local']) {
      const asked = sluice(['ask', 'rules/office.yaml', question, '--json']);
      const { parts } = JSON.parse(asked.stdout) as Document;
      expect(parts.length).toBeGreaterThan(1);
      const list = parts.map((part) => `${part.sample ?? ''}\n`).join('');
      const trace = ['trace', 'rules/office.yaml', '--packets', '-', '--json'];
      const { packets } = JSON.parse(sluice(trace, list).stdout) as {
        packets: {
          verdict: string;
          out: string | null;
          rule: { policy: string; name: string } | null;
        }[];
      };
      const name = (rule: { policy: string; name: string } | null | undefined) =>
        rule == null || rule.policy === '' ? null : `${rule.policy}/${rule.name}`;
      expect(packets.map((one) => [one.verdict, name(one.rule), one.out])).toEqual(
        parts.map(({ answer, rules, out }) => [
          answer === 'yes' ? 'allow' : 'deny',
          name(rules.at(-1)),
          answer === 'yes' ? out : null,
        ]),
      );
    }
  });
});
