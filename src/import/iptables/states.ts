// SPDX-License-Identifier: BSD-3-Clause
import { addressRanges } from '../shared/addresses.js';
import type { Conditions } from './conditions.js';
import { portRange, protocolNumber } from '../shared/names.js';
import type { Match, Option } from './options.js';

/** Matches about connections. Rules see the first packet of a flow, whose state is NEW. */
export const STATE_MATCHES: readonly (readonly [string, (match: Match, to: Conditions) => void])[] =
  [
    ['state', states],
    ['conntrack', states],
  ];

function states({ options }: Match, to: Conditions): void {
  for (const option of options)
    if (!one(option, to))
      to.cannot([...(option.negated ? ['!'] : []), option.name, ...option.args].join(' '));
}

function one({ name, negated, args }: Option, to: Conditions): boolean {
  const [text = ''] = args;
  switch (name) {
    case '--state':
    case '--ctstate': {
      // Only translation makes these: sources are translated later, destinations where a rule does.
      const names = text.split(',').filter((state) => state !== 'SNAT' && state !== 'DNAT');
      if (to.around.translated && /\bDNAT\b/.test(text) && !names.includes('NEW')) return false;
      to.state(names, negated);
      return true;
    }
    case '--ctdir':
      if (text !== 'ORIGINAL' && text !== 'REPLY') return false;
      if ((text === 'REPLY') !== negated) to.never = 'sessions';
      return true;
    case '--ctproto': {
      const number = protocolNumber(text);
      if (number === null || number === 0 || negated) return false;
      to.and({ proto: [[BigInt(number), BigInt(number)]] });
      return true;
    }
    // Sources and what replies go to are translated later, destinations before.
    case '--ctorigsrc':
    case '--ctrepldst':
      return address('src', text, negated, to);
    case '--ctreplsrc':
      return address('dst', text, negated, to);
    case '--ctorigdst':
      return !to.around.translated && address('dst', text, negated, to);
    case '--ctorigsrcport':
    case '--ctrepldstport':
      return port('sport', text, negated, to);
    case '--ctreplsrcport':
      return port('dport', text, negated, to);
    case '--ctorigdstport':
      return !to.around.translated && port('dport', text, negated, to);
    default:
      return false;
  }
}

function address(end: 'src' | 'dst', text: string, negated: boolean, to: Conditions): boolean {
  const ranges = addressRanges(text, to.around.family);
  if (ranges === null) return false;
  to.addresses(end, ranges, negated);
  return true;
}

function port(part: 'sport' | 'dport', text: string, negated: boolean, to: Conditions): boolean {
  const range = portRange(text);
  if (range === null || !to.isOf(6, 17, 132)) return false;
  to.ports(part, [range], negated);
  return true;
}
