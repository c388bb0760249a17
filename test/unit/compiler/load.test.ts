// SPDX-License-Identifier: BSD-3-Clause
import { readdirSync, readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { languageReference } from '../../../src/cli/reference.js';
import { SCHEMA_FILE, schemaText } from '../../../src/cli/schema.js';
import { keys } from '../../../src/compiler/keys.js';
import { loadModel } from '../../../src/compiler/load.js';
import { formatPrefix } from '../../../src/net/address.js';
import { diskReader } from '../../../src/rulefile/reader.js';
import { BASE } from '../fixtures/codes.js';
import { load, modelOf, shown } from '../fixtures/load.js';

const OWN = readdirSync('rules').filter((name) => name.endsWith('.yaml'));

describe('files in rules/', () => {
  it.each(OWN)('%s is clean and has an interface inside', (name) => {
    const { model, diagnostics } = loadModel(`rules/${name}`, diskReader);
    expect(diagnostics).toEqual([]);
    expect(model?.interfaces.map((one) => one.name)).toContain('inside');
  });

  it('the JSON Schema is that of the language: run npx tsx src/cli/schema.ts', () => {
    expect(readFileSync(SCHEMA_FILE, 'utf8')).toBe(schemaText());
  });
});

describe('loadModel', () => {
  it('resolves the whole first part of the language', () => {
    const model = modelOf(`version: 1
system: {hostname: edge1.example}
settings: {max-sessions: 4096, timeouts: {udp-opening: 5, tcp-established: 2h, icmp: 90s}}
interfaces:
  mgmt: {port: {mac: "52:54:00:00:00:0A"}, management: true}
  trunk: {port: {pci: "0000:00:05.0"}, zone: a, mtu: 9000, addresses: [10.0.0.1/24]}
  tag: {parent: trunk, vlan: 20, zone: b, addresses: ["2001:db8::1/64"], description: tagged}
zones: {a: {log-denied: true}, b: {description: other}}
policies:
  - name: off
    enabled: false
    from: [a, b, a]
    to: [any, local]
    rules: [{name: one, action: deny, log: true, description: why}]
routing: {static: [{to: 0.0.0.0/0, via: 10.0.0.9}, {to: "2001:db8:9::/48", via: "fe80::1", interface: tag, distance: 5}]}
assert: ['trunk tcp 10.0.0.5:1 192.0.2.1:80 syn => deny']
`);
    const at = (line: number, column: number) => ({ file: 'x.yaml', line, column });
    expect(model.system.hostname).toBe('edge1.example');
    expect(model.settings).toEqual({
      maxSessions: 4096,
      maxRoutes: 65536,
      midstreamGrace: 0,
      fragments: { timeout: 30, datagrams: 8192, perSource: 256 },
      ipv6Extensions: {
        hopByHop: true,
        destinationOptions: true,
        routing: [],
        other: true,
        most: 8,
      },
      timeouts: {
        tcpOpening: 30,
        tcpEstablished: 7200,
        tcpClosing: 30,
        tcpClosed: 10,
        udpOpening: 5,
        udpEstablished: 120,
        icmp: 90,
        other: 60,
      },
    });
    expect(
      model.interfaces.map(({ addresses, ...one }) => [one, addresses.map(formatPrefix)]),
    ).toEqual([
      [
        {
          name: 'mgmt',
          at: at(5, 3),
          port: { kind: 'mac', mac: '52:54:00:00:00:0a' },
          parent: null,
          vlan: 0,
          tunnel: null,
          policyBased: false,
          zone: null,
          management: true,
          mtu: 1500,
          reversePath: 'strict',
          learns: [],
          mss: null,
          description: null,
        },
        [],
      ],
      [
        {
          name: 'trunk',
          at: at(6, 3),
          port: { kind: 'pci', pci: '0000:00:05.0' },
          parent: null,
          vlan: 0,
          tunnel: null,
          policyBased: false,
          zone: 'a',
          management: false,
          mtu: 9000,
          reversePath: 'strict',
          learns: [],
          mss: null,
          description: null,
        },
        ['10.0.0.1/24'],
      ],
      [
        {
          name: 'tag',
          at: at(7, 3),
          port: null,
          parent: 'trunk',
          vlan: 20,
          tunnel: null,
          policyBased: false,
          zone: 'b',
          management: false,
          mtu: 9000,
          reversePath: 'strict',
          learns: [],
          mss: null,
          description: 'tagged',
        },
        ['2001:db8::1/64'],
      ],
    ]);
    const flood = { syn: 0, udp: 0, icmp: 0, other: 0, perSource: 0 };
    expect(model.zones).toEqual([
      { name: 'a', at: at(8, 9), logDenied: true, flood, synCookies: null, description: null },
      { name: 'b', at: at(8, 32), logDenied: false, flood, synCookies: null, description: 'other' },
    ]);
    const rule = { name: 'one', source: null, destination: null, service: null };
    expect(model.policies).toEqual([
      {
        name: 'off',
        at: at(10, 5),
        from: ['a', 'b'],
        to: ['any', 'local'],
        keepEstablished: false,
        rules: [
          {
            ...rule,
            action: 'deny',
            log: true,
            logEnd: true,
            stateless: false,
            midstream: false,
            extra: null,
            enabled: false,
            description: 'why',
          },
        ],
        places: { lines: Uint32Array.of(14), files: ['x.yaml'] },
      },
    ]);
    expect(model.routes.map(({ to, ...route }) => ({ ...route, to: formatPrefix(to) }))).toEqual([
      {
        to: '0.0.0.0/0',
        at: at(15, 20),
        via: { family: 4, value: 0x0a000009n },
        interface: 'trunk',
        distance: 1,
      },
      {
        to: '2001:db8:9::/48',
        at: at(15, 52),
        via: { family: 6, value: (0xfe80n << 112n) | 1n },
        interface: 'tag',
        distance: 5,
      },
    ]);
    expect(model.assertions).toEqual([
      {
        text: 'trunk tcp 10.0.0.5:1 192.0.2.1:80 syn => deny',
        at: at(16, 10),
        excerpt: {
          text: "assert: ['trunk tcp 10.0.0.5:1 192.0.2.1:80 syn => deny']",
          column: 10,
          length: 47,
        },
      },
    ]);
  });

  it('reports all errors at once, in the order of the text', () => {
    const text =
      BASE.replace('zone: inside,', 'zone: insid,') +
      `policies:
  - name: p
    from: inside
    to: [internet, dmz]
    rules:
      - {name: r, source: [lan, 10.0.0.300], service: tcp/http, action: allow}
      - {name: r, action: permit, lgo: true}
      - {source: lan, action: allow}
routing: {static: [{to: 0.0.0.0, via: 192.0.2.1}]}
`;
    expect(shown(text)).toEqual([
      "3:18 unknown-zone: there is no zone 'insid' [did you mean 'inside'?]",
      "9:20 unknown-zone: there is no zone 'dmz'",
      "11:28 unknown-group: there is no address group 'lan'",
      "11:33 address-invalid: '10.0.0.300' is not an address: each of the four numbers of an IPv4 address is 0 to 255",
      "11:55 service-invalid: 'tcp/http' is not a service: a port is a number from 0 to 65535",
      "12:27 wrong-value: allow, deny or reject is expected here, not 'permit'",
      "12:35 unknown-key: there is no key 'lgo' here [did you mean 'log'?]",
      "13:9 missing-key: a rule needs the key 'name'",
      "14:25 address-invalid: '0.0.0.0' is not a prefix: a prefix needs a length, as in 10.0.0.0/8",
    ]);
  });

  it('takes sections without content as empty, and no value without content', () => {
    expect(shown('version: 1\nzones:\npolicies:\ngroups:\n')).toEqual([]);
    expect(
      shown(
        `${BASE}policies:\n  - name: p\n    from: any\n    to: any\n    rules:\n      - {name: r, action: allow, source: }\n`,
      ),
    ).toEqual(['11:40 wrong-kind: text, a list or a map is expected here, not nothing']);
  });

  it('types scalars by the schema, never by their looks', () => {
    expect(shown('version: 1\nsettings: {max-sessions: 022000}\n')).toEqual([
      "2:26 wrong-value: a number of sessions from 1024 to 33554432 is expected here, not '022000'",
    ]);
    expect(shown('version: 1\nsettings: {max-sessions: "22000"}\n')).toEqual([
      "2:26 wrong-value: a number of sessions from 1024 to 33554432 is expected here, not '22000' [write the number without quotes]",
    ]);
    expect(
      modelOf('version: 1\nzones: {022: {}, no: {}, 1e3: {}, null: {}}\n').zones.map(
        (zone) => zone.name,
      ),
    ).toEqual(['022', 'no', '1e3', 'null']);
  });

  it('names parts of the language that are to come', () => {
    const text = `${BASE}cluster: {}
system: {users: {}, timezone: Europe/Berlin}
policies:
  - name: p
    from: inside
    to: internet
    rules:
      - {name: b, action: allow}
`;
    expect(shown(text)).toEqual([
      "6:1 not-built: 'cluster' belongs to high availability, which is not built yet",
    ]);
  });

  it('documents every key', () => {
    const page = languageReference();
    for (const { path, description } of keys()) {
      expect(page).toContain(`| \`${path}\` |`);
      expect(description, path).not.toBe('');
    }
  });
});

describe('size', () => {
  const rules = (count: number, rest: (i: number) => string) =>
    `${BASE}policies:\n  - name: p\n    from: inside\n    to: internet\n    rules:\n` +
    Array.from(
      { length: count },
      (_, i) => `      - {name: r${i}, ${rest(i)}, action: allow}\n`,
    ).join('');
  const octets = (i: number) => `${(i >> 16) & 255}.${(i >> 8) & 255}.${i & 255}`;

  it('10,000 rules load in well under a second', () => {
    const text = rules(
      10_000,
      (i) => `source: 10.${octets(i)}, destination: 20.${octets(i)}, service: tcp/${i}`,
    );
    const start = performance.now();
    expect(load(text).model?.policies[0]?.rules).toHaveLength(10_000);
    expect(performance.now() - start).toBeLessThan(2000);
  });

  it('shares sets of 1,000 rules with three groups of 500 members', () => {
    const group = (first: number) =>
      `[${Array.from({ length: 500 }, (_, i) => `${first}.${octets(i * 2)}`).join(', ')}]`;
    const text =
      rules(1000, (i) => `source: [g1, g2], destination: g3, service: tcp/${i % 7}`) +
      `groups: {addresses: {g1: ${group(11)}, g2: ${group(12)}, g3: ${group(13)}}}\n`;
    const start = performance.now();
    const list = load(text).model?.policies[0]?.rules ?? [];
    expect(performance.now() - start).toBeLessThan(1000);
    expect(new Set(list.map((rule) => rule.source)).size).toBe(1);
    expect(new Set(list.map((rule) => rule.destination)).size).toBe(1);
    expect(new Set(list.map((rule) => rule.service)).size).toBe(7);
    expect(list[0]!.source!.v4).toHaveLength(2000);
  });

  it('beyond a limit is refused with the figure', () => {
    const many = rules(250_001, () => 'log: true');
    expect(shown(many)).toEqual([
      '7:3 too-large: the rule file has 250001 rules; the limit is 250000',
    ]);
    const long = `version: 1\n# ${'x'.repeat(64 * 1024 * 1024)}`;
    expect(shown(long)).toEqual([
      '1:1 too-large: the rule file has 67108877 characters; the limit is 67108864',
    ]);
  });
});
