// SPDX-License-Identifier: BSD-3-Clause
import { closeSync, openSync, writeSync } from 'node:fs';
import { LINK_ETHERNET } from './capture-links.js';

/** Block types and options of pcapng (draft-ietf-opsawg-pcapng). */
const SECTION = 0x0a0d0d0a;
const INTERFACE = 1;
const ENHANCED_PACKET = 6;
const OPT_COMMENT = 1;
const IF_NAME = 2;
const IF_TSRESOL = 9;
const EPB_FLAGS = 2;
/** Direction bits of epb_flags. */
const WAYS = { in: 1, out: 2 } as const;

export interface CommentedPacket {
  /** ns since the epoch. */
  readonly time: bigint;
  readonly interface: string;
  readonly way: keyof typeof WAYS;
  readonly comment: string;
  /** Of the frame as it was; `bytes` may be less of it. */
  readonly length: number;
  readonly bytes: Uint8Array;
}

/** Writes a pcapng file of Ethernet frames with comments; each packet is in the file once `add` returns. */
export class PcapngWriter {
  readonly #file: number;
  readonly #interfaces = new Map<string, number>();

  /** Throws what the system says when the file cannot be made. */
  constructor(path: string) {
    this.#file = openSync(path, 'w', 0o600);
    const body = Buffer.alloc(16);
    body.writeUInt32LE(0x1a2b3c4d, 0);
    body.writeUInt16LE(1, 4);
    // The section's length is not known.
    body.fill(0xff, 8);
    this.#block(SECTION, [body]);
  }

  add({ time, interface: name, way, comment, length, bytes }: CommentedPacket): void {
    const head = Buffer.alloc(20);
    head.writeUInt32LE(this.#interface(name), 0);
    head.writeUInt32LE(Number(time >> 32n), 4);
    head.writeUInt32LE(Number(time & 0xffffffffn), 8);
    head.writeUInt32LE(bytes.length, 12);
    head.writeUInt32LE(length, 16);
    const flags = Buffer.alloc(4);
    flags.writeUInt32LE(WAYS[way], 0);
    this.#block(ENHANCED_PACKET, [
      head,
      padded(bytes),
      option(OPT_COMMENT, Buffer.from(comment, 'utf8')),
      option(EPB_FLAGS, flags),
      option(0, Buffer.alloc(0)),
    ]);
  }

  close(): void {
    closeSync(this.#file);
  }

  /** An interface is described before its first packet. */
  #interface(name: string): number {
    const known = this.#interfaces.get(name);
    if (known !== undefined) return known;
    const body = Buffer.alloc(8);
    body.writeUInt16LE(LINK_ETHERNET, 0);
    this.#block(INTERFACE, [
      body,
      option(IF_NAME, Buffer.from(name, 'utf8')),
      // Nanoseconds: 10 to the -9.
      option(IF_TSRESOL, Buffer.from([9])),
      option(0, Buffer.alloc(0)),
    ]);
    this.#interfaces.set(name, this.#interfaces.size);
    return this.#interfaces.size - 1;
  }

  #block(type: number, parts: readonly Uint8Array[]): void {
    const length = 12 + parts.reduce((sum, part) => sum + part.length, 0);
    const head = Buffer.alloc(8);
    head.writeUInt32LE(type, 0);
    head.writeUInt32LE(length, 4);
    const bytes = Buffer.concat([head, ...parts, head.subarray(4)]);
    for (let at = 0; at < bytes.length;) at += writeSync(this.#file, bytes, at);
  }
}

function option(code: number, value: Uint8Array): Uint8Array {
  const head = Buffer.alloc(4);
  head.writeUInt16LE(code, 0);
  head.writeUInt16LE(value.length, 2);
  return Buffer.concat([head, padded(value)]);
}

function padded(bytes: Uint8Array): Uint8Array {
  return Buffer.concat([bytes, Buffer.alloc(-bytes.length & 3)]);
}
