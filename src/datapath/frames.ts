// SPDX-License-Identifier: BSD-3-Clause

/** One frame of the offline datapath. */
export interface Frame {
  readonly type: number;
  readonly payload: Buffer;
}

const HEAD = 8;
/** Longer than any answer to the batches we send. */
const MOST = 2 ** 30;

/** Cuts a byte stream into frames. */
export class FrameReader {
  readonly #take: (frame: Frame) => void;
  #chunks: Buffer[] = [];
  #held = 0;

  constructor(take: (frame: Frame) => void) {
    this.#take = take;
  }

  /** Throws RangeError on a length no frame has. */
  push(chunk: Buffer): void {
    this.#chunks.push(chunk);
    this.#held += chunk.length;
    for (let need = this.#need(); need !== null && this.#held >= need; need = this.#need()) {
      const bytes = this.#join();
      this.#chunks = need < bytes.length ? [bytes.subarray(need)] : [];
      this.#held -= need;
      this.#take({ type: bytes.readUInt32LE(4), payload: bytes.subarray(HEAD, need) });
    }
  }

  /** Bytes of the frame at the front, or null before its head is there. */
  #need(): number | null {
    if (this.#held < HEAD) return null;
    const first = this.#chunks[0];
    const head = first !== undefined && first.length >= HEAD ? first : this.#join();
    const length = head.readUInt32LE(0);
    if (length > MOST) throw new RangeError(`a frame of ${length} bytes`);
    return HEAD + length;
  }

  #join(): Buffer {
    const [first] = this.#chunks;
    if (this.#chunks.length === 1 && first !== undefined) return first;
    const joined = Buffer.concat(this.#chunks);
    this.#chunks = [joined];
    return joined;
  }
}
