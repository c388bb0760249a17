// SPDX-License-Identifier: BSD-3-Clause
import type { CaptureContents, CapturedPacket } from './capture.js';

const HEADER = 24;

/** Magic numbers as a file of the reader's byte order has them. */
const MAGICS = new Map<number, { readonly nanoseconds: boolean; readonly record: number }>([
  [0xa1b2c3d4, { nanoseconds: false, record: 16 }],
  [0xa1b23c4d, { nanoseconds: true, record: 16 }],
  // "Modified" pcap of some Linux systems: eight more bytes a record.
  [0xa1b2cd34, { nanoseconds: false, record: 24 }],
]);

/** Reads a pcap file (draft-ietf-opsawg-pcap); null if it is none. */
export function readPcap(view: DataView): CaptureContents | null {
  if (view.byteLength < 4) return null;
  const little = MAGICS.has(view.getUint32(0, true));
  const kind = MAGICS.get(view.getUint32(0, little));
  if (kind === undefined) return null;
  if (view.byteLength < HEADER)
    return { packets: [], links: new Set(), cut: 'the file ends within its header' };
  // The upper half says how long a frame check sequence is, which we do not look at.
  const link = view.getUint32(20, little) & 0xffff;
  const packets: CapturedPacket[] = [];
  let at = HEADER;
  while (at + kind.record <= view.byteLength) {
    const seconds = BigInt(view.getUint32(at, little));
    const fraction = BigInt(view.getUint32(at + 4, little)) * (kind.nanoseconds ? 1n : 1000n);
    const length = view.getUint32(at + 8, little);
    const start = at + kind.record;
    if (start + length > view.byteLength) break;
    const bytes = new Uint8Array(view.buffer, view.byteOffset + start, length);
    packets.push({ time: seconds * 1_000_000_000n + fraction, link, bytes });
    at = start + length;
  }
  const whole = at === view.byteLength;
  const cut = whole
    ? null
    : `packet ${packets.length + 1} is cut off or damaged, reading ends there`;
  return { packets, links: new Set([link]), cut };
}
