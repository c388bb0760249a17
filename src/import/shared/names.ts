// SPDX-License-Identifier: BSD-3-Clause
import { parseNumber } from '../../net/services.js';
import { rangesOf, type Range, type Ranges } from './ranges.js';

/** Protocols as iptables-save and /etc/protocols call them (IANA protocol numbers). */
// prettier-ignore
const PROTOCOL_NUMBERS = new Map([
  ['ip', 0], ['all', 0], ['icmp', 1], ['igmp', 2], ['ggp', 3], ['ipencap', 4], ['ipv4', 4],
  ['st', 5], ['tcp', 6], ['egp', 8], ['igp', 9], ['pup', 12], ['udp', 17], ['hmp', 20],
  ['xns-idp', 22], ['rdp', 27], ['iso-tp4', 29], ['dccp', 33], ['xtp', 36], ['ddp', 37],
  ['idpr-cmtp', 38], ['ipv6', 41], ['ipv6-route', 43], ['ipv6-frag', 44], ['idrp', 45],
  ['rsvp', 46], ['gre', 47], ['esp', 50], ['ipv6-crypt', 50], ['ah', 51], ['ipv6-auth', 51],
  ['skip', 57], ['ipv6-icmp', 58], ['icmpv6', 58], ['icmp6', 58], ['ipv6-nonxt', 59],
  ['ipv6-opts', 60], ['rspf', 73], ['vmtp', 81], ['eigrp', 88], ['ospf', 89], ['ospfigp', 89],
  ['ax.25', 93], ['ipip', 94], ['etherip', 97], ['encap', 98], ['pim', 103], ['ipcomp', 108],
  ['vrrp', 112], ['l2tp', 115], ['isis', 124], ['sctp', 132], ['fc', 133],
  ['mobility-header', 135], ['ipv6-mh', 135], ['mh', 135], ['udplite', 136], ['mpls-in-ip', 137],
  ['manet', 138], ['hip', 139], ['shim6', 140], ['wesp', 141], ['rohc', 142],
]);

/** Ports by name, for files that people wrote; iptables-save writes numbers. */
// prettier-ignore
const PORT_NUMBERS = new Map([
  ['ftp-data', 20], ['ftp', 21], ['ssh', 22], ['telnet', 23], ['smtp', 25], ['domain', 53],
  ['bootps', 67], ['bootpc', 68], ['tftp', 69], ['http', 80], ['www', 80], ['kerberos', 88],
  ['pop3', 110], ['sunrpc', 111], ['auth', 113], ['ident', 113], ['nntp', 119], ['ntp', 123],
  ['netbios-ns', 137], ['netbios-dgm', 138], ['netbios-ssn', 139], ['imap', 143], ['imap2', 143],
  ['snmp', 161], ['snmp-trap', 162], ['bgp', 179], ['irc', 194], ['ldap', 389], ['https', 443],
  ['microsoft-ds', 445], ['isakmp', 500], ['syslog', 514], ['shell', 514], ['printer', 515],
  ['submission', 587], ['ipp', 631], ['ldaps', 636], ['rsync', 873], ['imaps', 993],
  ['pop3s', 995], ['openvpn', 1194], ['ms-sql-s', 1433], ['nfs', 2049], ['squid', 3128],
  ['mysql', 3306], ['rdp', 3389], ['ipsec-nat-t', 4500], ['sip', 5060], ['postgresql', 5432],
  ['vnc', 5900], ['x11', 6000], ['http-alt', 8080],
]);

type Icmp = readonly [number, number?];

/** `iptables -p icmp -h`: a type, or a type and code. */
// prettier-ignore
const ICMP4 = new Map<string, Icmp>([
  ['echo-reply', [0]], ['pong', [0]], ['destination-unreachable', [3]],
  ['network-unreachable', [3, 0]], ['host-unreachable', [3, 1]], ['protocol-unreachable', [3, 2]],
  ['port-unreachable', [3, 3]], ['fragmentation-needed', [3, 4]], ['source-route-failed', [3, 5]],
  ['network-unknown', [3, 6]], ['host-unknown', [3, 7]], ['network-prohibited', [3, 9]],
  ['host-prohibited', [3, 10]], ['TOS-network-unreachable', [3, 11]],
  ['TOS-host-unreachable', [3, 12]], ['communication-prohibited', [3, 13]],
  ['host-precedence-violation', [3, 14]], ['precedence-cutoff', [3, 15]], ['source-quench', [4]],
  ['redirect', [5]], ['network-redirect', [5, 0]], ['host-redirect', [5, 1]],
  ['TOS-network-redirect', [5, 2]], ['TOS-host-redirect', [5, 3]], ['echo-request', [8]],
  ['ping', [8]], ['router-advertisement', [9]], ['router-solicitation', [10]],
  ['time-exceeded', [11]], ['ttl-exceeded', [11]], ['ttl-zero-during-transit', [11, 0]],
  ['ttl-zero-during-reassembly', [11, 1]], ['parameter-problem', [12]], ['ip-header-bad', [12, 0]],
  ['required-option-missing', [12, 1]], ['timestamp-request', [13]], ['timestamp-reply', [14]],
  ['address-mask-request', [17]], ['address-mask-reply', [18]],
]);

/** `ip6tables -p icmpv6 -h`. */
// prettier-ignore
const ICMP6 = new Map<string, Icmp>([
  ['destination-unreachable', [1]], ['no-route', [1, 0]], ['communication-prohibited', [1, 1]],
  ['beyond-scope', [1, 2]], ['address-unreachable', [1, 3]], ['port-unreachable', [1, 4]],
  ['failed-policy', [1, 5]], ['reject-route', [1, 6]], ['packet-too-big', [2]],
  ['time-exceeded', [3]], ['ttl-exceeded', [3]], ['ttl-zero-during-transit', [3, 0]],
  ['ttl-zero-during-reassembly', [3, 1]], ['parameter-problem', [4]], ['bad-header', [4, 0]],
  ['unknown-header-type', [4, 1]], ['unknown-option', [4, 2]], ['echo-request', [128]],
  ['ping', [128]], ['echo-reply', [129]], ['pong', [129]], ['mld-listener-query', [130]],
  ['mld-listener-report', [131]], ['mld-listener-done', [132]],
  ['mld-listener-reduction', [132]], ['router-solicitation', [133]],
  ['router-advertisement', [134]], ['neighbour-solicitation', [135]],
  ['neighbor-solicitation', [135]], ['neighbour-advertisement', [136]],
  ['neighbor-advertisement', [136]], ['redirect', [137]],
]);

/** The number of a protocol, 0 for all, or null. */
export function protocolNumber(text: string): number | null {
  return PROTOCOL_NUMBERS.get(text.toLowerCase()) ?? numberOf(text, 255);
}

/** `80`, `http`, `80:90`, `:90` or `80:`; null if it is none. */
export function portRange(text: string): Range | null {
  const [low = '', high, extra] = text.split(':');
  const first = low === '' && high !== undefined ? 0 : portNumber(low);
  const last = high === undefined ? first : high === '' ? 65535 : portNumber(high);
  if (extra !== undefined || first === null || last === null || first > last) return null;
  return [BigInt(first), BigInt(last)];
}

/** Types and codes of `--icmp-type` as TYPE * 256 + CODE; the whole range for any, null for no type. */
export function icmpRange(text: string, family: 4 | 6): Ranges | null {
  // xt_icmp knows 255 as any; ICMPv6 has no such word.
  if (text === 'any' || (family === 4 && text === '255')) return [[0n, 65535n]];
  const named = (family === 4 ? ICMP4 : ICMP6).get(text);
  const [typeText = '', codeText, extra] = text.split('/');
  const type = named?.[0] ?? numberOf(typeText, 255);
  const code = named === undefined && codeText !== undefined ? numberOf(codeText, 255) : named?.[1];
  if (extra !== undefined || type === null || code === null) return null;
  const low = BigInt(type * 256 + (code ?? 0));
  return rangesOf([[low, code === undefined ? low + 255n : low]]);
}

const FLAGS = ['FIN', 'SYN', 'RST', 'PSH', 'ACK', 'URG'];

/** Bits of `SYN,ACK`, `ALL`, `NONE` or `0x17`; null for anything else. */
export function flagBits(text: string): number | null {
  if (/^0x[0-9a-f]{1,2}$/i.test(text)) return Number(text);
  let bits = 0;
  for (const name of text.split(',')) {
    if (name === 'ALL') bits |= 0x3f;
    else if (name !== 'NONE') {
      const at = FLAGS.indexOf(name);
      if (at < 0) return null;
      bits |= 1 << at;
    }
  }
  return bits;
}

/** DSCP classes (RFC 2474, 2597, 3246). */
export function dscpClass(text: string): number | null {
  const name = text.toUpperCase();
  if (name === 'BE') return 0;
  if (name === 'EF') return 46;
  const selector = /^CS([0-7])$/.exec(name);
  if (selector !== null) return Number(selector[1]) * 8;
  const assured = /^AF([1-4])([1-3])$/.exec(name);
  return assured === null ? null : Number(assured[1]) * 8 + Number(assured[2]) * 2;
}

/** A decimal or 0x number up to `most`, or null. */
export function numberOf(text: string, most: number): number | null {
  const hex = /^0x[0-9a-f]{1,8}$/i.test(text) ? Number(text) : -1;
  const number = hex >= 0 ? hex : parseNumber(text, most);
  return number < 0 || number > most ? null : number;
}

function portNumber(text: string): number | null {
  return PORT_NUMBERS.get(text) ?? numberOf(text, 65535);
}
