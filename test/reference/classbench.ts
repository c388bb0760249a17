// SPDX-License-Identifier: BSD-3-Clause
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { gunzipSync } from 'node:zlib';
import { formatAddress } from '../../src/net/address.js';

/** ClassBench samples beside the repository; tests that need them are skipped without. */
const FOLDER = join(import.meta.dirname, '../../../shared/data/classbench');
const PORTED = [6, 17, 132];

export interface ClassbenchRule {
  readonly source: readonly [value: bigint, length: number];
  readonly destination: readonly [value: bigint, length: number];
  readonly sourcePorts: readonly [number, number];
  readonly destinationPorts: readonly [number, number];
  readonly protocol: number;
  readonly mask: number;
}
export interface ClassbenchPacket {
  readonly source: bigint;
  readonly destination: bigint;
  readonly sourcePort: number;
  readonly destinationPort: number;
  readonly protocol: number;
}

/** Names of the sample sets that have a trace and end as given, e.g. `_1k`. */
export function classbenchSets(end: string): string[] {
  if (!existsSync(FOLDER)) return [];
  const files = readdirSync(FOLDER);
  return files
    .filter((file) => file.endsWith(`${end}.gz`))
    .map((file) => file.slice(0, -3))
    .filter((name) => files.includes(`${name}_trace.gz`))
    .toSorted();
}

export function setText(name: string): string {
  return gunzipSync(readFileSync(join(FOLDER, `${name}.gz`))).toString('latin1');
}

/** Reads a set by splitting alone, apart from how the import does it. */
export function readClassbench(text: string): ClassbenchRule[] {
  const prefix = (word: string): [bigint, number] => {
    const [address = '', length = ''] = word.split('/');
    const value = address.split('.').reduce((sum, octet) => (sum << 8n) | BigInt(octet), 0n);
    return [value, Number(length)];
  };
  const pair = (word: string): [number, number] => {
    const [low = '', high = ''] = word.split(':');
    return [Number(low), Number(high)];
  };
  return text
    .split('\n')
    .filter((line) => line.startsWith('@'))
    .map((line) => {
      const words = line.slice(1).replaceAll(' : ', ':').split(/\s+/);
      const [protocol = '', mask = ''] = words[4]!.split('/');
      return {
        source: prefix(words[0]!),
        destination: prefix(words[1]!),
        sourcePorts: pair(words[2]!),
        destinationPorts: pair(words[3]!),
        protocol: Number(protocol),
        mask: Number(mask),
      };
    });
}

/** Packets of a trace spread evenly over it, martians and land attacks left out. */
export function tracePackets(name: string, most: number): ClassbenchPacket[] {
  const text = gunzipSync(readFileSync(join(FOLDER, `${name}_trace.gz`))).toString('latin1');
  const martian = (address: number) => [0, 127].includes(address >>> 24) || address >>> 24 >= 224;
  const packets = text
    .split('\n')
    .filter((line) => line.trim() !== '')
    .map((line) => line.trim().split(/\s+/).map(Number))
    .filter(
      ([source, destination]) =>
        !martian(source!) && !martian(destination!) && source !== destination,
    )
    .map(([source, destination, sourcePort, destinationPort, protocol]) => ({
      source: BigInt(source!),
      destination: BigInt(destination!),
      sourcePort: sourcePort!,
      destinationPort: destinationPort!,
      protocol: protocol!,
    }));
  const step = Math.max(1, Math.floor(packets.length / most));
  return packets.filter((_, i) => i % step === 0).slice(0, most);
}

/** Index of the first rule that matches, or null; addresses of `bits` bits. */
export function firstClassbench(
  rules: readonly ClassbenchRule[],
  packet: ClassbenchPacket,
  bits: 32 | 128,
): number | null {
  const fits = ([value, length]: readonly [bigint, number], address: bigint) => {
    const shift = BigInt(bits - length);
    return address >> shift === value >> shift;
  };
  const within = (port: number, [low, high]: readonly [number, number]) =>
    port >= low && port <= high;
  const index = rules.findIndex((rule) => {
    if (!fits(rule.source, packet.source) || !fits(rule.destination, packet.destination))
      return false;
    if ((packet.protocol & rule.mask) !== (rule.protocol & rule.mask)) return false;
    const all = [...rule.sourcePorts, ...rule.destinationPorts].join() === '0,65535,0,65535';
    if (all) return true;
    if (!PORTED.includes(packet.protocol)) return rule.mask !== 0;
    return (
      within(packet.sourcePort, rule.sourcePorts) &&
      within(packet.destinationPort, rule.destinationPorts)
    );
  });
  return index < 0 ? null : index;
}

/**
 * Bits an IPv4 address is moved up by: sources end within the upper 64-bit word, destinations lie
 * across the border of the two.
 */
const SHIFT = { source: 64n, destination: 48n } as const;
type Side = keyof typeof SHIFT;
const BASE = 0x2001_0db8n << 96n;

/** The IPv6 address an IPv4 address is mapped to; distinct ones stay distinct. */
export function mapped(address: bigint, side: Side): bigint {
  return BASE | (address << SHIFT[side]);
}

/** An IPv6 set made of an IPv4 one: prefixes embedded below 2001:db8::/32, /0 staying /0. */
export function mapRules(rules: readonly ClassbenchRule[]): ClassbenchRule[] {
  const prefix = ([value, length]: readonly [bigint, number], side: Side) =>
    length === 0
      ? ([0n, 0] as const)
      : ([mapped(value, side), 96 - Number(SHIFT[side]) + length] as const);
  return rules.map((rule) => ({
    ...rule,
    source: prefix(rule.source, 'source'),
    destination: prefix(rule.destination, 'destination'),
    // ICMP of the other family, so that packets of it parse.
    protocol: rule.protocol === 1 && rule.mask === 0xff ? 58 : rule.protocol,
  }));
}

export function classbenchText(rules: readonly ClassbenchRule[]): string {
  const prefix = ([value, length]: readonly [bigint, number]) =>
    `${formatAddress({ family: 6, value })}/${length}`;
  const hex = (value: number) => `0x${value.toString(16).padStart(2, '0')}`;
  return rules
    .map(
      (rule) =>
        `@${prefix(rule.source)}\t${prefix(rule.destination)}\t${rule.sourcePorts.join(' : ')}\t` +
        `${rule.destinationPorts.join(' : ')}\t${hex(rule.protocol)}/${hex(rule.mask)}\t`,
    )
    .join('\n');
}
