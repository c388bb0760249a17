// SPDX-License-Identifier: BSD-3-Clause
import { etherFrame } from '../datapath/frame.js';
import { buildPacket } from '../datapath/packet.js';
import { PROTOCOLS } from '../net/services.js';

const FRAME = 64;

export interface Tuple {
  readonly source: number;
  readonly destination: number;
  readonly sourcePort: number;
  readonly destinationPort: number;
  readonly protocol: number;
}

/** 64-byte templates of the first packets of these flows, for the rig. */
export function frames(tuples: readonly Tuple[]): Uint8Array {
  const bytes = new Uint8Array(tuples.length * FRAME);
  tuples.forEach((t, i) => {
    const packet = buildPacket({
      protocol: t.protocol,
      source: { family: 4, value: BigInt(t.source) },
      destination: { family: 4, value: BigInt(t.destination) },
      sourcePort: t.sourcePort,
      destinationPort: t.destinationPort,
      icmpType: 8,
      icmpCode: 0,
      tcpFlags: null,
    });
    bytes.set(etherFrame(packet, 4, 0).subarray(0, FRAME), i * FRAME);
  });
  return bytes;
}

function martian(address: number): boolean {
  const first = address >>> 24;
  return first === 0 || first === 127 || first >= 224;
}

/** The tuples of a ClassBench trace; those no host may send are left out. */
export function traceTuples(text: string, most: number): Tuple[] {
  const tuples: Tuple[] = [];
  for (const line of text.split('\n')) {
    const [source, destination, sourcePort, destinationPort, protocol] = line
      .trim()
      .split(/\s+/)
      .map(Number);
    if (protocol === undefined || source === undefined || destination === undefined) continue;
    if (martian(source) || martian(destination) || source === destination) continue;
    tuples.push({
      source,
      destination,
      sourcePort: sourcePort ?? 0,
      destinationPort: destinationPort ?? 0,
      protocol,
    });
    if (tuples.length === most) break;
  }
  return tuples;
}

/** Random TCP tuples from one xorshift seed. */
export function randomTuples(count: number): Tuple[] {
  let x = 0x9e3779b9;
  const next = () => {
    x ^= x << 13;
    x ^= x >>> 17;
    x ^= x << 5;
    return x >>> 0;
  };
  return Array.from({ length: count }, () => ({
    source: (11 << 24) | (next() & 0xffffff),
    destination: ((20 + (next() % 80)) << 24) | (next() & 0xffffff),
    sourcePort: 1 + (next() % 65535),
    destinationPort: 1 + (next() % 65535),
    protocol: PROTOCOLS.tcp,
  }));
}
