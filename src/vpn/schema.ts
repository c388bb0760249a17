// SPDX-License-Identifier: BSD-3-Clause
import { z } from 'zod';
import {
  descriptionSchema,
  oneOrMany,
  referenceSchema,
  withWords,
  type Loaded,
} from '../rulefile/schema.js';
import { interfaceNameSchema } from '../rulefile/values.js';
import { pemSchema as pem } from '../rulefile/pem.js';
import { secretSchema as secret } from '../rulefile/secrets.js';

const text = (what: string) => withWords(z.string().regex(/^[!-~]{1,255}$/), { what });
const prefix = withWords(z.string(), { what: 'a prefix' });
const proposal = withWords(
  z
    .string()
    .regex(/^[a-z0-9_]+(-[a-z0-9_]+)*$/)
    .max(255),
  {
    what: 'a proposal like aes256gcm16-prfsha384-x25519',
  },
);

const TIME = /^[1-9][0-9]{0,6}[smhd]$/;
const time = (describe: string, fallback: string) =>
  withWords(z.string().regex(TIME), { what: 'a time like 90s, 15m or 4h' })
    .default(fallback)
    .describe(`${describe}; ${fallback} unless given.`);
const SIZE = /^[1-9][0-9]{0,8}[kMGT]?$/;
const size = (describe: string) =>
  withWords(z.string().regex(SIZE), { what: 'a number like 500M or 20G' })
    .optional()
    .describe(describe);

const method = (describe: string) =>
  withWords(z.enum(['tls', 'mschapv2']), { what: 'tls or mschapv2' }).describe(describe);

const clients = withWords(
  z.strictObject({
    eap: method('How clients prove who they are, by EAP.')
      .optional()
      .describe('`mschapv2`: by the passwords of `users`; `tls`: by certificates of `ca`, in EAP.'),
    users: z
      .record(text('a user name'), secret)
      .optional()
      .describe('Passwords of users by their name, with `eap: mschapv2`.'),
    pool: oneOrMany(prefix)
      .optional()
      .describe('Prefixes that clients get their inner addresses from; routes lead there.'),
    dns: oneOrMany(withWords(z.string(), { what: 'an address' }))
      .optional()
      .describe('Name servers that clients are told.'),
  }),
  { what: 'the clients of a tunnel' },
);

const login = withWords(
  z.strictObject({
    eap: method('How we prove who we are; the peer does so by a certificate of `ca`.'),
    identity: text('an identity').optional().describe('Our EAP identity; `local-id` unless given.'),
    password: secret.optional().describe('Our password, with `eap: mschapv2`.'),
  }),
  { what: 'a login by EAP' },
);

const lifetimes = withWords(
  z.strictObject({
    ike: time('New keys of IKE after', '4h'),
    esp: time('New keys of ESP after', '1h'),
    reauthenticate: withWords(z.string().regex(TIME), { what: 'a time like 24h' })
      .optional()
      .describe('Authenticate anew after; never unless given.'),
    bytes: size('New keys of ESP after so many bytes: `20G`.'),
    packets: size('New keys of ESP after so many packets: `500M`.'),
  }),
  { what: 'lifetimes' },
);

const dpd = withWords(
  z.strictObject({
    interval: time('Ask a silent peer whether it lives every', '30s'),
    action: withWords(z.enum(['restart', 'trap', 'clear']), { what: 'what to do' })
      .optional()
      .describe(
        'With a dead one: `restart` at once, `trap` and wait for a packet, or `clear`; as `start` says unless given.',
      ),
  }),
  { what: 'how dead peers are found' },
);

const ppk = withWords(
  z.strictObject({
    id: text('an identity').describe('Its identity, as the peer has it.'),
    secret: referenceSchema('the name of a secret', 'secrets').describe('Name of the secret.'),
    required: z.boolean().default(true).describe('`false` also takes peers without it.'),
  }),
  { what: 'a post-quantum preshared key' },
);

const tunnel = withWords(
  z.strictObject({
    peer: oneOrMany(text('an address, a host name or any')).describe(
      'Where the peer is: addresses, prefixes, a host name, or `any` for peers that come to us.',
    ),
    'local-address': withWords(z.string(), { what: 'an address' })
      .optional()
      .describe('Address of ours to speak from; by the route to the peer unless given.'),
    'local-id': text('an identity')
      .optional()
      .describe('Our identity; our address, or the subject of the certificate, unless given.'),
    'remote-id': text('an identity')
      .optional()
      .describe("The peer's identity; with `peer: any` several may come, `*` and `%any` fit all."),
    psk: secret.optional().describe('Both sides prove who they are by a preshared key.'),
    ppk: ppk
      .optional()
      .describe('A preshared key mixed in that holds where the key exchange falls (RFC 8784).'),
    certificate: pem
      .optional()
      .describe('Our certificate, and those between it and the root: a PEM file.'),
    key: secret.optional().describe('Its private key.'),
    ca: oneOrMany(pem)
      .optional()
      .describe('Certificates that the one of the peer has to come from: PEM files.'),
    'peer-certificate': pem
      .optional()
      .describe('The certificate of the peer itself, in the place of `ca`: a PEM file.'),
    revocation: withWords(z.enum(['relaxed', 'if-uri', 'strict']), { what: 'how strict' })
      .default('relaxed')
      .describe(
        'Certificates by CRL and OCSP: `relaxed` refuses those known to be revoked, `strict` those not known to be good, `if-uri` so where they name a place to ask.',
      ),
    clients: clients.optional().describe('Many peers by one tunnel: users on the road.'),
    login: login.optional().describe('We are such a client ourselves.'),
    local: oneOrMany(prefix)
      .optional()
      .describe('What lies behind us: `10.1.0.0/16`, or `10.1.0.0/16[tcp/443]`.'),
    remote: oneOrMany(prefix).optional().describe('What lies behind the peer.'),
    zone: referenceSchema('a zone name', 'zones')
      .optional()
      .describe(
        'Of a policy-based tunnel, which no interface refers to: what fits `local` and `remote` goes there ahead of the routes.',
      ),
    mtu: withWords(z.int().min(1280).max(9216), { what: 'an MTU' })
      .optional()
      .describe('Of a policy-based tunnel: most bytes of an inner packet; 1400 unless given.'),
    'ike-proposals': oneOrMany(proposal)
      .optional()
      .describe('Algorithms of IKE, best first; strong ones unless given.'),
    'esp-proposals': oneOrMany(proposal)
      .optional()
      .describe('Algorithms of ESP, best first; strong ones unless given.'),
    'allow-weak': oneOrMany(
      withWords(z.enum(['sha1', '3des', 'modp1024', 'modp1536']), { what: 'a weak algorithm' }),
    )
      .optional()
      .describe('Weak algorithms that proposals may have all the same, by name.'),
    lifetimes: lifetimes.optional().describe('When keys are made anew.'),
    dpd: dpd.optional().describe('How dead peers are found.'),
    start: withWords(z.enum(['start', 'trap', 'respond']), { what: 'when to start' })
      .optional()
      .describe(
        '`start`: at once and always; `trap`: with the first packet; `respond`: when the peer does. `start` unless the peer is `any`.',
      ),
    mobike: z.boolean().default(true).describe('Addresses outside may change (RFC 4555).'),
    encapsulation: z.boolean().default(false).describe('UDP around ESP even without NAT.'),
    'replay-window': withWords(z.int().min(0).max(4096), { what: 'a number of packets' })
      .default(1024)
      .describe('Packets that may come late, 0 to 4096; 0 takes replayed ones too.'),
    dscp: withWords(z.enum(['out', 'in', 'both', 'none']), { what: 'which way' })
      .default('out')
      .describe('DSCP is copied to the outer header, from it, both ways, or not.'),
    'copy-df': z.boolean().default(true).describe('DF outside as inside; always set otherwise.'),
    'copy-ecn': z.boolean().default(true).describe('ECN as RFC 6040 has it; none otherwise.'),
    enabled: z.boolean().default(true).describe('`false` leaves the tunnel out; it is down.'),
    description: descriptionSchema().optional(),
  }),
  { what: 'a tunnel' },
);

export const vpnSchema = withWords(
  z.strictObject({
    tunnels: z
      .record(interfaceNameSchema('a tunnel name'), tunnel)
      .optional()
      .describe('Tunnels by name. An interface with `tunnel: NAME` makes one route-based.'),
  }),
  { what: 'vpn' },
).describe('IPsec tunnels: IKEv2, and ESP on the fast path.');

export type TunnelConfig = Loaded<z.infer<typeof tunnel>>;

/** The part of a rule file that is about tunnels. */
export interface VpnPart {
  readonly vpn?: Loaded<z.infer<typeof vpnSchema>> | undefined;
}
