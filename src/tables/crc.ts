// SPDX-License-Identifier: BSD-3-Clause
import * as zlib from 'node:zlib';

let table: Uint32Array | undefined;

/** CRC-32 as zlib has it (ISO 3309, reflected 0xEDB88320). Node has its own from 20.15 and 22.2 on. */
export function crc32(bytes: Uint8Array): number {
  return 'crc32' in zlib ? zlib.crc32(bytes) : crc32Portable(bytes);
}

/** The same without help from Node. */
export function crc32Portable(bytes: Uint8Array): number {
  table ??= Uint32Array.from({ length: 256 }, (_, n) => {
    let c = n;
    for (let bit = 0; bit < 8; bit++) c = c & 1 ? (c >>> 1) ^ 0xedb88320 : c >>> 1;
    return c;
  });
  let crc = 0xffffffff;
  for (const byte of bytes) crc = (crc >>> 8) ^ (table[(crc ^ byte) & 0xff] ?? 0);
  return ~crc >>> 0;
}
