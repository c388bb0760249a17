// SPDX-License-Identifier: BSD-3-Clause

/**
 * iptables by the plainest reading of its manual page: a small parser and an interpreter of the filter
 * table for first packets of flows (state NEW). Shares nothing with src/import. What it does not know
 * is neither true nor false, and then both ways are walked.
 */

/** A packet as the filter table meets it. ICMP: `destinationPort` is type * 256 + code. */
export interface Packet {
  readonly family: 4 | 6;
  readonly in: string;
  /** null on the way to the box itself. */
  readonly out: string | null;
  readonly source: bigint;
  readonly destination: bigint;
  readonly protocol: number;
  readonly sourcePort: number;
  readonly destinationPort: number;
  readonly flags: number;
  readonly mac: string;
  readonly dscp: number;
}

export interface World {
  /** Addresses of the box, without loopback. */
  readonly local: readonly bigint[];
  readonly broadcast: readonly bigint[];
  /** Members of ipsets that are known, as LOW, HIGH. */
  readonly sets: ReadonlyMap<string, readonly (readonly [bigint, bigint])[]>;
}

export type Outcome = 'allow' | 'deny' | 'reject';
type Tri = boolean | null;
type Test = (packet: Packet, world: World) => Tri;
type End = Outcome | 'fall';

interface Rule {
  readonly tests: Test[];
  target: string | null;
  goto: boolean;
}

/** Values at which rules change their mind, to aim packets at. */
export interface Edges {
  readonly addresses: { readonly source: bigint[]; readonly destination: bigint[] };
  readonly ports: { readonly source: number[]; readonly destination: number[] };
  readonly protocols: number[];
  readonly icmp: number[];
  readonly flags: number[];
  readonly dscp: number[];
  readonly macs: string[];
}

export interface Firewall {
  readonly chains: ReadonlyMap<string, readonly Rule[]>;
  readonly policies: ReadonlyMap<string, string>;
  /** Of each rule, in the order of the file. */
  readonly edges: readonly Edges[];
}

const PROTOCOLS: Record<string, number> = {
  all: 0, icmp: 1, igmp: 2, tcp: 6, udp: 17, gre: 47, esp: 50, ah: 51, icmpv6: 58,
  'ipv6-icmp': 58, ospf: 89, vrrp: 112, sctp: 132,
}; // prettier-ignore
const ICMP: Record<string, number> = { 'echo-request': 8, 'echo-reply': 0, 'time-exceeded': 11 };
const FLAG_BITS: Record<string, number> = { FIN: 1, SYN: 2, RST: 4, PSH: 8, ACK: 16, URG: 32 };

/** Reads the filter table of a dump. */
export function readIptables(text: string): Firewall {
  const chains = new Map<string, Rule[]>();
  const policies = new Map<string, string>();
  const edges: Edges[] = [];
  let table = '';
  for (const raw of text.split('\n')) {
    const line = raw.trim().replace(/^\[\d+:\d+\] /, '');
    if (line.startsWith('*')) table = line.slice(1);
    if (table !== 'filter') continue;
    const declared = /^:(\S+) (\S+)/.exec(line);
    if (declared !== null) {
      chains.set(declared[1]!, []);
      if (declared[2] !== '-') policies.set(declared[1]!, declared[2]!);
    }
    if (!line.startsWith('-A ')) continue;
    const words = [...line.matchAll(/"((?:\\.|[^"\\])*)"|(\S+)/g)].map(
      (match) => match[2] ?? `"${match[1]!}`,
    );
    const seen: Edges = {
      addresses: { source: [], destination: [] },
      ports: { source: [], destination: [] },
      protocols: [],
      icmp: [],
      flags: [],
      dscp: [],
      macs: [],
    };
    chains.get(words[1]!)!.push(readRule(words.slice(2), seen));
    edges.push(seen);
  }
  return { chains, policies, edges };
}

/** What may become of a packet: one thing, or more where a match is not understood. */
export function interpret(firewall: Firewall, packet: Packet, world: World): Set<Outcome> {
  const base = packet.out === null ? 'INPUT' : 'FORWARD';
  const policy = firewall.policies.get(base) === 'ACCEPT' ? 'allow' : 'deny';
  const ends = walk(firewall, base, packet, world);
  return new Set([...ends].map((end) => (end === 'fall' ? policy : end)));
}

function walk(firewall: Firewall, chain: string, packet: Packet, world: World): Set<End> {
  const ends = new Set<End>();
  for (const { tests, target, goto } of firewall.chains.get(chain) ?? []) {
    let matched: Tri = true;
    for (const test of tests) {
      const one = test(packet, world);
      if (one === false) {
        matched = false;
        break;
      }
      if (one === null) matched = null;
    }
    if (matched === false || target === null) continue;
    if (firewall.chains.has(target)) {
      const inner = walk(firewall, target, packet, world);
      for (const end of inner) if (end !== 'fall') ends.add(end);
      if (!inner.has('fall') && matched) return ends;
      if (inner.has('fall') && goto) {
        ends.add('fall');
        if (matched) return ends;
      }
      continue;
    }
    const end = ENDS[target];
    if (end === undefined) continue;
    ends.add(end);
    if (matched) return ends;
  }
  return ends.add('fall');
}

const ENDS: Record<string, End> = {
  ACCEPT: 'allow',
  DROP: 'deny',
  REJECT: 'reject',
  RETURN: 'fall',
};

/** Values a state, list or limit has for a source that nobody has seen before. */
const FRESH: Record<string, Tri> = {
  '--limit': true,
  '--hashlimit-upto': true,
  '--hashlimit': true,
  '--hashlimit-above': false,
  '--connlimit-above': false,
  '--connlimit-upto': true,
  '--set': true,
  '--rcheck': false,
  '--update': false,
  '--remove': false,
};
/** They change nothing about whether a rule matches. */
const QUIET =
  /^--(comment|limit-burst|hashlimit-(burst|mode|name|srcmask|dstmask|htable-.*)|connlimit-(mask|saddr|daddr)|seconds|hitcount|name|mask|rsource|rdest|rttl|reap|dir)$/;

function readRule(words: readonly string[], seen: Edges): Rule {
  const rule: Rule = { tests: [], target: null, goto: false };
  for (let i = 0; i < words.length;) {
    let not = words[i] === '!';
    if (not) i++;
    const option = words[i++]!;
    if (words[i] === '!' && i + 1 < words.length && !words[i + 1]!.startsWith('-')) {
      not = true;
      i++;
    }
    const args: string[] = [];
    while (i < words.length && words[i] !== '!' && !/^-[a-z-]/i.test(words[i]!))
      args.push(words[i++]!);
    if (option === '-j' || option === '-g') {
      rule.target = args[0]!;
      rule.goto = option === '-g';
      break;
    }
    if (option === '-m' || QUIET.test(option)) continue;
    const test = read(option, args, seen);
    rule.tests.push(
      not
        ? (packet, world) => {
            const found = test(packet, world);
            return found === null ? null : !found;
          }
        : test,
    );
  }
  return rule;
}

function read(option: string, args: readonly string[], seen: Edges): Test {
  const [text = ''] = args;
  if (option in FRESH && !option.startsWith('--set')) return () => FRESH[option]!;
  switch (option) {
    case '-s':
    case '--ctorigsrc':
      return address('source', text, seen);
    case '-d':
    case '--ctreplsrc':
      return address('destination', text, seen);
    case '--src-range':
      return spans('source', text, seen);
    case '--dst-range':
      return spans('destination', text, seen);
    case '-p': {
      const wanted = PROTOCOLS[text] ?? Number(text);
      seen.protocols.push(wanted);
      return ({ protocol }) => wanted === 0 || protocol === wanted;
    }
    case '-i':
      return (packet) => names(text, packet.in);
    case '-o':
      return ({ out }) => names(text, out ?? '');
    case '-f':
      return () => false;
    case '--sport':
    case '--sports':
      return ports('source', text, seen);
    case '--dport':
    case '--dports':
      return ports('destination', text, seen);
    case '--ports': {
      const [source, destination] = [ports('source', text, seen), ports('destination', text, seen)];
      return (packet, world) =>
        source(packet, world) === true || destination(packet, world) === true;
    }
    case '--syn':
      return ({ flags }) => (flags & 0x17) === 2;
    case '--tcp-flags': {
      const [mask, value] = [bits(text), bits(args[1]!)];
      seen.flags.push(value, value | (~mask & 0x3f));
      return ({ flags }) => (flags & mask) === value;
    }
    case '--icmp-type':
    case '--icmpv6-type': {
      if (text === 'any') return () => true;
      const [type, code] = String(ICMP[text] ?? text)
        .split('/')
        .map(Number);
      seen.icmp.push(type! * 256 + (code ?? 0));
      return ({ destinationPort }) =>
        destinationPort >> 8 === type && (code === undefined || (destinationPort & 255) === code);
    }
    case '--state':
    case '--ctstate':
      return () => (/\b[DS]NAT\b/.test(text) ? null : text.split(',').includes('NEW'));
    case '--mac-source':
      seen.macs.push(text.toLowerCase());
      return ({ mac }) => mac === text.toLowerCase();
    case '--dscp':
      seen.dscp.push(Number(text));
      return ({ dscp }) => dscp === Number(text);
    case '--dst-type':
      return (packet, world) => isType(text, packet.destination, packet, world);
    case '--src-type':
      return (packet, world) => isType(text, packet.source, packet, world);
    case '--set':
    case '--match-set':
      if (option === '--set' && args.length < 2) return () => true;
      return (packet, world) => {
        const members = world.sets.get(text);
        if (members === undefined) return null;
        const value = args[1] === 'src' ? packet.source : packet.destination;
        return members.some(([low, high]) => low <= value && value <= high);
      };
    case '--pol':
      return () => text === 'none';
    case '--physdev-is-bridged':
      return () => false;
    default:
      return () => null;
  }
}

function isType(types: string, value: bigint, { family }: Packet, world: World): Tri {
  const multicast = family === 4 ? value >> 28n === 0xen : value >> 120n === 0xffn;
  const loopback = family === 4 ? value >> 24n === 127n : value === 1n || value >> 118n === 0x3fan;
  const kind = multicast
    ? 'MULTICAST'
    : world.broadcast.includes(value)
      ? 'BROADCAST'
      : loopback || world.local.includes(value)
        ? 'LOCAL'
        : 'UNICAST';
  return types.split(',').includes(kind);
}

function names(pattern: string, name: string): boolean {
  return pattern.endsWith('+') ? name.startsWith(pattern.slice(0, -1)) : name === pattern;
}

function address(end: 'source' | 'destination', text: string, seen: Edges): Test {
  const [base, mask] = text.split('/');
  const value = parse(base!);
  const wide = base!.includes(':') ? 128n : 32n;
  const all = (1n << wide) - 1n;
  const bitmask =
    mask === undefined
      ? all
      : /^\d+$/.test(mask)
        ? all & ~((1n << (wide - BigInt(mask))) - 1n)
        : parse(mask);
  const low = value & bitmask;
  const high = low | (all & ~bitmask);
  for (const one of [low - 1n, low, high, high + 1n])
    if (one >= 0n && one <= all) seen.addresses[end].push(one);
  return (packet) => (packet[end] & bitmask) === low;
}

function spans(end: 'source' | 'destination', text: string, seen: Edges): Test {
  const [low, high] = text.split('-').map(parse) as [bigint, bigint];
  seen.addresses[end].push(low, high);
  if (low > 0n) seen.addresses[end].push(low - 1n);
  seen.addresses[end].push(high + 1n);
  return (packet) => low <= packet[end] && packet[end] <= high;
}

function ports(end: 'source' | 'destination', text: string, seen: Edges): Test {
  const ranges = text.split(',').map((one): [number, number] => {
    const [low, high] = one.split(':');
    const first = low === '' ? 0 : Number(low);
    return [first, high === undefined ? first : high === '' ? 65535 : Number(high)];
  });
  for (const [low, high] of ranges)
    seen.ports[end].push(Math.max(0, low - 1), low, high, Math.min(65535, high + 1));
  const key = end === 'source' ? 'sourcePort' : 'destinationPort';
  return (packet) => ranges.some(([low, high]) => low <= packet[key] && packet[key] <= high);
}

function bits(text: string): number {
  if (text === 'ALL') return 0x3f;
  return text.split(',').reduce((sum, name) => sum | (FLAG_BITS[name] ?? 0), 0);
}

/** An address as a number. */
export function parse(text: string): bigint {
  if (!text.includes(':')) return text.split('.').reduce((sum, n) => sum * 256n + BigInt(n), 0n);
  const [head, tail] = text.split('::');
  const groups = (part: string | undefined) =>
    part === undefined || part === '' ? [] : part.split(':');
  const [first, last] = [groups(head), groups(tail)];
  const middle = tail === undefined ? [] : Array<string>(8 - first.length - last.length).fill('0');
  return [...first, ...middle, ...last].reduce((sum, n) => sum * 65536n + BigInt(`0x${n}`), 0n);
}
