// SPDX-License-Identifier: BSD-3-Clause
import { createHash } from 'node:crypto';

/** Words gathered before they go into the hash: each call into it costs a microsecond. */
const CHUNK = 512;

/** SHA-256 over 32-bit words; who writes them says by their order and counts where things end. */
export class Digest {
  readonly #hash = createHash('sha256');
  readonly #chunk = new Uint32Array(CHUNK);
  #used = 0;

  word(value: number): void {
    if (this.#used === CHUNK) this.#flush();
    this.#chunk[this.#used++] = value;
  }

  words(values: ArrayLike<number>): void {
    for (let i = 0; i < values.length; i++) this.word(values[i] as number);
  }

  /** Many words at once. */
  raw(values: Uint32Array): void {
    this.#flush();
    this.#hash.update(values);
  }

  /** The first 16 bytes; the digest is used up. */
  end(): Uint8Array {
    this.#flush();
    return this.#hash.digest().subarray(0, 16);
  }

  #flush(): void {
    this.#hash.update(this.#chunk.subarray(0, this.#used));
    this.#used = 0;
  }
}
