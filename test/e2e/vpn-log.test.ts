// SPDX-License-Identifier: BSD-3-Clause
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { Lab } from '../../src/lab/lab.js';
import { until } from '../../src/lab/until.js';
import { issue, makeAuthority, readAuthority } from '../../src/vpn/pki/issue.js';
import { newKey, privatePem } from '../../src/vpn/pki/keys.js';
import { makeRequest, readRequest } from '../../src/vpn/pki/request.js';
import { Strongswan } from './strongswan.js';
import { tunnelRules } from './tunnel-rules.js';

/* What `vpn log` says of negotiations with a strongSwan that has it otherwise. */
const folder = mkdtempSync(path.join(tmpdir(), 'sluice-vpn-log-'));
let lab: Lab;
let peer: Strongswan;

const NAMES = [
  'fine',
  'ike',
  'esp',
  'auth',
  'selectors',
  'expired',
  'their-ike',
  'their-esp',
  'their-auth',
  'stranger',
];
const addressOf = (name: string): string => `203.0.113.${81 + NAMES.indexOf(name)}`;
/** One calls itself otherwise than we expect. */
const idOf = (name: string): string => `${name === 'stranger' ? 'other' : name}.example`;
const isTheirs = (name: string): boolean => name.startsWith('their-') || name === 'stranger';

function ours(): Map<string, string> {
  const tunnels = NAMES.map((name) => {
    const proof =
      name === 'expired'
        ? 'certificate: edge.pem, key: { secret: edge-key }, ca: ca.pem'
        : `psk: { secret: ${name === 'auth' ? 'auth' : 'psk'} }`;
    const start = isTheirs(name) ? ', start: respond' : '';
    const selectors = name === 'selectors' ? ', local: 10.1.0.0/16, remote: 10.77.0.0/16' : '';
    return [
      name,
      `peer: ${addressOf(name)}, local-id: edge.example, remote-id: ${name}.example, ike-proposals: aes128gcm16-prfsha256-x25519, esp-proposals: aes128gcm16-x25519, ${proof}${start}${selectors}`,
    ] as const;
  });
  return new Map([
    ...tunnels,
    ['silent', 'peer: 203.0.113.99, remote-id: nobody, psk: { secret: psk }'],
  ]);
}

function theirs(name: string): string {
  const cert = name === 'expired';
  const auth = cert ? 'auth = pubkey' : 'auth = psk';
  const ike = name.endsWith('ike') ? 'aes256-sha512-modp4096' : 'aes128gcm16-prfsha256-x25519';
  const esp = name.endsWith('esp') ? 'aes256-sha512' : 'aes128gcm16-x25519';
  return `${name} { version = 2
  local_addrs = ${addressOf(name)}
  remote_addrs = 198.51.100.2
  proposals = ${ike}
  local { ${auth}
    id = ${idOf(name)}
    ${cert ? 'certs = expired.pem' : ''} }
  remote { ${auth}
    id = edge.example
    ${cert ? 'cacerts = ca.pem' : ''} }
  children { ${name} { local_ts = 10.${50 + NAMES.indexOf(name)}.0.1/32
    remote_ts = 10.1.0.0/16
    esp_proposals = ${esp} } } }\n`;
}

async function certificates(): Promise<void> {
  const root = newKey('ecdsa');
  const ca = makeAuthority('CN=ca', root, 100);
  writeFileSync(`${folder}/ca.pem`, ca);
  const authority = readAuthority(ca, privatePem(root));
  for (const [name, days] of [
    ['edge', 50],
    ['expired', 0],
  ] as const) {
    const key = newKey('ecdsa');
    const request = readRequest(makeRequest(`CN=${name}`, [`${name}.example`], key));
    writeFileSync(`${folder}/${name}.pem`, issue(request, authority, days));
    writeFileSync(`${folder}/${name}.key`, privatePem(key));
  }
  peer.takeFiles(folder);
  await lab.api.post('/secrets', {
    name: 'edge-key',
    value: readFileSync(`${folder}/edge.key`, 'utf8'),
  });
}

beforeAll(async () => {
  lab = await Lab.start();
  peer = new Strongswan(`${lab.prefix}wan`);
  await certificates();
  await peer.addresses(...NAMES.map((name) => `${addressOf(name)}/32`), '10.50.0.1/32');
  await peer.start();
  await peer.load(
    NAMES.map(theirs).join(''),
    NAMES.map(
      (name) =>
        `ike-${name} { id = ${idOf(name)}\n secret = "${name === 'their-auth' ? 'wrong' : 'right'}" }`,
    ).join('\n'),
  );
  for (const [name, value] of [
    ['psk', 'right'],
    ['auth', 'wrong'],
  ] as const)
    await lab.api.post('/secrets', { name, value });
  writeFileSync(
    `${folder}/rules.yaml`,
    tunnelRules(lab, ours(), ['{ to: 10.50.0.1/32, interface: fine }']),
  );
  const { code, stderr } = await lab.sluice('apply', `${folder}/rules.yaml`);
  expect([code, stderr]).toEqual([0, '']);
  // charon is told of the tunnels in their order, after the commit; what comes before is a stranger's.
  await until('the last tunnel', 20_000, async () => (await told('silent')).length > 1);
  for (const name of NAMES.filter(isTheirs))
    await peer.swanctl('--initiate', '--child', name, '--timeout', '10');
}, 240_000);
afterAll(async () => {
  await peer.close();
  await lab.close();
  rmSync(folder, { recursive: true });
});

async function told(tunnel: string): Promise<string[]> {
  const { code, stdout } = await lab.sluice('vpn', 'log', tunnel);
  expect(code).toBe(0);
  const [head = '', ...lines] = stdout.trimEnd().split('\n');
  return [head.replace(/\d{4}-\S+, /, ''), ...lines.map((line) => line.trim())];
}

const IKE = 'IKE:AES_GCM_16_128/PRF_HMAC_SHA2_256/CURVE_25519';
const UNTOLD = 'theirs  not told; they are in the log of the peer';
const SAID: Readonly<Record<string, readonly (string | RegExp)[]>> = {
  fine: ['fine: up, we went to 203.0.113.81'],
  ike: [
    'ike: failed, we went to 203.0.113.82',
    'the peer refused in IKE_SA_INIT: it takes none of our proposals of IKE, or knows no tunnel with our address',
    `ours    ${IKE}`,
    UNTOLD,
    'change  ike-proposals here or the proposals of the peer: one has to be on both sides',
  ],
  esp: [
    'esp: failed, we went to 203.0.113.83',
    'the peer refused in CHILD_SA: it takes none of our proposals of ESP',
    'ours    ESP:AES_GCM_16_128/CURVE_25519/NO_EXT_SEQ',
    UNTOLD,
    'change  esp-proposals here or the ESP proposals of the peer: one has to be on both sides, key exchange included',
  ],
  auth: [
    'auth: failed, we went to 203.0.113.84',
    'the peer refused in IKE_AUTH: it does not take our proof of who we are, or knows no such identity',
    'change  the secret or certificate, local-id and remote-id: the log of the peer says which',
  ],
  selectors: [
    'selectors: failed, we went to 203.0.113.85',
    'the peer refused in CHILD_SA: it does not take our traffic selectors',
    'ours    10.1.0.0/16 to 10.77.0.0/16',
    UNTOLD,
    'change  local and remote here, or the traffic selectors of the peer: ours mirrored are theirs',
  ],
  expired: [
    'expired: failed, we went to 203.0.113.86',
    /^we refused in IKE_AUTH: its certificate holds from .* to .* only$/,
    'change  the certificate of the peer, or the clock of one side',
  ],
  'their-ike': [
    'their-ike: failed, 203.0.113.87 came to us',
    'we refused in IKE_SA_INIT: none of its proposals of IKE is one of ours',
    `ours    ${IKE}`,
    'theirs  IKE:AES_CBC_256/HMAC_SHA2_512_256/PRF_HMAC_SHA2_512/MODP_4096',
    'change  ike-proposals here or the proposals of the peer: one has to be on both sides',
  ],
  'their-esp': [
    'their-esp: failed, 203.0.113.88 came to us',
    /^we refused in (CHILD_SA|IKE_AUTH): none of its proposals of ESP is one of ours$/,
    /^ours {4}ESP:AES_GCM_16_128/,
    'theirs  ESP:AES_CBC_256/HMAC_SHA2_512_256/NO_EXT_SEQ',
    'change  esp-proposals here or the ESP proposals of the peer: one has to be on both sides, key exchange included',
  ],
  'their-auth': [
    'their-auth: failed, 203.0.113.89 came to us',
    "we refused in IKE_AUTH: the preshared key of 'their-auth.example' is not the one we have",
    'change  the secret: `sluice secret put` it again, the same on both sides',
  ],
  stranger: [
    'stranger: failed, 203.0.113.90 came to us',
    'we refused in IKE_AUTH: no tunnel has these addresses and identities',
    'change  local-id and remote-id here, or the identities of the peer',
  ],
  silent: [
    /^silent: (going on|failed), we went to 203.0.113.99$/,
    /^no answer in IKE_SA_INIT: the peer (has been silent so far, asked \d times|is silent)$/,
    'change  peer, and what is on the way there: UDP ports 500 and 4500 have to pass both ways',
  ],
};

test.each(Object.entries(SAID))('%s', async (name, said) => {
  const wanted = said.map((line) =>
    typeof line === 'string' ? line : (expect.stringMatching(line) as string),
  );
  // It may be under way still, and the silent one takes its seconds.
  await until(name, 20_000, async () => (await told(name)).length === wanted.length);
  expect(await told(name)).toEqual(wanted);
});
