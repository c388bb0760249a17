// SPDX-License-Identifier: BSD-3-Clause

/*
 * A decoder of IPFIX messages after RFC 7011, RFC 5103 and IANA's registry of information elements.
 */

/** Names and kinds by id, as the registry has them. */
const REGISTRY: Readonly<Record<number, readonly [name: string, kind: Kind]>> = {
  1: ['octetDeltaCount', 'unsigned'],
  2: ['packetDeltaCount', 'unsigned'],
  4: ['protocolIdentifier', 'unsigned'],
  7: ['sourceTransportPort', 'unsigned'],
  8: ['sourceIPv4Address', 'address'],
  11: ['destinationTransportPort', 'unsigned'],
  12: ['destinationIPv4Address', 'address'],
  27: ['sourceIPv6Address', 'address'],
  28: ['destinationIPv6Address', 'address'],
  32: ['icmpTypeCodeIPv4', 'unsigned'],
  136: ['flowEndReason', 'unsigned'],
  139: ['icmpTypeCodeIPv6', 'unsigned'],
  152: ['flowStartMilliseconds', 'unsigned'],
  153: ['flowEndMilliseconds', 'unsigned'],
  225: ['postNATSourceIPv4Address', 'address'],
  226: ['postNATDestinationIPv4Address', 'address'],
  227: ['postNAPTSourceTransportPort', 'unsigned'],
  228: ['postNAPTDestinationTransportPort', 'unsigned'],
  230: ['natEvent', 'unsigned'],
  281: ['postNATSourceIPv6Address', 'address'],
  282: ['postNATDestinationIPv6Address', 'address'],
  323: ['observationTimeMilliseconds', 'unsigned'],
  361: ['portRangeStart', 'unsigned'],
  362: ['portRangeEnd', 'unsigned'],
  464: ['internalAddressRealm', 'octets'],
  465: ['externalAddressRealm', 'octets'],
};
type Kind = 'unsigned' | 'address' | 'octets';

/** RFC 5103, 6.1. */
const REVERSE_PEN = 29_305;

export type Decoded = Readonly<Record<string, number | string>>;

export interface Message {
  readonly exportTime: number;
  readonly sequence: number;
  readonly domain: number;
  readonly templates: readonly number[];
  readonly records: readonly Decoded[];
}

interface Field {
  readonly name: string;
  readonly kind: Kind;
  readonly length: number;
}

/** Remembers the templates of one transport session; throws at whatever is not as the RFC has it. */
export class IpfixDecoder {
  readonly #templates = new Map<number, readonly Field[]>();

  decode(bytes: Buffer): Message {
    if (bytes.readUInt16BE(0) !== 10) throw new Error('version');
    if (bytes.readUInt16BE(2) !== bytes.length) throw new Error('length');
    const templates: number[] = [];
    const records: Decoded[] = [];
    for (let at = 16; at < bytes.length;) {
      const id = bytes.readUInt16BE(at);
      const length = bytes.readUInt16BE(at + 2);
      if (length < 4 || at + length > bytes.length) throw new Error(`length of set ${id}`);
      const set = bytes.subarray(at + 4, at + length);
      if (id === 2) templates.push(...this.#takeTemplates(set));
      else if (id >= 256) records.push(...this.#data(id, set));
      else throw new Error(`set ${id}`);
      at += length;
    }
    return {
      exportTime: bytes.readUInt32BE(4),
      sequence: bytes.readUInt32BE(8),
      domain: bytes.readUInt32BE(12),
      templates,
      records,
    };
  }

  #takeTemplates(set: Buffer): number[] {
    const ids: number[] = [];
    for (let at = 0; at < set.length;) {
      const id = set.readUInt16BE(at);
      const count = set.readUInt16BE(at + 2);
      at += 4;
      const fields = Array.from({ length: count }, (): Field => {
        const element = set.readUInt16BE(at);
        const length = set.readUInt16BE(at + 2);
        at += 4;
        const known = REGISTRY[element & 0x7fff];
        if (known === undefined) throw new Error(`element ${element}`);
        const [name, kind] = known;
        if ((element & 0x8000) === 0) return { name, kind, length };
        if (set.readUInt32BE(at) !== REVERSE_PEN) throw new Error(`enterprise of ${element}`);
        at += 4;
        return { name: `reverse ${name}`, kind, length };
      });
      this.#templates.set(id, fields);
      ids.push(id);
    }
    return ids;
  }

  #data(id: number, set: Buffer): Decoded[] {
    const fields = this.#templates.get(id);
    if (fields === undefined) throw new Error(`data of the unknown template ${id}`);
    const records: Decoded[] = [];
    for (let at = 0; at < set.length;) {
      const record: Record<string, number | string> = {};
      for (const { name, kind, length: given } of fields) {
        let length = given;
        if (given === 0xffff) {
          length = set.readUInt8(at++);
          if (length === 255) throw new Error('a length of three bytes');
        }
        if (at + length > set.length) throw new Error(`${name} passes the end`);
        record[name] = valueOf(kind, set.subarray(at, at + length));
        at += length;
      }
      records.push(record);
    }
    return records;
  }
}

function valueOf(kind: Kind, bytes: Buffer): number | string {
  if (kind === 'octets') return bytes.toString('utf8');
  if (kind === 'unsigned') return Number(BigInt(`0x${bytes.toString('hex')}`));
  if (bytes.length === 4) return bytes.join('.');
  return (bytes.toString('hex').match(/.{4}/g) ?? []).join(':');
}
