// SPDX-License-Identifier: BSD-3-Clause

/** A message of vici: ordered keys with texts, lists of texts or messages. */
export interface ViciMessage {
  readonly [key: string]: ViciValue;
}
export type ViciValue = string | readonly string[] | ViciMessage;

/** Bytes that are no message of vici. */
export class ViciError extends Error {}

const SECTION_START = 1;
const SECTION_END = 2;
const KEY_VALUE = 3;
const LIST_START = 4;
const LIST_ITEM = 5;
const LIST_END = 6;

/** Sections within sections that are read; charon has four at the most. */
const MOST_DEPTH = 32;

export function encodeMessage(message: ViciMessage): Buffer {
  const parts: Buffer[] = [];
  write(message, parts);
  return Buffer.concat(parts);
}

function write(message: ViciMessage, parts: Buffer[]): void {
  for (const [key, value] of Object.entries(message)) {
    if (typeof value === 'string') parts.push(Buffer.of(KEY_VALUE), name(key), text(value));
    else if (isList(value)) {
      parts.push(Buffer.of(LIST_START), name(key));
      for (const item of value) parts.push(Buffer.of(LIST_ITEM), text(item));
      parts.push(Buffer.of(LIST_END));
    } else {
      parts.push(Buffer.of(SECTION_START), name(key));
      write(value, parts);
      parts.push(Buffer.of(SECTION_END));
    }
  }
}

function isList(value: ViciValue): value is readonly string[] {
  return Array.isArray(value);
}

/** The name of a key, or of a command: its length in a byte, then its bytes. */
export function name(value: string): Buffer {
  const bytes = Buffer.from(value);
  if (bytes.length > 255) throw new ViciError(`a name of ${bytes.length} bytes`);
  return Buffer.concat([Buffer.of(bytes.length), bytes]);
}

function text(value: string): Buffer {
  const bytes = Buffer.from(value);
  if (bytes.length > 65535) throw new ViciError(`a value of ${bytes.length} bytes`);
  return Buffer.concat([Buffer.of(bytes.length >> 8, bytes.length & 255), bytes]);
}

/** Reads a message; throws ViciError on bytes that are none. */
export function decodeMessage(bytes: Buffer): ViciMessage {
  return new Decoder(bytes).message();
}

class Decoder {
  readonly #bytes: Buffer;
  #at = 0;

  constructor(bytes: Buffer) {
    this.#bytes = bytes;
  }

  message(): ViciMessage {
    return this.#section(0);
  }

  #section(depth: number): ViciMessage {
    if (depth > MOST_DEPTH) throw new ViciError('sections are nested too deeply');
    // No prototype: keys come from elsewhere.
    const found = Object.create(null) as Record<string, ViciValue>;
    while (this.#at < this.#bytes.length) {
      const type = this.#byte();
      if (type === SECTION_END) {
        if (depth > 0) return found;
        throw new ViciError('a section ends that did not begin');
      }
      const key = this.#take(this.#byte());
      if (type === SECTION_START) found[key] = this.#section(depth + 1);
      else if (type === KEY_VALUE) found[key] = this.#text();
      else if (type === LIST_START) found[key] = this.#list();
      else throw new ViciError(`an element of type ${type}`);
    }
    if (depth > 0) throw new ViciError('a section does not end');
    return found;
  }

  #list(): string[] {
    const items: string[] = [];
    for (let type = this.#byte(); type !== LIST_END; type = this.#byte()) {
      if (type !== LIST_ITEM) throw new ViciError(`an element of type ${type} in a list`);
      items.push(this.#text());
    }
    return items;
  }

  #text(): string {
    return this.#take(this.#byte() * 256 + this.#byte());
  }

  #byte(): number {
    const byte = this.#bytes[this.#at++];
    if (byte === undefined) throw new ViciError('the message ends too soon');
    return byte;
  }

  #take(length: number): string {
    const end = this.#at + length;
    if (end > this.#bytes.length) throw new ViciError('the message ends too soon');
    const found = this.#bytes.toString('utf8', this.#at, end);
    this.#at = end;
    return found;
  }
}
