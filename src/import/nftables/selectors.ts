// SPDX-License-Identifier: BSD-3-Clause
import type { Node } from './ruleset.js';
import type { Field } from './values.js';
import { wordOf } from './values.js';

/** What a match is about: fields of boxes, or something that boxes have not. */
export type Selector =
  | { readonly kind: 'fields'; readonly fields: readonly Field[]; readonly implied: Implied }
  | { readonly kind: 'flags' }
  | { readonly kind: 'special'; readonly what: Special; readonly text: string }
  | { readonly kind: 'unknown'; readonly text: string };

export type Special = 'mark' | 'pkttype' | 'fib' | 'status' | 'direction' | 'ctcount';

/** What the packet has to be for the match to hold at all. */
export interface Implied {
  readonly family: 4 | 6 | null;
  /** Protocols; empty for any. */
  readonly protocols: readonly number[];
}

const NONE: Implied = { family: null, protocols: [] };
const PORTED: Readonly<Record<string, readonly number[]>> = {
  tcp: [6],
  udp: [17],
  sctp: [132],
  th: [6, 17, 132],
};
const META = new Set([
  'iif', 'iifname', 'oif', 'oifname', 'l4proto', 'nfproto', 'protocol', 'mark', 'pkttype',
  'iifgroup', 'oifgroup', 'skuid', 'skgid', 'cgroup', 'length', 'priority', 'iiftype', 'oiftype',
  'time', 'hour', 'day', 'secpath', 'ibrname', 'obrname', 'rtclassid', 'cpu', 'random', 'nftrace',
]); // prettier-ignore

export interface Selected {
  readonly selector: Selector;
  /** How many nodes it took. */
  readonly length: number;
}

/** The selector that begins at a node, concatenations whole; null where none begins. */
export function selectorAt(nodes: readonly Node[], from: number): Selected | null {
  let at = from;
  const fields: Field[] = [];
  let family: Implied['family'] = null;
  let protocols: readonly number[] = [];
  for (;;) {
    const one = single(nodes, at);
    if (one === null) return null;
    at += one.length;
    const { selector } = one;
    if (selector.kind !== 'fields') {
      if (fields.length === 0 && wordOf(nodes[at]) !== '.') return one;
      // A concatenation with what is not known is not known as a whole.
      while (wordOf(nodes[at]) === '.') at += 1 + (single(nodes, at + 1)?.length ?? 1);
      return {
        selector: { kind: 'unknown', text: textOf(nodes.slice(from, at)) },
        length: at - from,
      };
    }
    fields.push(...selector.fields);
    family ??= selector.implied.family;
    if (selector.implied.protocols.length > 0) protocols = selector.implied.protocols;
    if (wordOf(nodes[at]) !== '.') break;
    at++;
  }
  return {
    selector: { kind: 'fields', fields, implied: { family, protocols } },
    length: at - from,
  };
}

function single(nodes: readonly Node[], at: number): Selected | null {
  const first = wordOf(nodes[at]);
  const second = wordOf(nodes[at + 1]);
  if (nodes[at]?.kind === 'word' && (nodes[at] as { quoted: boolean }).quoted) return null;
  if (first === 'meta') {
    const found = META.has(second) ? meta(second) : null;
    return found === null ? null : { selector: found, length: 2 };
  }
  if (META.has(first)) return { selector: meta(first), length: 1 };
  const is = (fields: Field, implied: Implied, length = 2): Selected => ({
    selector: { kind: 'fields', fields: [fields], implied },
    length,
  });
  const unknown = (length = 2): Selected => ({
    selector: { kind: 'unknown', text: textOf(nodes.slice(at, at + length)) },
    length,
  });
  const special = (what: Special, length: number): Selected => ({
    selector: { kind: 'special', what, text: textOf(nodes.slice(at, at + length)) },
    length,
  });
  switch (first) {
    case 'ip':
    case 'ip6': {
      const implied: Implied = { family: first === 'ip' ? 4 : 6, protocols: [] };
      if (second === 'saddr') return is('src', implied);
      if (second === 'daddr') return is('dst', implied);
      if (second === 'protocol' || second === 'nexthdr') return is('proto', implied);
      if (second === 'dscp') return is('dscp', implied);
      return unknown();
    }
    case 'tcp':
    case 'udp':
    case 'sctp':
    case 'th': {
      const implied = { family: null, protocols: PORTED[first] ?? [] };
      if (second === 'dport') return is('dport', implied);
      if (second === 'sport') return is('sport', implied);
      if (first === 'tcp' && second === 'flags') return { selector: { kind: 'flags' }, length: 2 };
      return unknown(second === 'option' ? 4 : 2);
    }
    case 'icmp':
    case 'icmpv6': {
      const implied: Implied =
        first === 'icmp' ? { family: 4, protocols: [1] } : { family: 6, protocols: [58] };
      if (second === 'type') return is('icmp', implied);
      if (second === 'code') return is('code', implied);
      return unknown();
    }
    case 'ether':
      if (second === 'saddr') return is('mac', NONE);
      if (second === 'type') return is('family', NONE);
      return unknown();
    case 'ct':
      switch (second) {
        case 'state':
          return is('state', NONE);
        case 'protocol':
          return is('proto', NONE);
        case 'direction':
          return special('direction', 2);
        case 'status':
          return special('status', 2);
        case 'mark':
          return special('mark', 2);
        case 'count':
          return special('ctcount', 2);
        case 'original':
        case 'reply':
          return unknown(/^ip6?$/.test(wordOf(nodes[at + 2])) ? 4 : 3);
        default:
          return unknown();
      }
    case 'fib': {
      let length = 2;
      while (wordOf(nodes[at + length]) === '.') length += 2;
      return special('fib', length + 1);
    }
    case 'esp':
    case 'ah':
    case 'comp':
    case 'dccp':
    case 'udplite':
    case 'vlan':
    case 'arp':
    case 'igmp':
    case 'rt':
    case 'rt0':
    case 'rt2':
    case 'frag':
    case 'hbh':
    case 'dst':
    case 'mh':
    case 'exthdr':
    case 'socket':
    case 'osf':
    case 'ipsec':
    case 'tunnel':
      return unknown();
    case 'numgen':
    case 'jhash':
    case 'symhash':
      return unknown(4);
    default:
      return null;
  }
}

function meta(name: string): Selector {
  const is = (field: Field): Selector => ({ kind: 'fields', fields: [field], implied: NONE });
  switch (name) {
    case 'iif':
    case 'iifname':
      return is('in');
    case 'oif':
    case 'oifname':
      return is('out');
    case 'l4proto':
      return is('proto');
    case 'nfproto':
    case 'protocol':
      return is('family');
    case 'mark':
      return { kind: 'special', what: 'mark', text: 'meta mark' };
    case 'pkttype':
      return { kind: 'special', what: 'pkttype', text: 'meta pkttype' };
    default:
      return { kind: 'unknown', text: `meta ${name}` };
  }
}

/** How messages show nodes. */
export function textOf(nodes: readonly Node[]): string {
  return nodes
    .map((node): string => {
      if (node.kind === 'word') return node.quoted ? `"${node.text}"` : node.text;
      if (node.kind === 'group') return `(${textOf(node.nodes)})`;
      const shown = node.elements.slice(0, 4).map(({ key, value }) => {
        return value === null ? textOf(key) : `${textOf(key)} : ${textOf(value)}`;
      });
      return `{ ${shown.join(', ')}${node.elements.length > 4 ? ', …' : ''} }`;
    })
    .join(' ');
}
