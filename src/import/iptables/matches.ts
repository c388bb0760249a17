// SPDX-License-Identifier: BSD-3-Clause
import { EVERYTHING } from '../shared/box.js';
import type { Conditions } from './conditions.js';
import { addressRanges, spanRanges } from '../shared/addresses.js';
import { flagSet } from '../shared/flags.js';
import {
  dscpClass,
  flagBits,
  icmpRange,
  numberOf,
  portRange,
  protocolNumber,
} from '../shared/names.js';
import type { Match, Option, RuleParts } from './options.js';
import { complement, rangesOf, type Range, type Ranges } from '../shared/ranges.js';
import { RATE_MATCHES } from './rates.js';
import { STATE_MATCHES } from './states.js';
import { readTime } from './times.js';

type Reader = (match: Match, to: Conditions) => void;

const TCP = 6;
/** Protocols whose ports rules can name: TCP, UDP, SCTP. */
const PORTED = [TCP, 17, 132];

const READERS = new Map<string, Reader>([
  ['', each(transport)],
  ['tcp', each(transport)],
  ['udp', each(transport)],
  ['sctp', each(transport)],
  ['icmp', each(transport)],
  ['icmp6', each(transport)],
  ['icmpv6', each(transport)],
  ['ah', bare],
  ['esp', bare],
  ['multiport', each(multiport)],
  ['iprange', each(iprange)],
  ['set', each(ipset)],
  ['mac', each(mac)],
  ['addrtype', addrtype],
  ['pkttype', each(pkttype)],
  ['comment', (match, to) => void (to.comment = match.options[0]?.args[0] ?? null)],
  ['dscp', each(dscp)],
  ['tos', each(tos)],
  ['policy', policy],
  ['physdev', physdev],
  ['time', time],
  ['geoip', each(geoip)],
  ['mark', marked],
  ['connmark', marked],
  ['string', payload],
  ['layer7', payload],
  ['ipp2p', payload],
  ...STATE_MATCHES,
  ...RATE_MATCHES,
]);

/** Adds all matches of a rule to its conditions. */
export function readMatches({ core, matches, stray }: RuleParts, to: Conditions): void {
  for (const option of core) readCore(option, to);
  for (const match of matches) {
    const reader = READERS.get(match.module);
    if (reader === undefined) to.cannot(shown(match));
    else reader(match, to);
  }
  if (stray.length > 0) to.cannot(stray.join(' '));
}

/** How messages show a match. */
export function shown({ module, options }: Match): string {
  const words = options.map(asWritten).join(' ');
  return module === '' ? words : `-m ${module}${words === '' ? '' : ` ${words}`}`;
}

export function asWritten({ name, negated, args }: Option): string {
  return [...(negated ? ['!'] : []), name, ...args].join(' ');
}

function each(read: (option: Option, to: Conditions, module: string) => boolean): Reader {
  return (match, to) => {
    for (const option of match.options)
      if (!read(option, to, match.module)) to.cannot(asWritten(option));
  };
}

/** Without options it says no more than `-p` did. */
function bare(match: Match, to: Conditions): void {
  if (match.options.length > 0) to.cannot(shown(match));
}

function readCore(option: Option, to: Conditions): void {
  const { name, negated, args } = option;
  const [text = ''] = args;
  const { around } = to;
  switch (name) {
    case '--source':
    case '--destination': {
      const ranges = addressRanges(text, around.family);
      if (ranges === null) to.cannot(asWritten(option));
      else to.addresses(name === '--source' ? 'src' : 'dst', ranges, negated);
      return;
    }
    case '--protocol': {
      const number = protocolNumber(text);
      if (number === null) to.cannot(asWritten(option));
      else if (number === 0) to.boxes = negated ? [] : to.boxes;
      else {
        const one: Ranges = [[BigInt(number), BigInt(number)]];
        to.and({ proto: negated ? complement(one, 255n) : one });
      }
      return;
    }
    case '--in-interface':
    case '--out-interface': {
      const named = around.interfaces(text);
      const bits = negated ? around.space.interfaces & ~named : named;
      if (around.isLoopback(text) && !negated) to.never = 'loopback';
      else if (bits === 0n) to.boxes = [];
      else if (bits !== around.space.interfaces)
        to.and({ [name === '--in-interface' ? 'in' : 'out']: bits });
      return;
    }
    case '--fragment':
      if (!negated) to.never = 'fragments';
      return;
    case '--ipv4':
    case '--ipv6':
      if ((name === '--ipv4') !== (around.family === 4)) to.boxes = [];
      return;
    default:
      to.cannot(asWritten(option));
  }
}

function transport({ name, negated, args }: Option, to: Conditions): boolean {
  const [text = '', second] = args;
  switch (name) {
    case '--source-port':
    case '--destination-port': {
      const range = portRange(text);
      if (range === null || !to.isOf(...PORTED)) return false;
      to.ports(name === '--source-port' ? 'sport' : 'dport', [range], negated);
      return true;
    }
    case '--syn':
      if (!to.isOf(TCP)) return false;
      to.and({ flags: flagSet(0x17, 0x02, negated) });
      return true;
    case '--tcp-flags': {
      const [mask, value] = second === undefined ? text.split('/') : [text, second];
      const [care, want] = [flagBits(mask ?? '?'), flagBits(value ?? '?')];
      if (care === null || want === null || !to.isOf(TCP)) return false;
      const flags = flagSet(care, want, negated);
      if (flags === 0n) to.boxes = [];
      else to.and({ flags });
      return true;
    }
    case '--icmp-type':
    case '--icmpv6-type': {
      const { family } = to.around;
      const types = icmpRange(text, family);
      if (types === null || !to.isOf(family === 4 ? 1 : 58)) return false;
      if ((name === '--icmp-type') !== (family === 4)) return false;
      const all = complement(types, 65535n);
      if (negated && all.length === 0) to.boxes = [];
      else if (all.length > 0) to.and({ icmp: negated ? all : types });
      return true;
    }
    default:
      return false;
  }
}

function multiport({ name, negated, args }: Option, to: Conditions): boolean {
  const list: Range[] = [];
  for (const text of (args[0] ?? '').split(',')) {
    const range = portRange(text);
    if (range === null) return false;
    list.push(range);
  }
  if (!to.isOf(...PORTED)) return false;
  const ranges = rangesOf(list);
  if (name === '--source-ports') to.ports('sport', ranges, negated);
  else if (name === '--destination-ports') to.ports('dport', ranges, negated);
  else if (name !== '--ports') return false;
  else if (negated) {
    to.ports('sport', ranges, true);
    to.ports('dport', ranges, true);
  } else to.either([{ sport: ranges }, { dport: ranges }]);
  return true;
}

function iprange({ name, negated, args }: Option, to: Conditions): boolean {
  const ranges = spanRanges(args[0] ?? '', to.around.family);
  if (ranges === null || !['--src-range', '--dst-range'].includes(name)) return false;
  to.addresses(name === '--src-range' ? 'src' : 'dst', ranges, negated);
  return true;
}

function ipset(option: Option, to: Conditions): boolean {
  const { name, negated, args } = option;
  // Counters and their updates do not change what matches.
  if (name === '--update-counters' || name === '--update-subcounters') return true;
  if ((name !== '--match-set' && name !== '--set') || args.length !== 2) return false;
  const [set = '', directions = ''] = args;
  const found = to.around.ipset(set, directions, to.line);
  if (typeof found === 'string') {
    to.cannot(`${asWritten(option)} (${found})`);
    return true;
  }
  const { group } = found;
  const side = { set: null, inc: negated ? [] : [group], exc: negated ? [group] : [] };
  to.and({ [directions]: side });
  return true;
}

function mac({ name, negated, args }: Option, to: Conditions): boolean {
  const address = (args[0] ?? '').toLowerCase();
  if (name !== '--mac-source' || !/^[0-9a-f]{2}(:[0-9a-f]{2}){5}$/.test(address)) return false;
  if (!negated) to.and({ mac: [address] });
  else to.skips.push({ ...EVERYTHING, mac: [address] });
  return true;
}

function addrtype(match: Match, to: Conditions): void {
  if (match.options.some(({ name }) => name.startsWith('--limit-iface'))) {
    to.cannot(shown(match));
    return;
  }
  each(({ name, negated, args }) => {
    if (name !== '--src-type' && name !== '--dst-type') return false;
    const ranges: Range[] = [];
    for (const type of (args[0] ?? '').split(',')) {
      const of = to.around.addressTypes.get(type);
      if (of === undefined) return false;
      ranges.push(...of);
    }
    to.addresses(name === '--src-type' ? 'src' : 'dst', rangesOf(ranges), negated);
    return true;
  })(match, to);
}

/** By the address: a frame to a group or to all carries a packet to a group or to all. */
function pkttype({ name, negated, args }: Option, to: Conditions): boolean {
  const type = (args[0] ?? '').toLowerCase();
  const named = { broadcast: 'BROADCAST', multicast: 'MULTICAST' }[type];
  const { addressTypes } = to.around;
  if (name !== '--pkt-type') return false;
  if (named !== undefined) to.addresses('dst', addressTypes.get(named) ?? [], negated);
  else if (type === 'unicast' || type === 'host') {
    const rest = [
      ...(addressTypes.get('BROADCAST') ?? []),
      ...(addressTypes.get('MULTICAST') ?? []),
    ];
    to.addresses('dst', rangesOf(rest), !negated);
  } else return false;
  return true;
}

function dscp({ name, negated, args }: Option, to: Conditions): boolean {
  const [text = ''] = args;
  const value = name === '--dscp' ? numberOf(text, 63) : dscpClass(text);
  if (value === null || (name !== '--dscp' && name !== '--dscp-class')) return false;
  const bit = 1n << BigInt(value);
  to.and({ dscp: negated ? ((1n << 64n) - 1n) & ~bit : bit });
  return true;
}

/** VALUE/MASK of the byte whose upper six bits are the DSCP; the lower two nobody can ask for. */
function tos({ name, negated, args }: Option, to: Conditions): boolean {
  const [value = '', mask = '0xff'] = (args[0] ?? '').split('/');
  const [want, care] = [numberOf(value, 255), numberOf(mask, 255)];
  if (name !== '--tos' || want === null || care === null || (care & 3) !== 0) return false;
  let bits = 0n;
  for (let one = 0; one < 64; one++)
    if ((((one << 2) & care) === want) !== negated) bits |= 1n << BigInt(one);
  if (bits === 0n) to.boxes = [];
  else to.and({ dscp: bits });
  return true;
}

/** There is no IPsec in what an import makes: every packet is of policy none. */
function policy({ module, options }: Match, to: Conditions): void {
  const pol = options.find(({ name }) => name === '--pol');
  const kind = pol?.args[0];
  const rest = options.filter((one) => one !== pol && one.name !== '--dir');
  if (pol === undefined || (kind !== 'none' && kind !== 'ipsec'))
    to.cannot(shown({ module, options }));
  else if (kind === 'ipsec' && pol.negated && rest.length > 0)
    to.cannot(shown({ module, options }));
  else if ((kind === 'ipsec') !== pol.negated) {
    to.never = 'other';
    to.neverWhy = 'it is about IPsec tunnels, of which an import has none';
  }
}

function geoip({ name, negated, args }: Option, to: Conditions): boolean {
  const end = /^--(src-cc|source-country)$/.test(name) ? 'src' : 'dst';
  if (end === 'dst' && !/^--(dst-cc|destination-country)$/.test(name)) return false;
  const group = to.around.countries(args[0] ?? '', to.line);
  to.and({ [end]: { set: null, inc: negated ? [] : [group], exc: negated ? [group] : [] } });
  return true;
}

/** A mark whose bits nothing in the file sets is zero. */
function marked(match: Match, to: Conditions): void {
  const { mark, connmark } = to.around.marks;
  const set = match.module === 'mark' ? mark : connmark;
  for (const option of match.options) {
    const [value = '', mask = '0xffffffff'] = (option.args[0] ?? '').split('/');
    const [want, care] = [numberOf(value, 0xffffffff), numberOf(mask, 0xffffffff)];
    if (option.name !== '--mark' || want === null || care === null) {
      to.cannot(asWritten(option));
      continue;
    }
    const never = (want & ~care) !== 0 || (want & ~set) !== 0;
    if (!never && (care & set) !== 0) to.cannot(asWritten(option));
    else if (never !== option.negated) {
      to.never = 'other';
      to.neverWhy = `nothing in the file makes ${asWritten(option)} true`;
    }
  }
}

/** TCP has nothing in it before there is a session. */
function payload(match: Match, to: Conditions): void {
  if (!to.isOf(TCP) || match.options.some(({ negated }) => negated)) to.cannot(shown(match));
  else {
    to.never = 'other';
    to.neverWhy = `${shown(match)}: sessions are not looked into`;
  }
}

function time(match: Match, to: Conditions): void {
  if (!readTime(match, to)) to.cannot(shown(match));
}

function physdev(match: Match, to: Conditions): void {
  const bridged = match.options.find(({ name }) => name === '--physdev-is-bridged');
  if (bridged === undefined) to.cannot(shown(match));
  else if (!bridged.negated) {
    to.never = 'other';
    to.neverWhy = 'it is about bridged packets, and nothing is bridged here';
  } else if (match.options.length > 1) to.cannot(shown(match));
}
