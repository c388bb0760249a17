// SPDX-License-Identifier: BSD-3-Clause
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { loadModel } from '../../../src/compiler/load.js';
import { importAws } from '../../../src/import/cloud/aws.js';
import { importOpenstack } from '../../../src/import/cloud/openstack.js';
import { textReader } from '../../../src/rulefile/reader.js';

const errors = (text: string) =>
  loadModel('x.yaml', textReader(new Map([['x.yaml', text]]))).diagnostics.filter(
    ({ severity }) => severity === 'error',
  );
/** Policies and rules as written, a line each. */
const shown = (text: string) =>
  text
    .slice(text.indexOf('policies:'))
    .split('\n')
    .map((line) => line.trim())
    .filter((line) => line !== '' && line !== 'policies:' && line !== 'rules:');

const any = [{ CidrIp: '0.0.0.0/0' }];
const out = [{ IpProtocol: '-1', IpRanges: any }];

describe('AWS', () => {
  test('what passes between groups is what one lets out and the other in', () => {
    const { text, problems, rules } = importAws(
      JSON.stringify({
        SecurityGroups: [
          {
            GroupId: 'sg-web',
            IpPermissions: [
              { IpProtocol: 'tcp', FromPort: 80, ToPort: 89, IpRanges: any },
              { IpProtocol: 'icmp', FromPort: 8, ToPort: -1, Ipv6Ranges: [{ CidrIpv6: '::/0' }] },
            ],
            IpPermissionsEgress: [
              {
                IpProtocol: 'tcp',
                FromPort: 5430,
                ToPort: 5439,
                UserIdGroupPairs: [{ GroupId: 'sg-db', Description: 'the "store"' }],
              },
            ],
          },
          {
            GroupId: 'sg-db',
            IpPermissions: [
              {
                IpProtocol: '6',
                FromPort: 5432,
                ToPort: 5432,
                IpRanges: [{ CidrIp: '10.1.2.3/16' }],
                UserIdGroupPairs: [{ GroupId: 'sg-web' }],
              },
            ],
            IpPermissionsEgress: out,
          },
        ],
      }),
    );
    expect(problems).toEqual([]);
    expect(errors(text)).toEqual([]);
    expect(rules).toBe(5);
    expect(shown(text)).toEqual([
      '- name: sg-web.in',
      'from: [outside, sg-db]',
      'to: sg-web',
      '- { name: r1, source: 0.0.0.0/0, service: tcp/80-89, action: allow }',
      "- { name: r2, source: '::/0', service: icmp/8, action: allow }",
      '- name: sg-web.from.sg-web',
      'from: sg-web',
      'to: sg-web',
      'rules: []',
      '- name: sg-web.out',
      'from: sg-web',
      'to: outside',
      'rules: []',
      '- name: sg-db.in',
      'from: [outside, sg-db]',
      'to: sg-db',
      '- { name: r1, source: 10.1.0.0/16, service: tcp/5432, action: allow }',
      '- name: sg-db.from.sg-web',
      'from: sg-web',
      'to: sg-db',
      '- { name: r1, service: tcp/5432, action: allow }',
      '- name: sg-db.out',
      'from: sg-db',
      'to: outside',
      '- { name: r1, destination: 0.0.0.0/0, action: allow }',
    ]);
  });

  test('what the document does not have is an empty group, named with its line', () => {
    const { text, problems } = importAws(`{"SecurityGroups": [
      {"GroupId": "sg-1", "IpPermissions": [
        {"IpProtocol": "-1", "UserIdGroupPairs": [
          {"GroupId": "sg-elsewhere"}], "PrefixListIds": [
          {"PrefixListId": "pl-7"}]},
        {"IpProtocol": "tcp", "FromPort": 9, "ToPort": 7, "IpRanges": [{"CidrIp": "0.0.0.0/0"}]},
        {"IpProtocol": "udp", "FromPort": 1, "ToPort": 2, "IpRanges": [{"CidrIp": "10.0.0.300/8"}]}
      ], "IpPermissionsEgress": []}]}`);
    expect(problems.map(({ line, message }) => `${line} ${message}`)).toEqual([
      '5 prefix list pl-7 is not in the document: its members are to be filled in',
      '4 group sg-elsewhere is not in the document: its members are to be filled in',
      '6 ports 9 to 7 has no equivalent',
      expect.stringMatching(/^7 '10.0.0.300\/8' is not a prefix: /),
    ]);
    expect(errors(text)).toEqual([]);
    expect(text).toContain('    pl-7: []');
    expect(shown(text)).toContain('- { name: r1, source: [pl-7, sg-elsewhere], action: allow }');
  });

  test('no document', () => {
    expect(importAws('{').refused).toMatch(/^no JSON: /);
    expect(importAws('{}').refused).toBe('no security group in it');
  });
});

describe('OpenStack', () => {
  const rule = {
    direction: 'ingress',
    ethertype: 'IPv4',
    protocol: 'tcp',
    port_range_min: 22,
    port_range_max: 22,
    remote_ip_prefix: '10.0.0.0/8',
  };
  const wanted = '- { name: r1, source: 10.0.0.0/8, service: tcp/22, action: allow }';

  test.each([
    ['a list of the API', { security_groups: [{ id: 'a', security_group_rules: [rule] }] }],
    ['one of the API', { security_group: { id: 'a', name: 'x', security_group_rules: [rule] } }],
    ['rules of the API', { security_group_rules: [{ ...rule, security_group_id: 'a' }] }],
    ['show', { id: 'a', name: 'x', rules: [rule] }],
    [
      'show of older clients',
      {
        id: 'a',
        rules:
          "created_at='2019', direction='ingress', ethertype='IPv4', port_range_max='22', port_range_min='22', protocol='tcp', remote_ip_prefix='10.0.0.0/8'",
      },
    ],
    [
      'rule list',
      [
        {
          ID: 'r',
          'IP Protocol': 'tcp',
          Ethertype: 'IPv4',
          'IP Range': '10.0.0.0/8',
          'Port Range': '22:22',
          Direction: 'ingress',
          'Remote Security Group': null,
          'Security Group': 'a',
        },
      ],
    ],
  ])('%s', (_, document) => {
    const { text, problems } = importOpenstack(JSON.stringify(document));
    expect(problems).toEqual([]);
    expect(errors(text)).toEqual([]);
    expect(shown(text)).toContain(wanted);
  });

  test('families, groups, ICMP and protocols', () => {
    const { text, problems } = importOpenstack(
      JSON.stringify({
        security_groups: [
          {
            id: 'a',
            security_group_rules: [
              {
                ...rule,
                ethertype: 'IPv6',
                protocol: 'icmp',
                port_range_min: 128,
                port_range_max: 0,
                remote_ip_prefix: null,
              },
              { ...rule, protocol: null, remote_ip_prefix: null, remote_group_id: 'a' },
              { ...rule, protocol: '112', remote_ip_prefix: null, remote_group_id: 'b' },
              { direction: 'egress', ethertype: 'IPv4' },
              { direction: 'egress', ethertype: 'IPv6' },
            ],
          },
        ],
      }),
    );
    expect(problems.map(({ message }) => message)).toEqual([
      'group b is not in the document: its members are to be filled in',
    ]);
    expect(errors(text)).toEqual([]);
    expect(shown(text).filter((line) => line.startsWith('- {'))).toEqual([
      "- { name: r1, source: '::/0', service: icmpv6/128/0, action: allow }",
      '- { name: r2, source: b, service: proto/112, action: allow }',
      "- { name: r1, source: '::/0', service: icmpv6/128/0, action: allow }",
      '- { name: r2, action: allow }',
      '- { name: r3, source: b, service: proto/112, action: allow }',
      '- { name: r1, destination: 0.0.0.0/0, action: allow }',
      "- { name: r2, destination: '::/0', action: allow }",
    ]);
  });

  test('a list without rules says so', () => {
    const { problems } = importOpenstack('[\n {"ID": "a", "Name": "x", "Description": ""}\n]');
    expect(problems).toEqual([
      {
        line: 2,
        message: 'the group is listed without its rules, which `security group show` has',
      },
    ]);
  });
});

/** Words that documents are made of, and such as they should not have. */
const word = fc.oneof(
  fc.constantFrom(
    'a',
    'b',
    'any',
    'outside',
    '10.0.0.1',
    '-1',
    'tcp',
    'ingress',
    '10.0.0.0/8',
    '::/0',
    "it's",
    'x: [\u0000]',
  ),
  fc.string(),
);
const leaf = fc.oneof(word, fc.integer(), fc.constant(null), fc.boolean());
const objectOf = (keys: readonly string[], value: fc.Arbitrary<unknown>) =>
  fc.dictionary(fc.constantFrom(...keys), value, { maxKeys: keys.length });

test('whatever a document says, what is printed passes check', () => {
  const range = objectOf(['CidrIp', 'CidrIpv6', 'PrefixListId', 'GroupId', 'Description'], leaf);
  const permission = objectOf(
    [
      'IpProtocol',
      'FromPort',
      'ToPort',
      'IpRanges',
      'Ipv6Ranges',
      'PrefixListIds',
      'UserIdGroupPairs',
    ],
    fc.oneof(leaf, fc.array(range, { maxLength: 3 })),
  );
  const group = objectOf(
    ['GroupId', 'GroupName', 'IpPermissions', 'IpPermissionsEgress'],
    fc.oneof(leaf, fc.array(permission, { maxLength: 3 })),
  );
  const rule = objectOf(
    [
      'direction',
      'ethertype',
      'protocol',
      'port_range_min',
      'port_range_max',
      'remote_group_id',
      'remote_ip_prefix',
      'security_group_id',
    ],
    leaf,
  );
  const other = objectOf(
    ['id', 'name', 'rules', 'security_group_rules'],
    fc.oneof(leaf, fc.array(rule, { maxLength: 3 })),
  );
  fc.assert(
    fc.property(
      fc.oneof(
        fc
          .array(group, { maxLength: 4 })
          .map((all) => ({ read: importAws, all: { SecurityGroups: all } })),
        fc
          .array(other, { maxLength: 4 })
          .map((all) => ({ read: importOpenstack, all: { security_groups: all } })),
        fc.json().map((text) => ({ read: importOpenstack, all: JSON.parse(text) as unknown })),
      ),
      ({ read, all }) => {
        const { text, refused } = read(JSON.stringify(all));
        if (refused === undefined) expect(errors(text)).toEqual([]);
      },
    ),
    { numRuns: 300 },
  );
});
