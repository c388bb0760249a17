// SPDX-License-Identifier: BSD-3-Clause
import { parse, type Edges, type Outcome, type Packet } from './iptables.js';

/**
 * An ASA of 9.x by the plainest reading of its configuration guide: access lists are walked line by
 * line for every packet, objects looked up as they are met. Shares nothing with src/import.
 */

type Test = (packet: Packet) => boolean;

interface Entry {
  readonly permit: boolean;
  readonly test: Test;
}

export interface Asa {
  readonly edges: readonly Edges[];
  judge(packet: Packet): Outcome;
}

const PORTS: Record<string, number> = { www: 80, https: 443, ssh: 22, domain: 53, smtp: 25 };
const TYPES: Record<string, number> = { echo: 8, 'echo-reply': 0, unreachable: 3 };
const PROTOCOLS: Record<string, number> = { icmp: 1, tcp: 6, udp: 17, gre: 47, esp: 50, icmp6: 58 };

export function readAsa(text: string): Asa {
  const lines = text.split('\n').filter((line) => line.trim() !== '' && !line.startsWith('!'));
  /** What stands below `object… NAME`, with the kind it is of. */
  const bodies = new Map<string, { kind: string; lines: string[] }>();
  const zones = new Map<string, { level: number; in?: string; out?: string }>();
  const lists = new Map<string, Entry[]>();
  const edges: Edges[] = [];
  let global: string | undefined;
  const same = new Set<string>();
  for (let i = 0; i < lines.length; i++) {
    const words = lines[i]!.split(' ');
    const under: string[] = [];
    while (lines[i + 1]?.startsWith(' ') === true) under.push(lines[++i]!.trim());
    if (words[0] === 'object' || words[0] === 'object-group')
      bodies.set(words[2]!, {
        kind: words
          .slice(0, 2)
          .concat(words[3] ?? '')
          .join(' '),
        lines: under,
      });
    else if (words[0] === 'interface') {
      const name = under.find((line) => line.startsWith('nameif'))!.split(' ')[1]!;
      const level = under.find((line) => line.startsWith('security-level'))!.split(' ')[1];
      zones.set(name, { level: Number(level) });
    } else if (words[0] === 'access-group') {
      if (words[2] === 'global') global = words[1];
      else zones.get(words[4]!)![words[2] as 'in' | 'out'] = words[1]!;
    } else if (words[0] === 'same-security-traffic') same.add(words[2]!);
    else if (words[0] === 'access-list' && words[2] === 'extended') {
      const entry = readEntry(words.slice(3), bodies, edges);
      lists.set(words[1]!, [...(lists.get(words[1]!) ?? []), ...(entry === null ? [] : [entry])]);
    }
  }
  const first = (list: readonly Entry[], packet: Packet): boolean | undefined =>
    list.find(({ test }) => test(packet))?.permit;
  return {
    edges,
    judge(packet) {
      const [from, to] = [zones.get(packet.in)!, zones.get(packet.out!)!];
      if (
        packet.in === packet.out
          ? !same.has('intra-interface')
          : from.level === to.level && !same.has('inter-interface')
      )
        return 'deny';
      let passed: boolean;
      if (from.in === undefined && global === undefined) passed = from.level >= to.level;
      else {
        const list = from.in === undefined ? [] : lists.get(from.in)!;
        const rest = global === undefined ? [] : lists.get(global)!;
        passed = first(list, packet) ?? first(rest, packet) ?? false;
      }
      if (passed && to.out !== undefined) passed = first(lists.get(to.out)!, packet) ?? false;
      return passed ? 'allow' : 'deny';
    },
  };
}

function readEntry(
  words: string[],
  bodies: ReadonlyMap<string, { kind: string; lines: string[] }>,
  edges: Edges[],
): Entry | null {
  const seen: Edges = {
    addresses: { source: [], destination: [] },
    ports: { source: [], destination: [] },
    protocols: [],
    icmp: [],
    flags: [],
    dscp: [],
    macs: [],
  };
  edges.push(seen);
  if (words.at(-1) === 'inactive') return null;
  const permit = words.shift() === 'permit';
  const protocol = words.shift()!;
  let service: Test;
  if (protocol === 'object' || protocol === 'object-group')
    service = holds(words.shift()!, bodies, seen);
  else service = isProtocol(protocol, seen);
  const source = end('source', words, bodies, seen);
  const from = ports('source', words, bodies, seen);
  const destination = end('destination', words, bodies, seen);
  const to = ports('destination', words, bodies, seen);
  let type: Test = () => true;
  if (protocol === 'icmp' && words.length > 0 && words[0] !== 'log') {
    if (words[0] === 'object-group') {
      const tests = bodies.get(words[1]!)!.lines.map((line) => icmp(line.split(' ')[1]!, seen));
      type = (packet) => tests.some((test) => test(packet));
    } else type = icmp(words[0]!, seen);
  }
  return {
    permit,
    test: (p) => service(p) && source(p) && from(p) && destination(p) && to(p) && type(p),
  };
}

function isProtocol(name: string, seen: Edges): Test {
  if (name === 'ip') return () => true;
  const number = PROTOCOLS[name] ?? Number(name);
  seen.protocols.push(number);
  return ({ protocol }) => protocol === number;
}

function icmp(name: string, seen: Edges): Test {
  const number = TYPES[name] ?? Number(name);
  seen.icmp.push(number * 256);
  return ({ destinationPort }) => destinationPort >> 8 === number;
}

/** Of an object or group in the place of the protocol. */
function holds(
  name: string,
  bodies: ReadonlyMap<string, { kind: string; lines: string[] }>,
  seen: Edges,
): Test {
  const tests = bodies.get(name)!.lines.map((line): Test => {
    const words = line.split(' ');
    const command = words.shift();
    if (command === 'group-object') return holds(words[0]!, bodies, seen);
    if (words[0] === 'object') return holds(words[1]!, bodies, seen);
    const protocols = words[0] === 'tcp-udp' ? ['tcp', 'udp'] : [words[0]!];
    words.shift();
    const any = protocols.map((one) => isProtocol(one, seen));
    let from: Test = () => true;
    if (words[0] === 'source') {
      words.shift();
      from = ports('source', words, bodies, seen);
    }
    if (words[0] === 'destination') words.shift();
    const to =
      protocols[0] === 'icmp' && words.length > 0
        ? icmp(words[0]!, seen)
        : ports('destination', words, bodies, seen);
    return (packet) => any.some((one) => one(packet)) && from(packet) && to(packet);
  });
  return (packet) => tests.some((test) => test(packet));
}

function end(
  side: 'source' | 'destination',
  words: string[],
  bodies: ReadonlyMap<string, { kind: string; lines: string[] }>,
  seen: Edges,
): Test {
  const word = words.shift()!;
  switch (word) {
    case 'any':
      return () => true;
    case 'any4':
      return ({ family }) => family === 4;
    case 'any6':
      return ({ family }) => family === 6;
    case 'host':
      return between(side, words[0]!, words.shift()!, seen);
    case 'object':
    case 'object-group': {
      const tests = bodies.get(words.shift()!)!.lines.map((line): Test => {
        const parts = line.split(' ');
        if (parts[0] === 'group-object')
          return end(side, ['object-group', parts[1]!], bodies, seen);
        if (parts[0] === 'range') return between(side, parts[1]!, parts[2]!, seen);
        if (parts[0] === 'host') return end(side, parts, bodies, seen);
        return end(side, parts.slice(1), bodies, seen);
      });
      return (packet) => tests.some((test) => test(packet));
    }
    default: {
      const [low, mask] = [parse(word), parse(words.shift()!)];
      const high = low | (0xffffffffn & ~mask);
      const text = (value: bigint): string =>
        [24n, 16n, 8n, 0n].map((shift) => (value >> shift) & 255n).join('.');
      return between(side, text(low), text(high), seen);
    }
  }
}

function between(side: 'source' | 'destination', a: string, b: string, seen: Edges): Test {
  const [low, high] = [parse(a), parse(b)];
  for (const one of [low - 1n, low, high, high + 1n])
    if (one >= 0n && one <= 0xffffffffn) seen.addresses[side].push(one);
  return (packet) => packet.family === 4 && low <= packet[side] && packet[side] <= high;
}

function ports(
  side: 'source' | 'destination',
  words: string[],
  bodies: ReadonlyMap<string, { kind: string; lines: string[] }>,
  seen: Edges,
): Test {
  const key = side === 'source' ? 'sourcePort' : 'destinationPort';
  const number = (): number => {
    const word = words.shift()!;
    const value = PORTS[word] ?? Number(word);
    for (const near of [value - 1, value, value + 1])
      if (near >= 0 && near <= 65535) seen.ports[side].push(near);
    return value;
  };
  switch (words[0]) {
    case 'eq': {
      words.shift();
      const port = number();
      return (packet) => packet[key] === port;
    }
    case 'neq': {
      words.shift();
      const port = number();
      return (packet) => packet[key] !== port;
    }
    case 'lt': {
      words.shift();
      const port = number();
      return (packet) => packet[key] < port;
    }
    case 'gt': {
      words.shift();
      const port = number();
      return (packet) => packet[key] > port;
    }
    case 'range': {
      words.shift();
      const [low, high] = [number(), number()];
      return (packet) => low <= packet[key] && packet[key] <= high;
    }
    case 'object-group': {
      const body = bodies.get(words[1]!);
      if (body?.lines.some((line) => line.startsWith('port-object')) !== true) return () => true;
      words.splice(0, 2);
      const tests = body.lines.map((line) => ports(side, line.split(' ').slice(1), bodies, seen));
      return (packet) => tests.some((test) => test(packet));
    }
    default:
      return () => true;
  }
}
