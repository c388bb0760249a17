// SPDX-License-Identifier: BSD-3-Clause
import type { CaptureContents, CapturedPacket } from './capture.js';

const SECTION = 0x0a0d0d0a;
const BYTE_ORDER = 0x1a2b3c4d;
const INTERFACE = 1;
const OLD_PACKET = 2;
const SIMPLE_PACKET = 3;
const ENHANCED_PACKET = 6;
const OPTION_TSRESOL = 9;
const OPTION_TSOFFSET = 14;
const SECOND = 1_000_000_000n;
/** Times stay within 64 bits of nanoseconds, whatever a file says. */
const LAST = 2n ** 63n - 1n;

interface Interface {
  readonly link: number;
  readonly snaplen: number;
  /** Ticks a second. */
  readonly resolution: bigint;
  /** s */
  readonly offset: bigint;
}

/** A block's body, between its head and the repeated length. */
interface Block {
  readonly type: number;
  readonly body: DataView;
  readonly little: boolean;
}

/** Reads a pcapng file (draft-ietf-opsawg-pcapng); null if it is none. */
export function readPcapng(view: DataView): CaptureContents | null {
  if (view.byteLength < 12 || view.getUint32(0) !== SECTION) return null;
  const reader = new PcapngReader();
  let at = 0;
  let little = true;
  let cut: string | null = null;
  while (at < view.byteLength && cut === null) {
    if (at + 12 > view.byteLength) {
      cut = `the file ends within a block, at byte ${at}`;
      break;
    }
    if (view.getUint32(at) === SECTION) {
      little = view.getUint32(at + 8, true) === BYTE_ORDER;
      if (!little && view.getUint32(at + 8) !== BYTE_ORDER) {
        cut = `a section without byte order, at byte ${at}`;
        break;
      }
    }
    const type = view.getUint32(at, little);
    const length = view.getUint32(at + 4, little);
    if (length < 12 || at + length > view.byteLength) cut = `a damaged block, at byte ${at}`;
    else {
      const body = new DataView(view.buffer, view.byteOffset + at + 8, length - 12);
      cut = reader.take({ type, body, little }, at);
      at += length;
    }
  }
  return { packets: reader.packets, links: reader.links, cut };
}

/** Follows the sections of a file; `take` says why reading cannot go on, or null. */
class PcapngReader {
  readonly packets: CapturedPacket[] = [];
  readonly links = new Set<number>();
  #interfaces: Interface[] = [];
  #time = 0n;

  take(block: Block, at: number): string | null {
    const { type, body, little } = block;
    switch (type) {
      case SECTION:
        this.#interfaces = [];
        return null;
      case INTERFACE: {
        if (body.byteLength < 8) return `an interface cut short, at byte ${at}`;
        const found = readInterface(body, little);
        this.#interfaces.push(found);
        this.links.add(found.link);
        return null;
      }
      case ENHANCED_PACKET:
      case OLD_PACKET: {
        if (body.byteLength < 20) return `a packet cut short, at byte ${at}`;
        const id = type === OLD_PACKET ? body.getUint16(0, little) : body.getUint32(0, little);
        const ticks =
          (BigInt(body.getUint32(4, little)) << 32n) | BigInt(body.getUint32(8, little));
        return this.#add(id, ticks, body, 20, body.getUint32(12, little), at);
      }
      case SIMPLE_PACKET: {
        if (body.byteLength < 4) return `a packet cut short, at byte ${at}`;
        const { snaplen = 0 } = this.#interfaces[0] ?? {};
        const length = body.getUint32(0, little);
        return this.#add(0, null, body, 4, snaplen === 0 ? length : Math.min(length, snaplen), at);
      }
      default:
        return null;
    }
  }

  #add(
    id: number,
    ticks: bigint | null,
    body: DataView,
    start: number,
    length: number,
    at: number,
  ): string | null {
    const found = this.#interfaces[id];
    if (found === undefined)
      return `a packet of interface ${id}, which is not described, at byte ${at}`;
    if (ticks !== null) {
      const time = (ticks * SECOND) / found.resolution + found.offset * SECOND;
      this.#time = time < 0n ? 0n : time > LAST ? LAST : time;
    }
    // A length beyond the block is damage; what the block holds is still a packet.
    const held = Math.min(length, body.byteLength - start);
    const bytes = new Uint8Array(body.buffer, body.byteOffset + start, held);
    this.packets.push({ time: this.#time, link: found.link, bytes });
    return null;
  }
}

function readInterface(body: DataView, little: boolean): Interface {
  let resolution = 1_000_000n;
  let offset = 0n;
  for (let at = 8; at + 4 <= body.byteLength;) {
    const code = body.getUint16(at, little);
    const length = body.getUint16(at + 2, little);
    if (code === 0 || at + 4 + length > body.byteLength) break;
    if (code === OPTION_TSRESOL && length >= 1) {
      const value = body.getUint8(at + 4);
      resolution = (value & 0x80 ? 2n : 10n) ** BigInt(value & 0x7f);
    } else if (code === OPTION_TSOFFSET && length >= 8) offset = body.getBigInt64(at + 4, little);
    at += 4 + ((length + 3) & ~3);
  }
  const link = body.getUint16(0, little);
  return { link, snaplen: body.getUint32(4, little), resolution, offset };
}
