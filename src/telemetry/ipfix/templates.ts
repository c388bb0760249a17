// SPDX-License-Identifier: BSD-3-Clause

/** What a session or a NAT event is told as; text is for realms. */
export type Value = number | bigint | string | Uint8Array;

/** An information element of IANA's registry: its id, its bytes (null: as many as there are). */
export interface Element {
  readonly id: number;
  readonly length: number | null;
  /** RFC 5103: of the way back. */
  readonly reverse?: true;
}

/** Private enterprise number of reversed elements (RFC 5103, 6.1). */
const REVERSE = 29_305;
const ENTERPRISE = 0x8000;
const VARIABLE = 0xffff;

export const ELEMENTS = {
  octets: { id: 1, length: 8 },
  packets: { id: 2, length: 8 },
  reverseOctets: { id: 1, length: 8, reverse: true },
  reversePackets: { id: 2, length: 8, reverse: true },
  protocol: { id: 4, length: 1 },
  sourcePort: { id: 7, length: 2 },
  source4: { id: 8, length: 4 },
  destinationPort: { id: 11, length: 2 },
  destination4: { id: 12, length: 4 },
  source6: { id: 27, length: 16 },
  destination6: { id: 28, length: 16 },
  icmp4: { id: 32, length: 2 },
  endReason: { id: 136, length: 1 },
  icmp6: { id: 139, length: 2 },
  start: { id: 152, length: 8 },
  end: { id: 153, length: 8 },
  farSource4: { id: 225, length: 4 },
  farDestination4: { id: 226, length: 4 },
  farSourcePort: { id: 227, length: 2 },
  farDestinationPort: { id: 228, length: 2 },
  natEvent: { id: 230, length: 1 },
  farSource6: { id: 281, length: 16 },
  farDestination6: { id: 282, length: 16 },
  time: { id: 323, length: 8 },
  firstPort: { id: 361, length: 2 },
  lastPort: { id: 362, length: 2 },
  internalRealm: { id: 464, length: null },
  externalRealm: { id: 465, length: null },
} as const satisfies Record<string, Element>;
export type ElementName = keyof typeof ELEMENTS;

/** A record: its elements in their order. */
export type IpfixRecord = readonly (readonly [ElementName, Value])[];

/** Which elements a record has; those of equal shape share a template. */
export function shapeOf(record: IpfixRecord): string {
  return record.map(([name]) => name).join();
}

/** Template record (RFC 7011, 3.4.1). */
export function templateOf(id: number, record: IpfixRecord): Buffer {
  const fields = record.map(([name]) => {
    const element: Element = ELEMENTS[name];
    const bytes = Buffer.alloc(element.reverse === true ? 8 : 4);
    bytes.writeUInt16BE(element.id | (element.reverse === true ? ENTERPRISE : 0), 0);
    bytes.writeUInt16BE(element.length ?? VARIABLE, 2);
    if (element.reverse === true) bytes.writeUInt32BE(REVERSE, 4);
    return bytes;
  });
  const head = Buffer.alloc(4);
  head.writeUInt16BE(id, 0);
  head.writeUInt16BE(fields.length, 2);
  return Buffer.concat([head, ...fields]);
}

/** Data record (RFC 7011, 3.4.3). */
export function dataOf(record: IpfixRecord): Buffer {
  return Buffer.concat(record.map(([name, value]) => fieldOf(ELEMENTS[name], value)));
}

function fieldOf({ length }: Element, value: Value): Buffer {
  if (length === null) {
    // RFC 7011, 7: names of ours are short.
    const text = Buffer.from(String(value)).subarray(0, 254);
    return Buffer.concat([Buffer.from([text.length]), text]);
  }
  if (value instanceof Uint8Array) return Buffer.from(value.subarray(0, length));
  const bytes = Buffer.alloc(length);
  if (length === 8) bytes.writeBigUInt64BE(BigInt(value));
  else bytes.writeUIntBE(Number(value), 0, length);
  return bytes;
}
