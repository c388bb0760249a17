// SPDX-License-Identifier: BSD-3-Clause
import {
  formatAddress,
  formatPrefix,
  networkOf,
  parseAddress,
  parsePrefix,
} from '../../net/address.js';
import { prefixText } from '../shared/addresses.js';
import type { Keys } from '../shared/policies.js';
import type { Ranges } from '../shared/ranges.js';
import type { Remarks } from '../shared/remarks.js';
import type { Iface, Interfaces } from './interfaces.js';
import { Words, type Block } from './lines.js';
import type { Objects } from './objects.js';

/** `route IF NETWORK MASK GATEWAY [DISTANCE] [track N]` and `ipv6 route IF PREFIX GATEWAY [DISTANCE]`. */
export function routesOf(
  blocks: readonly Block[],
  interfaces: Interfaces,
  objects: Objects,
  remarks: Remarks,
): Keys[] {
  const seen = new Set<string>();
  return blocks.flatMap((block) => {
    const { line, text, words } = block;
    const left = (why: string): Keys[] => {
      remarks.problem(line, `${text}: ${why}: it is left out`);
      return [];
    };
    const six = words[0] === 'ipv6';
    if (words[0] !== 'route' && !(six && words[1] === 'route')) {
      if (six && words[1] !== 'access-list') return left('no equivalent');
      return [];
    }
    const rest = new Words(words, six ? 2 : 1);
    const nameif = rest.next();
    const to = six ? prefix6(rest.next()) : prefix4(rest, objects);
    if (to === null) return left('no prefix');
    const gatewayText = rest.next();
    const found = objects.host(gatewayText) ?? { v4: [], v6: [] };
    const iface = interfaces.named(nameif);
    if (iface === undefined) return left(`there is no interface '${nameif}'`);
    if (iface.management) return left(`${nameif} is for management alone`);
    const distance = /^\d{1,3}$/.test(rest.peek()) ? Number(rest.next()) : 1;
    if (distance < 1 || distance > 255) return left('no distance');
    if (rest.take('track'))
      remarks.problem(
        line,
        `track ${rest.next()}: routes are not tracked: this one is always there`,
      );
    if (rest.take('tunneled')) return left("'tunneled' has no equivalent");
    if (!rest.done) return left(`'${rest.peek()}' has no equivalent`);
    const key = `${to} ${distance} ${gatewayText}`;
    if (seen.has(key)) return left('it is there already');
    seen.add(key);
    const way = wayOf(iface, six ? found.v6 : found.v4, six);
    if (way === null) return left(`'${gatewayText}' is no gateway`);
    if (way.interface !== undefined && !six)
      remarks.problem(
        line,
        `${gatewayText} is no neighbour of ${nameif}: the route has no gateway`,
      );
    return [{ to, ...way, ...(distance === 1 ? {} : { distance }) }];
  });
}

/** A neighbour; its own address means that all is on the link. */
function wayOf(
  iface: Iface,
  gateway: Ranges,
  six: boolean,
): { via?: string; interface?: string } | null {
  const value = gateway[0]?.[0];
  if (value === undefined) return null;
  const family = six ? 6 : 4;
  const via = formatAddress({ family, value });
  const [networks, own] = six
    ? [iface.networks.v6, iface.own.v6]
    : [iface.networks.v4, iface.own.v4];
  if (own.some(([low]) => low === value)) return { interface: iface.key };
  if (networks.some(([low, high]) => low <= value && value <= high)) return { via };
  return six && value >> 118n === 0x3fan ? { via, interface: iface.key } : { interface: iface.key };
}

function prefix4(words: Words, objects: Objects): string | null {
  const [range] = objects.subnet(words.next(), words.next())?.v4 ?? [];
  return range === undefined ? null : prefixText(range, 4);
}

function prefix6(text: string): string | null {
  const prefix = parsePrefix(text);
  if (typeof prefix === 'string' || typeof parseAddress(text) !== 'string') return null;
  return prefix.address.family === 6 ? formatPrefix(networkOf(prefix)) : null;
}
