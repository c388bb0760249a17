// SPDX-License-Identifier: BSD-3-Clause
import { formatAddress, formatPrefix, networkOf, parseAddress } from '../../net/address.js';
import type { Address, Prefix } from '../../net/sets.js';
import { NOTHING } from './lease.js';
import type { Held } from './held.js';

/** What a client's script wrote: names and values, a line each. */
export type Said = ReadonlyMap<string, string>;

/** RFC 4862 5.5.3: what nobody signed does not shorten a lifetime below this; ms. */
const TWO_HOURS = 7_200_000;
/** Prefixes an interface takes addresses from, as in Linux (`max_addresses`). */
const MOST = 16;
const LEAST_MTU = 1280;

export function saidOf(text: string): Said {
  const said = new Map<string, string>();
  for (const line of text.split('\n')) {
    const at = line.indexOf('=');
    if (at > 0) said.set(line.slice(0, at), line.slice(at + 1));
  }
  return said;
}

/**
 * What router advertisements leave an interface with, after what was held `before` by them; undefined
 * where the text says nothing of any. A prefix that is told no more is kept for its time.
 */
export function advertised(
  name: string,
  said: Said,
  before: readonly Held[],
  now: number,
): Held[] | undefined {
  // The client ends, or its link has gone: what it heard before holds.
  if (said.get('protocol') !== 'ra' || said.get('if_down') === 'true') return undefined;
  const kept = new Map(
    before.filter(({ key }) => key.startsWith('prefix ')).map((one) => [one.key, one]),
  );
  const routers: Held[] = [];
  for (let i = 1; said.has(`nd${i}_from`); i++) {
    const of = (word: string): string => said.get(`nd${i}_${word}`) ?? '';
    const age = Math.max(0, whole(of('now')) - whole(of('acquired'))) || 0;
    const until = (lifetime: string): number => now + (whole(lifetime) - age) * 1000;
    const from = parseAddress(of('from'));
    const end = until(of('lifetime'));
    if (typeof from !== 'string' && from.family === 6 && end > now) {
      const mtu = whole(of('mtu')) >= LEAST_MTU ? whole(of('mtu')) : null;
      const routes = [{ to: '::/0', via: formatAddress(from) }];
      const learnt = { ...NOTHING, interface: name, by: 'ra', routes, mtu } as const;
      routers.push({ key: 'router', learnt, until: end, preferred: end });
    }
    for (let k = 1; said.has(`nd${i}_prefix_information${k}_prefix`); k++) {
      const the = (word: string): string => of(`prefix_information${k}_${word}`);
      const address = parseAddress(the('prefix'));
      const length = whole(the('length'));
      if (typeof address === 'string' || address.family !== 6 || !(length <= 128)) continue;
      const prefix = networkOf({ address, length });
      // RFC 4862 5.5.3 b: nothing of link-local prefixes, nor of what is no unicast.
      const { value } = prefix.address;
      if (value === 0n || value >> 120n === 0xffn || value >> 118n === 0x3fan) continue;
      const key = `prefix ${formatPrefix(prefix)}`;
      const preferred = until(the('pltime'));
      const valid = until(the('vltime'));
      if (preferred > valid) continue;
      const had = kept.get(key)?.until ?? now;
      const end = ends(valid, had, now);
      const learnt = {
        ...NOTHING,
        interface: name,
        by: 'ra' as const,
        addresses: the('flags').includes('A') ? ownAddress(prefix, said.get('mac') ?? '') : [],
        routes: the('flags').includes('L') ? [{ to: formatPrefix(prefix), via: null }] : [],
      };
      if (end > now && (kept.has(key) || kept.size < MOST))
        kept.set(key, {
          key,
          learnt,
          until: end,
          preferred: Math.min(preferred, end),
        });
    }
  }
  // RFC 4861 6.3.6: any that is there will do; the client puts the best first.
  return [...routers.slice(0, 1), ...kept.values()].filter(({ until }) => until > now);
}

/** When a prefix ends that had an end already (RFC 4862 5.5.3 e). */
function ends(valid: number, had: number, now: number): number {
  if (valid - now > TWO_HOURS || valid > had) return valid;
  return had - now <= TWO_HOURS ? had : now + TWO_HOURS;
}

/** RFC 4291 appendix A: by the MAC address, so that it stays. */
function ownAddress(prefix: Prefix, mac: string): string[] {
  if (prefix.length !== 64 || !/^[0-9a-f]{2}(:[0-9a-f]{2}){5}$/.test(mac)) return [];
  const digits = mac.replaceAll(':', '');
  const id = BigInt(`0x${digits.slice(0, 6)}fffe${digits.slice(6)}`) ^ (2n << 56n);
  const address: Address = { family: 6, value: prefix.address.value | id };
  return [formatPrefix({ address, length: 64 })];
}

/**
 * What a DHCPv6 server lends: none where it has run out, undefined where the text says nothing of that.
 */
export function lent(name: string, said: Said, now: number): Held[] | undefined {
  if (said.get('protocol') !== 'dhcp6') return undefined;
  const reason = said.get('reason') ?? '';
  if (reason === 'EXPIRE6' || reason === 'RELEASE6') return [];
  if (!/^(BOUND|RENEW|REBIND|REBOOT)6$/.test(reason)) return undefined;
  const found: Held[] = [];
  for (const [word, value] of said) {
    const item = /^new_dhcp6_ia_(na\d+_ia_addr|pd\d+_prefix)\d+$/.exec(word);
    const address = item === null ? '' : parseAddress(value);
    if (item === null || typeof address === 'string' || address.family !== 6) continue;
    const until = now + whole(said.get(`${word}_vltime`) ?? '') * 1000;
    const preferred = now + whole(said.get(`${word}_pltime`) ?? '') * 1000;
    if (!(until > now && preferred <= until)) continue;
    const kind = item[1]?.startsWith('na') === true ? 'addresses' : 'prefixes';
    const length = kind === 'addresses' ? 128 : whole(said.get(`${word}_length`) ?? '');
    if (!(length <= 128)) continue;
    const text = formatPrefix(networkOf({ address, length }));
    const learnt = { ...NOTHING, interface: name, by: 'dhcpv6' as const, [kind]: [text] };
    found.push({ key: `${kind} ${text}`, learnt, until, preferred });
  }
  return found;
}

/** NaN for what is no number. */
function whole(text: string): number {
  return /^\d{1,10}$/.test(text) ? Number(text) : NaN;
}
