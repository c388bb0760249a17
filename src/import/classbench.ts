// SPDX-License-Identifier: BSD-3-Clause
import { formatPrefix, networkOf, parsePrefix } from '../net/address.js';
import { hasPorts, PROTOCOLS } from '../net/services.js';
import type { Imported, Problem } from './imported.js';

const LINE =
  /^@\s*(\S+)\s+(\S+)\s+(\d+)\s*:\s*(\d+)\s+(\d+)\s*:\s*(\d+)\s+(?:0x)?([0-9a-f]+)\s*\/\s*(?:0x)?([0-9a-f]+)(?:\s.*)?$/i;
const NAMES = new Map<number, string>(Object.entries(PROTOCOLS).map(([name, n]) => [n, name]));

const HEAD = `# Imported from a ClassBench rule set.
version: 1

interfaces:
  inside: { zone: inside }
  outside: { zone: outside }

zones:
  inside: {}
  outside: {}

settings: { reverse-path: off }

policies:
  - name: classbench
    from: any
    to: any
    rules:`;
const TAIL = `
routing:
  static:
    - { to: 0.0.0.0/0, interface: outside }
    - { to: '::/0', interface: outside }
`;

type Ports = readonly [number, number];

/**
 * A rule file from a ClassBench rule set: `@SRC DST LO : HI LO : HI PROTO/MASK FLAGS/MASK` lines, of
 * which the flags are ignored. Rule rN stands for the N-th of the @ lines, counted from 0.
 */
export function importClassbench(text: string): Imported {
  const rules: string[] = [];
  const problems: Problem[] = [];
  let index = 0;
  let number = 0;
  for (const raw of text.split('\n')) {
    number++;
    const line = raw.trim();
    if (line === '' || line.startsWith('#')) continue;
    const body = line.startsWith('@') ? rule(line) : 'not a rule: it does not start with @';
    if (Array.isArray(body)) rules.push(`      - { name: r${index}, ${body.join(', ')} }`);
    else problems.push({ line: number, message: body });
    if (line.startsWith('@')) index++;
  }
  const list = rules.length === 0 ? ' []' : `\n${rules.join('\n')}`;
  const done = { text: `${HEAD}${list}\n${TAIL}`, rules: rules.length, problems };
  return rules.length === 0 ? { ...done, refused: 'no rules in it' } : done;
}

/** The keys of the rule, or what is wrong with the line. */
function rule(line: string): string[] | string {
  const match = LINE.exec(line);
  if (match === null) return 'not of the form @SRC DST LO : HI LO : HI PROTO/MASK';
  const [, src = '', dst = '', sLow, sHigh, dLow, dHigh, value = '', bits = ''] = match;
  const keys: string[] = [];
  let family = 0;
  for (const [key, prefix] of [
    ['source', src],
    ['destination', dst],
  ] as const) {
    const parsed = parsePrefix(prefix);
    if (typeof parsed === 'string' || !prefix.includes('/'))
      return `${key} '${prefix}' is not a prefix`;
    if (family !== 0 && family !== parsed.address.family)
      return 'source and destination are of different address families';
    family = parsed.address.family;
    // A /0 of IPv6 must not become any: that would match IPv4 too.
    if (parsed.length > 0 || family === 6)
      keys.push(`${key}: ${quoted(formatPrefix(networkOf(parsed)))}`);
  }
  const sources = ports(sLow, sHigh);
  const destinations = ports(dLow, dHigh);
  if (sources === null || destinations === null)
    return 'a port range is not two ports of 0..65535, the lower first';
  const protocol = parseInt(value, 16);
  const mask = parseInt(bits, 16);
  if (protocol > 0xff || mask > 0xff) return 'protocol or its mask is above 0xFF';
  return [...keys, ...services(protocol & mask, mask, sources, destinations), 'action: allow'];
}

/** Ports count for protocols that have them; with any protocol, ports mean one of these. */
function services(protocol: number, mask: number, sources: Ports, destinations: Ports): string[] {
  if (mask === 0 && isAll(sources) && isAll(destinations)) return [];
  const list: string[] = [];
  let ported = false;
  for (let p = 0; p <= 0xff; p++) {
    if ((p & mask) !== protocol || (mask === 0 && !hasPorts(p))) continue;
    const name = NAMES.get(p) ?? `proto/${p}`;
    list.push(hasPorts(p) && !isAll(destinations) ? `${name}/${range(destinations)}` : name);
    ported ||= hasPorts(p);
  }
  const service = `service: ${list.length === 1 ? String(list[0]) : `[${list.join(', ')}]`}`;
  return ported && !isAll(sources) ? [service, `source-port: ${range(sources)}`] : [service];
}

function ports(low: string | undefined, high: string | undefined): Ports | null {
  const pair = [Number(low), Number(high)] as const;
  return pair[0] <= pair[1] && pair[1] <= 65535 ? pair : null;
}

function isAll([low, high]: Ports): boolean {
  return low === 0 && high === 65535;
}

function range([low, high]: Ports): string {
  return low === high ? String(low) : `${low}-${high}`;
}

function quoted(prefix: string): string {
  return prefix.includes(':') ? `'${prefix}'` : prefix;
}
