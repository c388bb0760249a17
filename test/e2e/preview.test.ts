// SPDX-License-Identifier: BSD-3-Clause
import { cpSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import type { CandidateTold } from '../../src/daemon/api/candidates.js';
import type { Applied, Previewed } from '../../src/daemon/api/types.js';
import { PcapWriter } from '../../src/datapath/capture-write.js';
import { etherFrame } from '../../src/datapath/frame.js';
import { buildPacket } from '../../src/datapath/packet.js';
import { Lab } from '../../src/lab/lab.js';
import { INTERNET, SERVER } from '../../src/lab/network.js';
import { parsePacket } from '../../src/firewall/packet.js';

let lab: Lab;
let folder: string;
/** Text of the lab's rule file, without assertions. */
let office: string;

beforeAll(async () => {
  lab = await Lab.start();
  folder = mkdtempSync(path.join(tmpdir(), 'sluice-e2e-'));
  cpSync(path.join(path.dirname(lab.rules), 'parts'), path.join(folder, 'parts'), {
    recursive: true,
  });
  office = readFileSync(lab.rules, 'utf8').replace(/\nassert:[^]*/, '\n');
});
afterAll(async () => {
  await lab.close();
  rmSync(folder, { recursive: true });
});
beforeEach(async () => {
  await apply(office);
  await lab.sluice('clear', 'sessions', '--all');
});

async function apply<T = Applied>(text: string, ...options: string[]): Promise<T> {
  const file = path.join(folder, 'rules.yaml');
  writeFileSync(file, text);
  const { code, stdout, stderr } = await lab.sluice('apply', file, '--json', ...options);
  expect([code, stderr]).toEqual([0, '']);
  return JSON.parse(stdout) as T;
}

function lineOf(text: string, part: string): number {
  return text.split('\n').findIndex((line) => line.includes(part)) + 1;
}

describe('apply --preview', () => {
  test('says which rules change and which sessions end, changes nothing, and comes true', async () => {
    const { inside, wan } = lab.hosts;
    const flows = [
      await inside.tcp(INTERNET.v4, 80),
      await inside.udp(INTERNET.v6, 53),
      await wan.tcp(SERVER.v4, 8080),
      await wan.tcp(SERVER.v6, 8080),
    ];
    for (const flow of flows) await flow.echo('before');
    const { generation } = await lab.show<{ generation: number }>('version');
    const file = path.join(folder, 'rules.yaml');
    const line = lineOf(office, 'name: web,');
    // The web server goes, DNS is denied, and a rule is new.
    const next = office
      .replace(/^.*name: web, .*\n/m, '')
      .replace(/^( *)- \{ name: browse/m, '$1- { name: no-dns, service: dns, action: deny }\n$&');
    const preview = await apply<Previewed>(next, '--preview');
    expect(preview).toMatchObject({
      ok: true,
      preview: true,
      changed: true,
      generation: generation + 1,
      sessions: { kept: 1, ended: 3 },
      rules: {
        added: [{ policy: 'office-out', rule: 'no-dns', file, line: lineOf(next, 'name: no-dns') }],
        removed: [{ policy: 'published', rule: 'web', file, line }],
        changed: [],
        moved: [],
      },
    });
    const [web, browse] = preview.ended_by;
    expect(web).toMatchObject({ policy: 'published', rule: 'web', file, line, count: 2 });
    expect(
      web!.examples.map((one) => `${one.in} ${one.destination} ${one.decided_by}`).sort(),
    ).toEqual([`wan ${SERVER.v4} default deny`, `wan ${SERVER.v6} default deny`]);
    expect(browse).toMatchObject({
      policy: 'office-out',
      rule: 'browse',
      count: 1,
      examples: [
        {
          protocol: 'udp',
          destination: INTERNET.v6,
          destination_port: 53,
          decided_by: 'office-out/no-dns',
        },
      ],
    });
    expect(Object.keys(preview.stages)).toEqual(
      expect.arrayContaining(['read', 'schema', 'check', 'compile', 'stage', 'assert', 'preview']),
    );
    for (const flow of flows) await flow.echo('after the preview');
    expect((await lab.show<{ generation: number }>('version')).generation).toBe(generation);

    const applied = await apply(next);
    expect(applied.sessions).toEqual(preview.sessions);
    expect(applied.generation).toBe(preview.generation);
    await flows[0]!.echo('after');
    await expect(flows[1]!.echo('after', 500)).rejects.toThrow('timeout');
    for (const flow of flows) await flow.close();
  });

  test('of what is in force, of what is refused, and as text', async () => {
    const same = await apply<Previewed>(office, '--preview');
    expect([same.changed, same.sessions, same.ended_by]).toEqual([
      false,
      { kept: 0, ended: 0 },
      [],
    ]);
    const file = path.join(folder, 'rules.yaml');
    writeFileSync(
      file,
      office.replace(
        /^( *)- \{ name: ping, source: lan/m,
        '$1- { name: other, service: tcp/99, action: deny }\n$&',
      ),
    );
    expect(await lab.sluice('apply', file, '--preview')).toMatchObject({
      code: 0,
      stderr: '',
      stdout: `preview: rules: 1 added, 0 removed, 0 changed, 0 moved
  + manage/other (${file}:${lineOf(readFileSync(file, 'utf8'), 'name: other')})
sessions: 0 would stay, 0 would end
`,
    });
    writeFileSync(file, `${office}assert: [inside tcp 10.1.2.3:1 203.0.113.80:443 => deny]\n`);
    const refused = await lab.sluice('apply', file, '--preview');
    expect(refused.code).toBe(1);
    expect(refused.stderr).toContain('error assert-failed: ');
    expect((await apply(office)).changed).toBe(false);
  });
});

describe('the flows of a preview', () => {
  /** Browsing is left to two networks, and one server more is published. */
  const stricter = (): string =>
    office
      .replace(/^( *)- \{ name: browse/m, '$1- { name: no-dns, service: dns, action: deny }\n$&')
      .replace('name: web, destination: server', 'name: www, destination: server');

  function capture(lines: readonly string[]): string {
    const file = path.join(folder, 'flows.pcap');
    const writer = new PcapWriter(file);
    for (const line of lines) {
      const packet = parsePacket(`- ${line}`);
      if ('problem' in packet) throw new Error(packet.problem);
      writer.add(
        1_700_000_000_000_000_000n,
        etherFrame(buildPacket(packet), packet.source.family, 0),
      );
    }
    writer.close();
    return file;
  }

  test('of a capture: those with another verdict first, with the rules before and after', async () => {
    const pcap = capture([
      'udp 10.1.2.3:40000 203.0.113.80:53',
      'udp 203.0.113.80:53 10.1.2.3:40000',
      'udp 10.1.2.3:40001 203.0.113.80:53',
      'tcp 10.1.2.3:40000 203.0.113.80:443 syn',
      'tcp 10.20.0.11:8080 192.0.2.7:50000 syn,ack',
      'tcp 192.0.2.7:50000 10.20.0.11:8080 syn',
    ]);
    const next = stricter();
    const preview = await apply<Previewed>(next, '--preview', '--pcap', pcap);
    const file = path.join(folder, 'rules.yaml');
    const at = (text: string, part: string) => ({ file, line: lineOf(text, part) });
    expect(preview.flows).toEqual({
      flows: 3,
      seen: 4,
      unplaced: 0,
      changed: [
        {
          packet: 'inside udp 10.1.2.3:40000 203.0.113.80:53',
          count: 2,
          before: {
            verdict: 'allow',
            rule: 'office-out/browse',
            ...at(office, 'name: browse'),
            out: 'wan',
            reason: null,
          },
          after: {
            verdict: 'deny',
            rule: 'office-out/no-dns',
            ...at(next, 'name: no-dns'),
            out: null,
            reason: 'policy-deny',
          },
        },
        {
          packet: 'wan tcp 192.0.2.7:50000 10.20.0.11:8080',
          count: 1,
          before: {
            verdict: 'allow',
            rule: 'published/web',
            ...at(office, 'name: web,'),
            out: 'dmz',
            reason: null,
          },
          after: {
            verdict: 'allow',
            rule: 'published/www',
            ...at(next, 'name: www,'),
            out: 'dmz',
            reason: null,
          },
        },
      ],
    });
    writeFileSync(file, next);
    const { code, stdout } = await lab.sluice('apply', file, '--preview', '--pcap', `wan=${pcap}`);
    expect(code).toBe(0);
    expect(stdout).toContain('flows: of 3 (seen 4 times) 0 would get another verdict, 1 another');
    const wrong = await lab.sluice('apply', file, '--preview', '--pcap', file);
    expect(wrong.code).toBe(2);
    expect(wrong.stderr).toContain(`${file}: neither a pcap nor a pcapng file`);
  });

  test('of the log: what was denied would pass, in a preview of a candidate too', async () => {
    await expect(lab.hosts.inside.tcp(INTERNET.v4, 25, 200)).rejects.toThrow();
    const request = { mode: 'private', user: 'alice', from: 'here' };
    const { id } = (await lab.api.post('/candidates', request)) as CandidateTold;
    const rule = 'policies office-out rules no-direct-mail'.split(' ');
    const operations = [{ op: 'set', path: [...rule, 'action', 'allow'] }];
    await lab.api.post(`/candidates/${id}/edit`, { operations });
    const asked = { preview: true, flows_of_log: 5 };
    const told = (await lab.api.post(`/candidates/${id}/commit`, asked)) as Previewed;
    const named = { rule: 'office-out/no-direct-mail' };
    expect(told.flows?.changed).toMatchObject([
      {
        before: { verdict: 'deny', reason: 'policy-deny', ...named },
        after: { verdict: 'allow', out: 'wan', ...named },
      },
    ]);
    expect(told.flows?.changed[0]?.packet).toMatch(/^inside tcp 10\..*:25$/);
    await lab.api.delete(`/candidates/${id}`);
  });
});

describe('keep-established', () => {
  test('keeps the sessions of a policy when its rule is gone, until they are cleared', async () => {
    const keeping = office.replace('  - name: published\n', '$&    keep-established: true\n');
    await apply(keeping);
    const live = await lab.hosts.wan.tcp(SERVER.v4, 8080);
    await live.echo('before');
    const next = keeping.replace(/^.*name: web, .*\n/m, '');
    expect((await apply<Previewed>(next, '--preview')).sessions).toEqual({ kept: 1, ended: 0 });
    expect((await apply(next)).sessions).toEqual({ kept: 1, ended: 0 });
    await live.echo('after');
    await expect(lab.hosts.wan.tcp(SERVER.v4, 8080, 500)).rejects.toThrow();
    expect((await lab.sluice('clear', 'sessions', '--rule', 'published/web')).stdout).toBe(
      '1 session cleared\n',
    );
    await expect(live.echo('cleared', 500)).rejects.toThrow('timeout');
    await live.close();
  });
});

describe('clear sessions', () => {
  test('--dry-run counts and ends nothing', async () => {
    const flow = await lab.hosts.inside.tcp(INTERNET.v4, 80);
    await flow.echo('open');
    const dry = await lab.sluice('clear', 'sessions', '--from', 'inside', '--dry-run', '--json');
    expect(JSON.parse(dry.stdout)).toEqual({ cleared: 0, fitting: 1 });
    expect((await lab.sluice('clear', 'sessions', '--all', '--dry-run')).stdout).toBe(
      '1 session would end\n',
    );
    await flow.echo('still there');
    expect((await lab.sluice('clear', 'sessions', '--all')).stdout).toBe('1 session cleared\n');
    await flow.close();
  });
});
