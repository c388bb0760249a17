// SPDX-License-Identifier: BSD-3-Clause
import { parse, type Edges, type Outcome, type Packet, type World } from './iptables.js';

/**
 * nftables by the plainest reading of its manual page: rules are walked word by word for every first
 * packet of a flow. Shares nothing with src/import. What it does not know makes it throw.
 */

type End = Outcome | 'fall';
interface Chain {
  readonly rules: string[][];
  readonly table: Table;
  hook?: string;
  type?: string;
  priority: number;
  policy: End;
}
interface Table {
  readonly family: string;
  readonly chains: Map<string, Chain>;
  readonly sets: Map<string, string[][]>;
}

export interface Nftables {
  readonly edges: readonly Edges[];
  judge(packet: Packet, world: World): Outcome;
}

const PORTS: Record<string, number> = { ssh: 22, domain: 53, http: 80, https: 443 };
const TYPES: Record<string, number> = {
  'ip echo-request': 8, 'ip echo-reply': 0, 'ip destination-unreachable': 3, 'ip time-exceeded': 11,
  'ip6 echo-request': 128, 'ip6 echo-reply': 129, 'ip6 destination-unreachable': 1,
  'ip6 packet-too-big': 2, 'ip6 time-exceeded': 3, 'ip6 parameter-problem': 4,
  'ip6 nd-router-solicit': 133, 'ip6 nd-router-advert': 134, 'ip6 nd-neighbor-solicit': 135,
  'ip6 nd-neighbor-advert': 136,
}; // prettier-ignore
const PROTOCOLS: Record<string, number> = {
  icmp: 1,
  tcp: 6,
  udp: 17,
  gre: 47,
  esp: 50,
  'ipv6-icmp': 58,
  icmpv6: 58,
  sctp: 132,
};
const FLAGS: Record<string, number> = { fin: 1, syn: 2, rst: 4, psh: 8, ack: 16, urg: 32 };

/** Reads a ruleset; `more` holds what is defined elsewhere. */
export function readNftables(text: string, more = ''): Nftables {
  const defined = new Map<string, string>();
  const lines: string[] = [];
  let open = '';
  for (const raw of `${more}\n${text}`.replace(/\\\n/g, ' ').split('\n')) {
    const line = raw.replace(/(^|\s)#.*$/, '').trim();
    const whole = `${open} ${line}`.trim();
    const [, name, value] = /^define (\S+)\s*=\s*(.*)$/.exec(whole) ?? [];
    if (name !== undefined) {
      defined.set(name, replaced(value!, defined));
      continue;
    }
    lines.push(replaced(line, defined));
  }
  open = '';
  const tables: Table[] = [];
  let table: Table | undefined;
  let chain: Chain | undefined;
  let set: string | undefined;
  /** Statements of the blocks, with the braces of sets kept whole. */
  for (const one of statements(lines.join('\n'))) {
    const words = one.split(' ');
    if (words[0] === 'table') {
      const family = ['ip', 'ip6', 'inet'].includes(words[1]!) ? words[1]! : 'ip';
      table = { family, chains: new Map(), sets: new Map() };
      tables.push(table);
    } else if (one === '}') {
      if (chain !== undefined) chain = undefined;
      else if (set !== undefined) set = undefined;
      else table = undefined;
    } else if (table === undefined) continue;
    else if (chain === undefined && set === undefined && words[0] === 'chain') {
      chain = { rules: [], table, priority: 0, policy: 'allow' };
      table.chains.set(words[1]!, chain);
    } else if (
      chain === undefined &&
      set === undefined &&
      (words[0] === 'set' || words[0] === 'map')
    ) {
      set = words[1]!;
      table.sets.set(set, []);
    } else if (set !== undefined) {
      if (words[0] === 'elements') table.sets.set(set, elements(words.slice(2)));
    } else if (chain !== undefined) {
      if (words[0] === 'type' && words[2] === 'hook') {
        chain.type = words[1]!;
        chain.hook = words[3]!;
        const named = { raw: -300, mangle: -150, filter: 0, srcnat: 100, dstnat: -100 }[words[5]!];
        chain.priority = named ?? Number(words[5]);
      } else if (words[0] === 'policy') chain.policy = words[1] === 'drop' ? 'deny' : 'allow';
      else chain.rules.push(words);
    }
  }
  return {
    edges: tables.flatMap(({ chains }) =>
      [...chains.values()].flatMap(({ rules }) => rules.map(edgesOf)),
    ),
    judge(packet, world) {
      const own = packet.family === 4 ? 'ip' : 'ip6';
      for (const hook of packet.out === null
        ? ['prerouting', 'input']
        : ['prerouting', 'forward', 'postrouting']) {
        const bases = tables
          .filter(({ family }) => family === own || family === 'inet')
          .flatMap(({ chains }) => [...chains.values()])
          .filter((one) => one.hook === hook && one.type === 'filter')
          .sort((a, b) => a.priority - b.priority);
        for (const base of bases) {
          // Before it is routed, a packet has no way out.
          const here = hook === 'prerouting' ? { ...packet, out: null } : packet;
          let end = walk(base, here, world);
          if (end === 'fall') end = base.policy;
          if (end !== 'allow') return end as Outcome;
        }
      }
      return 'allow';
    },
  };
}

function replaced(text: string, defined: ReadonlyMap<string, string>): string {
  return text.replace(/\$(\w+)/g, (_, name: string) => defined.get(name)!);
}

function* statements(text: string): Generator<string> {
  let depth = 0;
  let one: string[] = [];
  const done = function* () {
    if (one.length > 0) yield one.join(' ');
    one = [];
  };
  const words = text.match(/"[^"]*"|[{};,\n]|[!<>=]=|[^\s{};,"]+/g) ?? [];
  for (const word of words) {
    const block =
      depth === 0 &&
      word === '{' &&
      ['table', 'chain', 'set', 'map'].includes(one[0] ?? '') &&
      !one.includes('vmap') &&
      one.length <= 3;
    if (block) yield* done();
    else if (word === '{') {
      depth++;
      one.push(word);
    } else if (word === '}' && depth > 0) {
      depth--;
      one.push(word);
    } else if (word === '}') {
      yield* done();
      yield '}';
    } else if (depth === 0 && (word === '\n' || word === ';')) yield* done();
    else if (word !== '\n') one.push(word.replace(/^"|"$/g, '').replaceAll(' ', '_'));
  }
}

/** `{ a , b : c }` as words of each element; nested braces are as if they were not there. */
function elements(words: readonly string[]): string[][] {
  const list: string[][] = [[]];
  for (const word of words) {
    if (word === '{' || word === '}') continue;
    if (word === ',') list.push([]);
    else list.at(-1)!.push(word);
  }
  return list.filter((one) => one.length > 0);
}

function walk(chain: Chain, packet: Packet, world: World): End {
  for (const words of chain.rules) {
    const end = apply(words, chain.table, packet, world);
    if (end === null) continue;
    return end;
  }
  return 'fall';
}

/** What a rule decides; null to go on behind it. */
function apply(words: readonly string[], table: Table, packet: Packet, world: World): End | null {
  for (let at = 0; at < words.length;) {
    const word = words[at]!;
    switch (word) {
      case 'counter':
        at++;
        continue;
      case 'comment':
        at += 2;
        continue;
      case 'log':
        at++;
        while (['prefix', 'level', 'flags'].includes(words[at]!)) at += 2;
        continue;
      case 'limit': {
        // Nobody was here before: a limit is never reached.
        if (words[at + 2] === 'over') return null;
        at += 3;
        if (words[at] === 'burst') at += 3;
        continue;
      }
    }
    const verdict = verdictOf(words.slice(at), table, packet, world);
    if (verdict !== undefined) return verdict;
    const fields: string[] = [];
    for (;;) {
      let field = words[at++]!;
      if (field === 'meta') field = words[at++]!;
      if (
        ['ip', 'ip6', 'tcp', 'udp', 'th', 'sctp', 'icmp', 'icmpv6', 'ct', 'ether'].includes(field)
      )
        field = `${field} ${words[at++]!}`;
      if (field === 'fib') {
        while (words[at] !== 'type') field += ` ${words[at++]!}`;
        at++;
      }
      fields.push(field);
      if (words[at] !== '.') break;
      at++;
    }
    let mask: string | null = null;
    if (words[at] === '&') {
      mask = words[at + 1]!;
      at += 2;
    }
    let operator = '';
    if (['==', '!=', '<', '>', '<=', '>='].includes(words[at]!)) operator = words[at++]!;
    const isMap = words[at] === 'vmap';
    if (isMap) at++;
    let values: string[][];
    if (words[at] === '{') {
      let end = at;
      for (let depth = 0; ; end++) {
        if (words[end] === '{') depth++;
        if (words[end] === '}' && --depth === 0) break;
      }
      values = elements(words.slice(at, end + 1));
      at = end + 1;
    } else if (words[at]!.startsWith('@')) values = table.sets.get(words[at++]!.slice(1))!;
    else {
      const one = [words[at++]!];
      while (words[at] === ',' || words[at] === '.') {
        if (words[at] === ',') {
          one.push(',', words[at + 1]!);
        } else one.push('.', words[at + 1]!);
        at += 2;
      }
      values = one.includes(',') ? elements(one) : [one];
    }
    if (isMap) {
      const found = values.find((value) => {
        const colon = value.lastIndexOf(':');
        return holds(fields, value.slice(0, colon), '', null, packet, world);
      });
      if (found === undefined) return null;
      return verdictOf(found.slice(found.lastIndexOf(':') + 1), table, packet, world) ?? null;
    }
    const any = values.some((value) => holds(fields, value, operator, mask, packet, world));
    // A header that is not there is never unlike something.
    if (operator === '!=' ? any || !present(fields, packet) : !any) return null;
  }
  return null;
}

function verdictOf(
  words: readonly string[],
  table: Table,
  packet: Packet,
  world: World,
): End | null | undefined {
  switch (words[0]) {
    case 'accept':
      return 'allow';
    case 'drop':
      return 'deny';
    case 'reject':
      return 'reject';
    case 'return':
      return 'fall';
    case 'continue':
      return null;
    case 'jump':
    case 'goto': {
      const end = walk(table.chains.get(words[1]!)!, packet, world);
      return end === 'fall' && words[0] === 'jump' ? null : end;
    }
    default:
      return undefined;
  }
}

function present(fields: readonly string[], { family, protocol }: Packet): boolean {
  return fields.every((field) => {
    const [header] = field.split(' ');
    switch (header) {
      case 'ip':
        return family === 4;
      case 'ip6':
        return family === 6;
      case 'icmp':
        return family === 4 && protocol === 1;
      case 'icmpv6':
        return family === 6 && protocol === 58;
      case 'th':
        return [6, 17, 132].includes(protocol);
      case 'tcp':
      case 'udp':
      case 'sctp':
        return protocol === PROTOCOLS[header];
      default:
        return true;
    }
  });
}

function holds(
  fields: readonly string[],
  value: readonly string[],
  operator: string,
  mask: string | null,
  packet: Packet,
  world: World,
): boolean {
  if (!present(fields, packet)) return false;
  const parts = value.filter((word) => word !== '.');
  if (parts.length !== fields.length) throw new Error(`${fields.join(' . ')} ${value.join(' ')}`);
  return fields.every((field, i) => one(field, parts[i]!, operator, mask, packet, world));
}

function one(
  field: string,
  text: string,
  operator: string,
  mask: string | null,
  packet: Packet,
  world: World,
): boolean {
  const number = (name: string): bigint => BigInt(PORTS[name] ?? PROTOCOLS[name] ?? Number(name));
  const compare = (actual: number): boolean => {
    const [low, high] =
      text in PORTS || text in PROTOCOLS
        ? [number(text), number(text)]
        : text.includes('-')
          ? (text.split('-').map(number) as [bigint, bigint])
          : [number(text), number(text)];
    switch (operator) {
      case '<':
        return actual < low;
      case '>':
        return actual > low;
      case '<=':
        return actual <= low;
      case '>=':
        return actual >= low;
      default:
        return low <= actual && actual <= high;
    }
  };
  switch (field) {
    case 'iif':
    case 'iifname':
      return named(text, packet.in);
    case 'oif':
    case 'oifname':
      return packet.out !== null && named(text, packet.out);
    case 'ip saddr':
    case 'ip6 saddr':
      return inside(text, packet.source);
    case 'ip daddr':
    case 'ip6 daddr':
      return inside(text, packet.destination);
    case 'ip protocol':
    case 'ip6 nexthdr':
    case 'l4proto':
      return compare(packet.protocol);
    case 'nfproto':
      return (text === 'ipv4') === (packet.family === 4);
    case 'tcp dport':
    case 'udp dport':
    case 'sctp dport':
    case 'th dport':
      return compare(packet.destinationPort);
    case 'tcp sport':
    case 'udp sport':
    case 'sctp sport':
    case 'th sport':
      return compare(packet.sourcePort);
    case 'icmp type':
    case 'icmpv6 type': {
      const type = TYPES[`${field === 'icmp type' ? 'ip' : 'ip6'} ${text}`] ?? Number(text);
      return packet.destinationPort >> 8 === type;
    }
    case 'tcp flags': {
      const bits = (list: string): number =>
        list
          .replace(/[()]/g, '')
          .split(/[|,]/)
          .reduce((sum, flag) => sum | FLAGS[flag]!, 0);
      if (mask !== null) return (packet.flags & bits(mask)) === bits(text);
      return operator === '==' ? packet.flags === bits(text) : (packet.flags & bits(text)) !== 0;
    }
    case 'ct state':
      return text === 'new';
    case 'fib daddr':
    case 'fib daddr . iif': {
      const { family, destination } = packet;
      const multicast = family === 4 ? destination >> 28n === 0xen : destination >> 120n === 0xffn;
      const loopback =
        family === 4
          ? destination >> 24n === 127n
          : destination === 1n || destination >> 118n === 0x3fan;
      if (text === 'multicast') return multicast;
      if (text === 'broadcast') return world.broadcast.includes(destination);
      return text === 'local' && (loopback || world.local.includes(destination));
    }
    default:
      throw new Error(`what is '${field}'?`);
  }
}

function named(pattern: string, name: string): boolean {
  return pattern.endsWith('*') ? name.startsWith(pattern.slice(0, -1)) : name === pattern;
}

function spanOf(text: string): [bigint, bigint] {
  const wide = text.includes(':') ? 128n : 32n;
  if (text.includes('/')) {
    const [base, length] = text.split('/');
    const size = 1n << (wide - BigInt(length!));
    const low = parse(base!) & ~(size - 1n);
    return [low, low + size - 1n];
  }
  const [low, high] = text.split('-').map(parse);
  return [low!, high ?? low!];
}

function inside(text: string, value: bigint): boolean {
  const [low, high] = spanOf(text);
  return low <= value && value <= high;
}

/** Every number of a rule is an edge of whatever it may be one of. */
function edgesOf(words: readonly string[]): Edges {
  const edges: Edges = {
    addresses: { source: [], destination: [] },
    ports: { source: [], destination: [] },
    protocols: [],
    icmp: [],
    flags: [],
    dscp: [],
    macs: [],
  };
  for (const word of words) {
    if (/^[0-9a-f:.]+([-/][0-9a-f:.]+)?$/i.test(word) && /\.|::/.test(word)) {
      const [low, high] = spanOf(word);
      for (const near of [low - 1n, low, high, high + 1n])
        if (near >= 0n)
          for (const end of ['source', 'destination'] as const) edges.addresses[end].push(near);
    } else if (/^\d+(-\d+)?$/.test(word) || word in PORTS)
      for (const text of word in PORTS ? [String(PORTS[word])] : word.split('-'))
        for (const near of [Number(text) - 1, Number(text), Number(text) + 1])
          if (near >= 0 && near <= 65535)
            for (const end of ['source', 'destination'] as const) edges.ports[end].push(near);
    if (word in PROTOCOLS) edges.protocols.push(PROTOCOLS[word]!);
    for (const family of ['ip', 'ip6']) {
      const type = TYPES[`${family} ${word}`];
      if (type !== undefined) edges.icmp.push(type * 256);
    }
  }
  return edges;
}
