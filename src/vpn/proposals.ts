// SPDX-License-Identifier: BSD-3-Clause

type Kind = 'cipher' | 'aead' | 'integrity' | 'prf' | 'exchange' | 'sequence';

interface Algorithm {
  readonly kind: Kind;
  /** What `allow-weak` calls it; null for a strong one. */
  readonly weak: string | null;
  /** The fast path does not have it: for IKE alone. */
  readonly ikeOnly: boolean;
}

const of = (kind: Kind, names: string, weak: string | null = null, ikeOnly = false) =>
  names.split(' ').map((name) => [name, { kind, weak, ikeOnly }] as const);

/** strongSwan's words for what we take. RFC 8221 and RFC 8247 say which are weak. */
const ALGORITHMS: ReadonlyMap<string, Algorithm> = new Map([
  ...of('aead', 'aes128gcm16 aes192gcm16 aes256gcm16 chacha20poly1305'),
  ...of('cipher', 'aes128 aes192 aes256'),
  ...of('cipher', '3des', '3des', true),
  ...of('integrity', 'sha256 sha384 sha512'),
  ...of('integrity', 'sha1', 'sha1'),
  ...of('prf', 'prfsha256 prfsha384 prfsha512', null, true),
  ...of('prf', 'prfsha1', 'sha1', true),
  ...of(
    'exchange',
    'x25519 x448 ecp256 ecp384 ecp521 modp2048 modp3072 modp4096 modp6144 modp8192',
  ),
  ...of('exchange', 'modp1024', 'modp1024'),
  ...of('exchange', 'modp1536', 'modp1536'),
  ...of('exchange', 'ke1_mlkem512 ke1_mlkem768 ke1_mlkem1024'),
  ...of('sequence', 'esn noesn'),
]);

/** Optional key exchange of ESP, which the peer may go without. */
const NO_EXCHANGE = 'modpnone';

export interface Verdict {
  /** null for a proposal that can be. */
  readonly problem: string | null;
  /** What `allow-weak` would have to name. */
  readonly weak: readonly string[];
}

/** Whether a proposal can be negotiated, and what is weak in it. */
export function judgeProposal(text: string, protocol: 'ike' | 'esp'): Verdict {
  const kinds = new Set<Kind>();
  const weak = new Set<string>();
  const no = (problem: string): Verdict => ({ problem, weak: [] });
  for (const word of text.split('-')) {
    if (word === NO_EXCHANGE && protocol === 'esp') continue;
    const known = ALGORITHMS.get(word);
    if (known === undefined) return no(`there is no algorithm '${word}'`);
    if (protocol === 'esp' && known.ikeOnly) return no(`'${word}' is not for ESP`);
    if (protocol === 'ike' && known.kind === 'sequence') return no(`'${word}' is for ESP alone`);
    kinds.add(known.kind);
    if (known.weak !== null) weak.add(known.weak);
  }
  const aead = kinds.has('aead');
  if (aead && kinds.has('cipher'))
    return no('combined modes and others are proposals of their own');
  if (!aead && !kinds.has('cipher')) return no('it has no cipher');
  if (aead && protocol === 'esp' && kinds.has('integrity'))
    return no('a combined mode has its integrity in it');
  if (!aead && !kinds.has('integrity')) return no('it has no integrity, like sha256');
  if (protocol === 'ike' && aead && !kinds.has('prf')) return no('it has no PRF, like prfsha256');
  if (protocol === 'ike' && !kinds.has('exchange'))
    return no('it has no key exchange, like x25519');
  return { problem: null, weak: [...weak] };
}

/** What IKE proposes unless told; ML-KEM beside X25519 comes first where charon has it (RFC 9370). */
export function ikeDefaults(quantum: boolean): string[] {
  const classic = [
    'aes256gcm16-aes128gcm16-chacha20poly1305-prfsha384-prfsha256-x25519-ecp384-ecp256-modp3072',
    'aes256-aes128-sha384-sha256-x25519-ecp384-ecp256-modp3072-modp2048',
  ];
  const hybrid = 'aes256gcm16-aes128gcm16-chacha20poly1305-prfsha384-prfsha256-x25519-ke1_mlkem768';
  return quantum ? [hybrid, ...classic] : classic;
}

/** The same of ESP, with and without perfect forward secrecy and extended sequence numbers. */
export function espDefaults(): string[] {
  const rest = 'x25519-ecp384-ecp256-modp3072-modpnone-esn-noesn';
  return [
    `aes256gcm16-aes128gcm16-chacha20poly1305-${rest}`,
    `aes256-aes128-sha384-sha256-${rest}`,
  ];
}

/** Whether a proposal needs a charon with ML-KEM. */
export function isQuantum(proposal: string): boolean {
  return proposal.includes('mlkem');
}
