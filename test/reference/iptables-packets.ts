// SPDX-License-Identifier: BSD-3-Clause
import { internetChecksum } from '../../src/datapath/checksum.js';
import { etherFrame } from '../../src/datapath/frame.js';
import { buildPacket } from '../../src/datapath/packet.js';
import type { Edges, Firewall, Packet } from './iptables.js';

/** Numbers from 0 up to `below`, the same for the same seed (mulberry32). */
export type Random = (below: number) => number;

export function randomFrom(seed: number): Random {
  let state = seed >>> 0;
  return (below) => {
    state = (state + 0x6d2b79f5) >>> 0;
    let mixed = Math.imul(state ^ (state >>> 15), state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return Math.floor((((mixed ^ (mixed >>> 14)) >>> 0) / 4294967296) * below);
  };
}

export function pick<T>(list: readonly T[], random: Random): T {
  return list[random(list.length)]!;
}

export interface Aims {
  readonly family: 4 | 6;
  readonly interfaces: readonly string[];
  /** The box's own addresses: what goes there meets INPUT. */
  readonly local: readonly bigint[];
}

/** Types that parse and open flows, and ones that are errors. */
const ICMP_TYPES = { 4: [0, 8, 3, 11, 12, 13, 14], 6: [128, 129, 1, 2, 3, 4, 133, 135, 136] };
const OTHER_PROTOCOLS = [1, 6, 17, 47, 50, 58, 89, 132];
const FLAGS = [2, 2, 2, 2, 2, 16, 18, 4, 17, 24];

/** A packet at the edges of one of the rules, most of it. Its way out is not known yet. */
export function aimedPacket({ edges }: Firewall, aims: Aims, random: Random): Omit<Packet, 'out'> {
  const { family, interfaces, local } = aims;
  const aim = edges.length === 0 ? null : pick(edges, random);
  const take = <T>(of: (one: Edges) => readonly T[], chance: () => T): T => {
    const near = aim === null || random(10) < 2 ? null : of(aim);
    const list =
      near !== null && near.length > 0
        ? near
        : random(3) === 0 || edges.length === 0
          ? []
          : of(pick(edges, random));
    return list.length > 0 ? pick(list, random) : chance();
  };
  const wide = family === 4 ? 4 : 16;
  const address = (): bigint => {
    let value = 0n;
    for (let i = 0; i < wide; i++) value = value * 256n + BigInt(random(256));
    return value;
  };
  const protocol = take(
    (one) => one.protocols.filter((p) => p > 0),
    () => pick(OTHER_PROTOCOLS, random),
  );
  const ported = [6, 17, 132].includes(protocol);
  const icmp = protocol === (family === 4 ? 1 : 58);
  const type = take(
    (one) => one.icmp,
    () => pick(ICMP_TYPES[family], random) * 256,
  );
  return {
    family,
    in: pick(interfaces, random),
    source: take((one) => one.addresses.source, address),
    destination:
      random(10) < 4 ? pick(local, random) : take((one) => one.addresses.destination, address),
    protocol,
    sourcePort: ported
      ? take(
          (one) => one.ports.source,
          () => random(65536),
        )
      : 0,
    destinationPort: icmp
      ? type
      : ported
        ? take(
            (one) => one.ports.destination,
            () => random(65536),
          )
        : 0,
    flags:
      protocol === 6
        ? take(
            (one) => (random(2) === 0 ? one.flags : []),
            () => pick(FLAGS, random),
          )
        : 0,
    mac: take(
      (one) => one.macs,
      () => `02:00:00:00:00:${random(256).toString(16).padStart(2, '0')}`,
    ),
    dscp: take(
      (one) => one.dscp,
      () => random(64),
    ),
  };
}

/** The packet as a frame. */
export function frameOf(packet: Omit<Packet, 'out'>): Uint8Array {
  const { family, protocol, destinationPort, flags, mac, dscp } = packet;
  const ip = buildPacket({
    protocol,
    source: { family, value: packet.source },
    destination: { family, value: packet.destination },
    sourcePort: packet.sourcePort,
    destinationPort,
    icmpType: destinationPort >> 8,
    icmpCode: destinationPort & 255,
    tcpFlags: protocol === 6 ? flags : null,
  });
  if (family === 4) {
    ip[1] = dscp << 2;
    ip.fill(0, 10, 12);
    new DataView(ip.buffer, ip.byteOffset).setUint16(10, internetChecksum(ip.subarray(0, 20)));
  } else {
    ip[0] = 0x60 | (dscp >> 2);
    ip[1] = (dscp & 3) << 6;
  }
  const frame = etherFrame(ip, family, 0);
  frame.set(
    mac.split(':').map((byte) => parseInt(byte, 16)),
    6,
  );
  return frame;
}
