// SPDX-License-Identifier: BSD-3-Clause
import { closeSync, openSync, writeSync } from 'node:fs';
import { LINK_ETHERNET } from './capture-links.js';

const BUFFER = 1 << 16;
const SNAPLEN = 262_144;

/** Writes a pcap file of Ethernet frames with nanoseconds, little-endian. */
export class PcapWriter {
  readonly #file: number;
  #pending: Uint8Array[] = [];
  #size = 0;

  /** Throws what the system says when the file cannot be made. */
  constructor(path: string) {
    this.#file = openSync(path, 'w');
    const head = Buffer.alloc(24);
    head.writeUInt32LE(0xa1b23c4d, 0);
    head.writeUInt16LE(2, 4);
    head.writeUInt16LE(4, 6);
    head.writeUInt32LE(SNAPLEN, 16);
    head.writeUInt32LE(LINK_ETHERNET, 20);
    this.#put(head);
  }

  /** `time` in ns since the epoch. */
  add(time: bigint, bytes: Uint8Array): void {
    const head = Buffer.alloc(16);
    head.writeUInt32LE(Number((time / 1_000_000_000n) & 0xffffffffn), 0);
    head.writeUInt32LE(Number(time % 1_000_000_000n), 4);
    head.writeUInt32LE(bytes.length, 8);
    head.writeUInt32LE(bytes.length, 12);
    this.#put(head);
    this.#put(bytes);
  }

  close(): void {
    this.#flush();
    closeSync(this.#file);
  }

  #put(bytes: Uint8Array): void {
    this.#pending.push(bytes);
    this.#size += bytes.length;
    if (this.#size >= BUFFER) this.#flush();
  }

  #flush(): void {
    const bytes = Buffer.concat(this.#pending);
    for (let at = 0; at < bytes.length;) at += writeSync(this.#file, bytes, at);
    this.#pending = [];
    this.#size = 0;
  }
}
