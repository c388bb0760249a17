// SPDX-License-Identifier: BSD-3-Clause
import { dataOf, shapeOf, templateOf, type IpfixRecord } from './templates.js';

const VERSION = 10;
const TEMPLATE_SET = 2;
const FIRST_TEMPLATE = 256;
const HEADER = 16;
const SET_HEADER = 4;
/** Bytes of a message, so that it fits the least MTU of IPv6 with its headers (RFC 7011, 10.3.3). */
const MOST = 1232;

/**
 * Makes messages of records for one collector (RFC 7011, 3). Over UDP templates may be lost: each is
 * sent before its first record, and again before records once it is `refresh` ms old.
 */
export class IpfixEncoder {
  readonly #domain: number;
  readonly #refresh: number;
  readonly #templates = new Map<string, { readonly id: number; sent: number }>();
  #sequence = 0;

  constructor(domain: number, refresh: number) {
    this.#domain = domain;
    this.#refresh = refresh;
  }

  /** Messages with all of the records, at a time in ms. */
  encode(records: readonly IpfixRecord[], now: number): Buffer[] {
    const messages: Buffer[] = [];
    let sets: { readonly id: number; readonly parts: Buffer[] }[] = [];
    let size = HEADER;
    let count = 0;
    const flush = (): void => {
      if (sets.length > 0) messages.push(this.#message(sets, size, count, now));
      sets = [];
      size = HEADER;
      count = 0;
    };
    const put = (id: number, part: Buffer): void => {
      let set = sets.at(-1);
      if (set?.id !== id) {
        set = { id, parts: [] };
        sets.push(set);
        size += SET_HEADER;
      }
      set.parts.push(part);
      size += part.length;
    };
    for (const record of records) {
      const shape = shapeOf(record);
      let template = this.#templates.get(shape);
      if (template === undefined) {
        template = { id: FIRST_TEMPLATE + this.#templates.size, sent: -Infinity };
        this.#templates.set(shape, template);
      }
      const stale = now - template.sent >= this.#refresh;
      const described = stale ? templateOf(template.id, record) : null;
      const data = dataOf(record);
      const needed = data.length + (described?.length ?? 0) + 2 * SET_HEADER;
      if (size + needed > MOST) flush();
      if (described !== null) {
        put(TEMPLATE_SET, described);
        template.sent = now;
      }
      put(template.id, data);
      count++;
    }
    flush();
    return messages;
  }

  #message(
    sets: readonly { readonly id: number; readonly parts: readonly Buffer[] }[],
    size: number,
    records: number,
    now: number,
  ): Buffer {
    const header = Buffer.alloc(HEADER);
    header.writeUInt16BE(VERSION, 0);
    header.writeUInt16BE(size, 2);
    header.writeUInt32BE(Math.floor(now / 1000) % 2 ** 32, 4);
    header.writeUInt32BE(this.#sequence, 8);
    header.writeUInt32BE(this.#domain, 12);
    // Data records of all messages before (RFC 7011, 3.1).
    this.#sequence = (this.#sequence + records) % 2 ** 32;
    const parts = sets.flatMap(({ id, parts: inside }) => {
      const head = Buffer.alloc(SET_HEADER);
      head.writeUInt16BE(id, 0);
      head.writeUInt16BE(SET_HEADER + inside.reduce((sum, one) => sum + one.length, 0), 2);
      return [head, ...inside];
    });
    return Buffer.concat([header, ...parts]);
  }
}
