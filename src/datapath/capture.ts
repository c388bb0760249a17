// SPDX-License-Identifier: BSD-3-Clause
import { readPcap } from './capture-pcap.js';
import { readPcapng } from './capture-pcapng.js';
import { isTaken, linkName } from './capture-links.js';

/** A capture that is none, is damaged where it matters, or holds what we do not take. */
export class CaptureError extends Error {}

/** One packet of a capture: what was captured of it, from its link header on. */
export interface CapturedPacket {
  /** ns since the epoch. */
  readonly time: bigint;
  readonly link: number;
  readonly bytes: Uint8Array;
}

export interface Capture {
  readonly packets: readonly CapturedPacket[];
  /** Why reading ended before the end of the file, or null. */
  readonly cut: string | null;
}

/** What a reader of one format finds; `links` are those named by interfaces without packets, too. */
export interface CaptureContents extends Capture {
  readonly links: ReadonlySet<number>;
}

/**
 * Reads a pcap or pcapng file of Ethernet or raw IP. What is cut off or damaged at the end is left
 * out and named in `cut`. Throws CaptureError on anything else.
 */
export function readCapture(bytes: Uint8Array): Capture {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const contents = readPcap(view) ?? readPcapng(view);
  if (contents === null) throw new CaptureError('neither a pcap nor a pcapng file');
  for (const link of contents.links)
    if (!isTaken(link))
      throw new CaptureError(
        `link type ${link} (${linkName(link)}) is not taken, only Ethernet and raw IP are`,
      );
  return contents;
}
