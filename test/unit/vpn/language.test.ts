// SPDX-License-Identifier: BSD-3-Clause
import { describe, expect, it } from 'vitest';
import { compileModel } from '../../../src/compiler/image.js';
import { noSlots } from '../../../src/compiler/slots.js';
import { decodeImage, type DecodedImage } from '../../../src/tables/decode.js';
import { CONSTANTS as C } from '../../../src/tables/layout.js';
import { espDefaults, ikeDefaults, judgeProposal } from '../../../src/vpn/proposals.js';
import { BASE } from '../fixtures/codes.js';
import { modelOf, shown } from '../fixtures/load.js';

const HQ = 'peer: 203.0.113.9, psk: {secret: hq}';
const POLICY = 'zone: internet, local: 10.1.0.0/16, remote: 10.50.0.0/16';
const tunnels = (...lines: readonly string[]): string =>
  `${BASE}vpn:\n  tunnels:\n${lines.map((line) => `    ${line}\n`).join('')}`;
const withEnd = (text: string, end: string): string =>
  text.replace('interfaces:\n', `interfaces:\n  ${end}\n`);

function imageOf(text: string): DecodedImage {
  const compiled = compileModel(modelOf(text), { generation: 1, slots: noSlots() });
  if (!compiled.ok) throw new Error('not compiled');
  return decodeImage(compiled.image);
}

describe('tunnels of the language', () => {
  it('have an interface that routes lead to, or one of their own', () => {
    const text = withEnd(
      tunnels(`hq: {${HQ}}`, `shop: {peer: "2001:db8::9", psk: {secret: s}, ${POLICY}}`),
      'hq0: {tunnel: hq, zone: inside, addresses: [169.254.7.2/30]}',
    );
    const image = imageOf(text);
    const kinds = image
      .records('interfaces')
      .map(({ name, flags, mtu }) => [image.string(name), flags, mtu]);
    expect(kinds).toContainEqual(['hq0', C.IFACE_TUNNEL, 1400]);
    expect(kinds).toContainEqual(['shop', C.IFACE_TUNNEL | C.IFACE_POLICY, 1400]);
    const slots = new Map(
      image.records('interfaces').map(({ slot, name }) => [slot, image.string(name)]),
    );
    expect(
      image.records('tunnels').map(({ name, iface }) => [image.string(name), slots.get(iface)]),
    ).toEqual([
      ['hq', 'hq0'],
      ['shop', 'shop'],
    ]);
    const [{ ike_peers: peers } = { ike_peers: 0 }] = image.records('settings');
    const set = image.records('address_sets')[peers - 1];
    expect([set?.count4, set?.count6]).toEqual([1, 1]);
  });

  it('without an interface take what their selectors say, of one family and protocol at a time', () => {
    const lists =
      'zone: inside, local: ["10.1.0.0/16", "10.2.0.0/16[tcp/80]", "2001:db8::/48"], remote: ["10.50.0.0/16[tcp/1000-2000]", "2001:db8:1::/48[icmpv6/echo-request]"]';
    const image = imageOf(tunnels(`hq: {${HQ}, ${lists}}`));
    const selectors = image.records('selectors');
    expect(
      selectors.map((one) => [
        [one.family, one.protocol, one.source_length, one.destination_length],
        [one.source_lo, one.source_hi, one.destination_lo, one.destination_hi],
      ]),
    ).toEqual([
      [
        [4, 6, 16, 16],
        [0, 65535, 1000, 2000],
      ],
      [
        [4, 6, 16, 16],
        [80, 80, 1000, 2000],
      ],
      [
        [6, 58, 48, 48],
        [0, 65535, 0x8000, 0x80ff],
      ],
    ]);
    expect(imageOf(tunnels(`hq: {${HQ}, ${POLICY}}`)).records('selectors').length).toBe(1);
    const routed = imageOf(withEnd(tunnels(`hq: {${HQ}}`), 'hq: {tunnel: hq, zone: inside}'));
    expect(routed.records('selectors').length).toBe(0);
  });

  it('take IKE from anywhere where a peer may be anywhere, and from nowhere without one', () => {
    const peers = (text: string) => imageOf(text).records('settings')[0]?.ike_peers;
    expect(peers(BASE)).toBe(0);
    for (const peer of ['any', 'hq.example'])
      expect(peers(tunnels(`hq: {peer: ${peer}, psk: {secret: hq}, ${POLICY}}`))).toBe(C.SET_ANY);
  });

  it('make another model by whatever IKE is told, and by nothing else', () => {
    const hash = (more: string) =>
      Buffer.from(imageOf(tunnels(`hq: {${HQ}, ${POLICY}${more}}`)).modelHash).toString('hex');
    expect(hash(', mobike: true')).toBe(hash(''));
    expect(hash(', mobike: false')).not.toBe(hash(''));
  });

  it('lead to the inner addresses of clients', () => {
    const line = (pool: string) =>
      `road: {peer: any, psk: {secret: r}, clients: {pool: ${pool}, dns: 10.1.0.53}}`;
    const end = 'road: {tunnel: road, zone: inside}';
    const { routes } = modelOf(withEnd(tunnels(line('10.9.0.0/24')), end));
    expect(routes.map(({ interface: name, to }) => [name, to.length])).toEqual([['road', 24]]);
  });

  it.each([
    [
      'psk: {secret: a}, ca: a.pem',
      '8:41 vpn-form: a preshared key stands alone, without certificates or a login',
    ],
    ['start: trap', "8:24 vpn-form: a tunnel needs 'psk', or 'certificate' with 'key', or 'login'"],
    ['psk: {secret: a}, peer-certificate: a.pem', undefined],
  ])('are refused where they do not fit together: %s', (text, wanted) => {
    const found = shown(tunnels(`hq: {peer: 203.0.113.9, ${text}, ${POLICY}}`));
    if (wanted === undefined) expect(found.join()).toContain('vpn-form');
    else
      expect(found.map((line) => line.replace(/^\d+:\d+/, ''))).toContain(
        wanted.replace(/^\d+:\d+/, ''),
      );
  });

  it('that nobody can begin only respond', () => {
    expect(shown(tunnels(`hq: {peer: any, psk: {secret: a}, start: trap, ${POLICY}}`))).toEqual([
      "8:46 vpn-form: 'trap' needs one peer to go to: an address or a host name",
    ]);
  });

  it('belong to one interface, which has nothing else', () => {
    const text = withEnd(
      tunnels(`hq: {${HQ}, zone: inside}`),
      'hq: {tunnel: hq, zone: inside, management: true}\n  two: {tunnel: hq, zone: inside}',
    );
    expect(shown(text)).toContain(
      '3:16 vpn-form: the end of a tunnel has no port, VLAN or management',
    );
    expect(shown(text)).toContain("4:17 vpn-form: 'hq' is the end of tunnel 'hq' already");
  });
});

describe('proposals', () => {
  it('that we choose can be negotiated and are strong', () => {
    for (const one of [...ikeDefaults(true), ...ikeDefaults(false)])
      expect([one, judgeProposal(one, 'ike')]).toEqual([one, { problem: null, weak: [] }]);
    for (const one of espDefaults())
      expect([one, judgeProposal(one, 'esp')]).toEqual([one, { problem: null, weak: [] }]);
  });

  it.each([
    ['esp', 'aes128', 'it has no integrity, like sha256'],
    ['esp', '3des-sha256', "'3des' is not for ESP"],
    ['esp', 'aes128gcm16-sha256', 'a combined mode has its integrity in it'],
    ['ike', 'aes128gcm16-x25519', 'it has no PRF, like prfsha256'],
    ['ike', 'aes128-sha256', 'it has no key exchange, like x25519'],
    [
      'ike',
      'aes128-aes128gcm16-sha256-x25519',
      'combined modes and others are proposals of their own',
    ],
    ['ike', 'blowfish-sha256-x25519', "there is no algorithm 'blowfish'"],
  ] as const)('%s %s cannot be', (protocol, text, problem) => {
    expect(judgeProposal(text, protocol).problem).toBe(problem);
  });

  it('name what is weak in them', () => {
    expect(judgeProposal('3des-sha1-modp1024', 'ike').weak).toEqual(['3des', 'sha1', 'modp1024']);
    expect(
      shown(tunnels(`hq: {${HQ}, ${POLICY}, esp-proposals: aes128-sha1, allow-weak: sha1}`)),
    ).toEqual([]);
  });
});
