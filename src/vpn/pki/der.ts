// SPDX-License-Identifier: BSD-3-Clause
import forge from 'node-forge';

const { asn1 } = forge;
const { Class, Type } = asn1;

export type Der = forge.asn1.Asn1;

export const sequence = (...parts: Der[]): Der =>
  asn1.create(Class.UNIVERSAL, Type.SEQUENCE, true, parts);
export const set = (...parts: Der[]): Der => asn1.create(Class.UNIVERSAL, Type.SET, true, parts);
export const object = (id: string): Der =>
  primitive(Type.OID, Buffer.from(asn1.oidToDer(id).getBytes(), 'latin1'));
export const integer = (value: number | Buffer): Der =>
  primitive(Type.INTEGER, typeof value === 'number' ? Buffer.from([value]) : value);
export const boolean = (value: boolean): Der =>
  primitive(Type.BOOLEAN, Buffer.from([value ? 255 : 0]));
export const octets = (value: Buffer): Der => primitive(Type.OCTETSTRING, value);
export const text = (value: string): Der => primitive(Type.UTF8, Buffer.from(value));
export const nothing = (): Der => primitive(Type.NULL, Buffer.alloc(0));

/** A bit string of whole bytes, or one that leaves the last `unused` bits out. */
export const bits = (value: Buffer, unused = 0): Der =>
  primitive(Type.BITSTRING, Buffer.concat([Buffer.from([unused]), value]));

/** RFC 5280 4.1.2.5: years before 2050 have two digits. */
export function time(date: Date): Der {
  const early = date.getUTCFullYear() < 2050;
  const digits = date
    .toISOString()
    .replace(/\.\d+/, '')
    .replace(/[-:T]/g, '')
    .slice(early ? 2 : 0);
  return primitive(early ? Type.UTCTIME : Type.GENERALIZEDTIME, Buffer.from(digits));
}

/** Types of their own have numbers that no type of forge's has. */
const createOwn: (
  of: forge.asn1.Class,
  tag: number,
  constructed: boolean,
  value: string | Der[],
) => Der = asn1.create;
/** [tag] around other elements. */
export const tagged = (tag: number, ...parts: Der[]): Der =>
  createOwn(Class.CONTEXT_SPECIFIC, tag, true, parts);
/** [tag] IMPLICIT bytes. */
export const taggedBytes = (tag: number, value: Buffer): Der =>
  createOwn(Class.CONTEXT_SPECIFIC, tag, false, value.toString('latin1'));

export function encode(der: Der): Buffer {
  return Buffer.from(asn1.toDer(der).getBytes(), 'latin1');
}

/** Throws on what is no DER. */
export function decode(bytes: Buffer): Der {
  return asn1.fromDer(bytes.toString('latin1'));
}

export function pem(label: string, bytes: Buffer): string {
  const lines = bytes.toString('base64').match(/.{1,64}/g) ?? [];
  return `-----BEGIN ${label}-----\n${lines.join('\n')}\n-----END ${label}-----\n`;
}

/** The bytes of the first block with the label; null without one. */
export function unPem(label: string, file: string): Buffer | null {
  const block = new RegExp(`-----BEGIN ${label}-----([^-]*)-----END ${label}-----`).exec(file);
  return block === null ? null : Buffer.from(block[1] ?? '', 'base64');
}

function primitive(type: forge.asn1.Type, value: Buffer): Der {
  return asn1.create(Class.UNIVERSAL, type, false, value.toString('latin1'));
}
