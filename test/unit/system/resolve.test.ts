// SPDX-License-Identifier: BSD-3-Clause
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { expect, it } from 'vitest';
import { loadModel } from '../../../src/compiler/load.js';
import { render } from '../../../src/diagnostics/render.js';
import { Ca } from '../../reference/pki.js';
import { NO_SYSTEM } from '../../../src/system/model.js';

const KEY = 'ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIJ0000000000000000000000000000000000000000000 a@b';

const TLS = 'certificate: empty.pub, key: {secret: k}';

function load(system: string, files: Readonly<Record<string, string>> = {}) {
  const all = new Map(Object.entries({ ...files, 'r/x.yaml': `version: 1\n${system}\n` }));
  const { model, diagnostics } = loadModel('r/x.yaml', (path) => all.get(path) ?? null);
  return {
    system: model?.system ?? null,
    messages: diagnostics.map((one) => render(one).split('\n')[0]),
  };
}

it('takes everything that the design shows', () => {
  const { system, messages } = load(
    `system: {hostname: edge1, timezone: Europe/Berlin, dns: [192.0.2.53, "2001:db8::53"], ntp: [ntp.example, 192.0.2.123], syslog: [{to: 10.1.0.20, transport: tls}, {to: logs.example}], ipfix: [{to: "2001:db8::9"}], archive: [{directory: /srv/a}, {git: "ssh://git@192.0.2.9/a.git", key: {secret: k}, host-keys: ["${KEY}"]}, {git: "https://git.example/a", branch: edge, user: u, password: {secret: p}}], ssh-keys: ["${KEY}"], users: {alice: {role: admin, ssh-keys: [keys/alice.pub]}, bob: {}}}`,
    { 'r/keys/alice.pub': `# hers\n${KEY}\n\nssh-rsa AAAAB3NzaC1yc2E=\n${KEY}\n` },
  );
  expect(messages).toEqual([]);
  expect(system).toEqual({
    hostname: 'edge1',
    timezone: 'Europe/Berlin',
    users: [
      { name: 'alice', role: 'admin', keys: [KEY, 'ssh-rsa AAAAB3NzaC1yc2E='] },
      { name: 'bob', role: 'viewer', keys: [] },
    ],
    keys: [KEY],
    dns: ['192.0.2.53', '2001:db8::53'],
    ntp: ['ntp.example', '192.0.2.123'],
    syslog: [
      { to: '10.1.0.20', port: 6514, transport: 'tls' },
      { to: 'logs.example', port: 514, transport: 'udp' },
    ],
    ipfix: [{ to: '2001:db8::9', port: 4739, transport: 'udp', domain: 1 }],
    archive: [
      { kind: 'directory', directory: '/srv/a' },
      {
        kind: 'git',
        url: 'ssh://git@192.0.2.9/a.git',
        branch: 'main',
        key: expect.objectContaining({ secret: 'k' }) as unknown,
        hostKeys: [KEY.split(' ', 2).join(' ')],
        login: null,
      },
      {
        kind: 'git',
        url: 'https://git.example/a',
        branch: 'edge',
        key: null,
        hostKeys: [],
        login: { user: 'u', password: expect.objectContaining({ secret: 'p' }) as unknown },
      },
    ],
    api: null,
    metrics: null,
  });
  expect(load('zones: {}').system).toEqual(NO_SYSTEM);
});

it.each([
  ['ssh-keys: [keys/none.pub]', "file-missing: there is no file 'r/keys/none.pub'"],
  ['ssh-keys: [bad.pub]', "key-invalid: 'r/bad.pub' holds a line that is no public key of SSH"],
  ['ssh-keys: [empty.pub]', "key-invalid: 'r/empty.pub' holds no public key"],
  ['users: {root: {}}', "name-reserved: user 'root' is the appliance's own"],
  ['users: {admin: {role: admin}}', "name-reserved: user 'admin' is the appliance's own"],
  ['users: {Alice: {}}', "name-invalid: 'Alice' is not a user name"],
  [
    'users: {a: {role: owner}}',
    "wrong-value: viewer, operator or admin is expected here, not 'owner'",
  ],
  [
    'dns: [ns.example]',
    "address-invalid: 'ns.example' is no name server's address: it is neither an IPv4 nor an IPv6 address",
  ],
  [
    'ntp: [192.0.2.256]',
    "address-invalid: '192.0.2.256' is no address: each of the four numbers of an IPv4 address is 0 to 255",
  ],
  ['archive: [{}]', "missing-key: an archive needs the key 'directory' or 'git'"],
  [
    'archive: [{directory: /a, git: "file:///b"}]',
    "wrong-value: an archive is a 'directory' or a 'git' remote, not both",
  ],
  ['archive: [{directory: a}]', "wrong-value: 'a' is not an absolute path"],
  [
    'archive: [{git: "git@host:a.git"}]',
    'wrong-value: that is no git remote: it begins with a protocol like ssh://',
  ],
  [
    'archive: [{git: "ext://sh/a"}]',
    'wrong-value: that is no git remote: the protocol is one of ssh, https, http, git, file',
  ],
  [
    'archive: [{git: "https://u:p@host/a"}]',
    "wrong-value: that is no git remote: a password does not stand in a rule file: use 'password'",
  ],
  ['archive: [{git: "ssh://host"}]', 'wrong-value: that is no git remote: it names no repository'],
  ['syslog: [{to: "2001:db8::g"}]', "address-invalid: '2001:db8::g' is no address: "],
  ['syslog: [{to: a, port: 0}]', 'wrong-value: '],
  [
    `api: {listen: "192.0.2.1:80", ${TLS}, tokens: {a: {token: {secret: a}}}}`,
    'certificate-invalid: ',
  ],
])('refuses %s', (text, message) => {
  const files = { 'r/bad.pub': `${KEY}\nno-pty ${KEY}\n`, 'r/empty.pub': '# none\n' };
  const { messages } = load(`system: {${text}}`, files);
  expect(messages).toHaveLength(1);
  expect(messages[0]).toContain(`error ${message}`);
});

it('takes listeners, and tells what cannot be of them with its place', () => {
  const folder = mkdtempSync(path.join(tmpdir(), 'sluice-'));
  new Ca(folder, 'ca').issue('edge', 'edge1');
  const files = { 'r/edge.pem': readFileSync(path.join(folder, 'edge.pem'), 'utf8') };
  rmSync(folder, { recursive: true });
  const tls = 'certificate: edge.pem, key: {secret: k}';
  const api = (listen: string, more = 'tokens: {a: {token: {secret: t}}}') =>
    `api: {listen: ${listen}, ${tls}, ${more}}`;
  const { system, messages } = load(
    `system: {${api('["192.0.2.1:8443", "[2001:db8::1]:8443"]', 'clients: edge.pem')}, metrics: {listen: 0.0.0.0:9443, ${tls}, token: {secret: m}}}`,
    files,
  );
  expect(messages).toEqual([]);
  expect(system?.api?.listen.map(({ address, port }) => [address, port])).toEqual([
    ['192.0.2.1', 8443],
    ['2001:db8::1', 8443],
  ]);
  expect(system?.api?.clients).toHaveLength(1);
  expect(system?.metrics).toMatchObject({
    listen: [{ address: '0.0.0.0', port: 9443, at: { file: 'r/x.yaml', line: 2 } }],
    key: { secret: 'k' },
    tokens: [{ name: 'metrics', role: 'viewer', secret: { secret: 'm' } }],
  });
  for (const [text, message] of [
    [
      api('192.0.2.1'),
      "address-invalid: '192.0.2.1' is no address with a port: as in 192.0.2.10:8443",
    ],
    [api('192.0.2.1:0'), 'a port is 1 to 65535'],
    [api('192.0.2.1:65536'), 'a port is 1 to 65535'],
    [api('192.0.2.256:80'), 'each of the four numbers of an IPv4 address is 0 to 255'],
    [api('"[192.0.2.1]:80"'), 'brackets are for IPv6'],
    [api('"2001:db8::1:80"'), 'is no address with a port: as in'],
    [api('edge1:80'), 'is no address with a port'],
    [api('192.0.2.1:80', ''), 'listener-form: nobody could log in'],
    [
      `${api('192.0.2.1:80')}, metrics: {listen: 192.0.2.1:80, ${tls}, token: {secret: m}}`,
      "listener-form: something listens at '192.0.2.1:80' already",
    ],
  ] as const) {
    const told = load(`system: {${text}}`, files).messages;
    expect(told).toHaveLength(1);
    expect(told[0]).toContain(message);
  }
});
