// SPDX-License-Identifier: BSD-3-Clause

/** Who stopped a negotiation, why, and what to change. */
export interface Cause {
  readonly side: 'we' | 'the peer' | 'nobody';
  readonly why: string;
  readonly change: string;
  /** What of both sides is told beside it. */
  readonly about: 'proposals' | 'selectors' | null;
}

type Row = readonly [line: RegExp, cause: Cause | ((said: RegExpExecArray) => Cause)];

const we = (why: string, change: string, about: Cause['about'] = null): Cause => ({
  side: 'we',
  why,
  change,
  about,
});
const peer = (why: string, change: string, about: Cause['about'] = null): Cause => ({
  side: 'the peer',
  why,
  change,
  about,
});

const PROPOSALS_IKE =
  'ike-proposals here or the proposals of the peer: one has to be on both sides';
const PROPOSALS_ESP =
  'esp-proposals here or the ESP proposals of the peer: one has to be on both sides, key exchange included';
const SELECTORS =
  'local and remote here, or the traffic selectors of the peer: ours mirrored are theirs';

/** What charon's log says where it gives up; of several in one negotiation the first counts. */
const CAUSES: readonly Row[] = [
  [
    /received NO_PROPOSAL_CHOSEN notify, no CHILD_SA/,
    peer('it takes none of our proposals of ESP', PROPOSALS_ESP, 'proposals'),
  ],
  [
    /received NO_PROPOSAL_CHOSEN notify error/,
    peer(
      'it takes none of our proposals of IKE, or knows no tunnel with our address',
      PROPOSALS_IKE,
      'proposals',
    ),
  ],
  [
    /received proposals unacceptable/,
    we('none of its proposals of IKE is one of ours', PROPOSALS_IKE, 'proposals'),
  ],
  [
    /no acceptable proposal found/,
    we('none of its proposals of ESP is one of ours', PROPOSALS_ESP, 'proposals'),
  ],
  [
    /received TS_UNACCEPTABLE notify/,
    peer('it does not take our traffic selectors', SELECTORS, 'selectors'),
  ],
  [
    /no acceptable traffic selectors found|traffic selectors .* unacceptable/,
    we('its traffic selectors do not fit ours', SELECTORS, 'selectors'),
  ],
  [
    /tried \d+ shared keys? for '(.*)' - '(.*)', but MAC mismatched/,
    ([, , id]) =>
      we(
        `the preshared key of '${id ?? ''}' is not the one we have`,
        'the secret: `sluice secret put` it again, the same on both sides',
      ),
  ],
  [
    /no shared key found for '(.*)' - '(.*)'/,
    ([, own, id]) =>
      we(
        `there is no preshared key for '${own ?? ''}' and '${id ?? ''}'`,
        'the secret, or local-id and remote-id, which choose it',
      ),
  ],
  [
    /no private key found for '(.*)'/,
    ([, id]) =>
      we(
        `there is no private key for '${id ?? ''}'`,
        'key: it has to be that of the certificate, and local-id a name in it',
      ),
  ],
  [
    /no matching peer config found/,
    we(
      'no tunnel has these addresses and identities',
      'local-id and remote-id here, or the identities of the peer',
    ),
  ],
  [/no IKE config found/, we('no tunnel has this peer', 'peer and local-address')],
  [
    /subject certificate invalid \(valid from (.*) to (.*)\)/,
    ([, from, to]) =>
      we(
        `its certificate holds from ${from ?? ''} to ${to ?? ''} only`,
        'the certificate of the peer, or the clock of one side',
      ),
  ],
  [/certificate was revoked/, we('its certificate is revoked', 'the certificate of the peer')],
  [
    /constraint check failed: identity '(.*)' required/,
    ([, id]) =>
      we(
        `it is not '${id ?? ''}'`,
        'remote-id, or the identity of the peer: its certificate has to have it',
      ),
  ],
  [
    /no trusted .*public key found for '(.*)'/,
    ([, id]) =>
      we(
        `no certificate that we trust is of '${id ?? ''}'`,
        'ca or peer-certificate here, or the certificate of the peer',
      ),
  ],
  [
    /EAP method (\S+) failed for peer (.*)/,
    ([, method, id]) =>
      we(
        `${method ?? 'EAP'} of ${id ?? 'the user'} failed`,
        'the password of the user, in `clients.users` or at the client',
      ),
  ],
  [
    /EAP-MS-CHAPv2 verification failed/,
    we(
      'the password is not the one we have',
      'the password of the user, in `clients.users` or at the client',
    ),
  ],
  [
    /EAP-MS-CHAPv2 failed with error|received EAP_FAILURE/,
    peer('it does not take our login', 'login: identity and password'),
  ],
  [
    /received AUTHENTICATION_FAILED notify error/,
    peer(
      'it does not take our proof of who we are, or knows no such identity',
      'the secret or certificate, local-id and remote-id: the log of the peer says which',
    ),
  ],
  [
    /giving up after \d+ retransmits|peer not responding/,
    {
      side: 'nobody',
      why: 'the peer is silent',
      change: 'peer, and what is on the way there: UDP ports 500 and 4500 have to pass both ways',
      about: null,
    },
  ],
];

export function causeOf(line: string): Cause | null {
  for (const [pattern, cause] of CAUSES) {
    const said = pattern.exec(line);
    if (said !== null) return typeof cause === 'function' ? cause(said) : cause;
  }
  return null;
}
