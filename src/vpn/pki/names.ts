// SPDX-License-Identifier: BSD-3-Clause
import { parseAddress } from '../../net/address.js';
import { object, sequence, set, taggedBytes, text, type Der } from './der.js';
import { PkiError } from './keys.js';

const ATTRIBUTES: ReadonlyMap<string, string> = new Map([
  ['CN', '2.5.4.3'],
  ['C', '2.5.4.6'],
  ['L', '2.5.4.7'],
  ['ST', '2.5.4.8'],
  ['O', '2.5.4.10'],
  ['OU', '2.5.4.11'],
]);

/** `CN=edge1, O=Office` as a name of X.501; its parts have no commas. */
export function nameOf(subject: string): Der {
  const parts = subject.split(',').map((part) => {
    const [key = '', ...rest] = part.trim().split('=');
    const id = ATTRIBUTES.get(key.toUpperCase());
    const value = rest.join('=').trim();
    if (id === undefined || value === '') {
      const known = [...ATTRIBUTES.keys()].join(', ');
      throw new PkiError(`'${part.trim()}' is no part of a subject: KEY=VALUE with ${known}`);
    }
    return set(sequence(object(id), text(value)));
  });
  return sequence(...parts);
}

/** A subject alternative name: an address, a mail address or a host name (RFC 5280 4.2.1.6). */
export function alternativeOf(name: string): Der {
  const address = parseAddress(name);
  if (typeof address !== 'string') {
    const digits = address.value.toString(16).padStart(address.family === 4 ? 8 : 32, '0');
    return taggedBytes(7, Buffer.from(digits, 'hex'));
  }
  if (!/^[!-~]+$/.test(name)) throw new PkiError(`'${name}' is no name for a certificate`);
  return taggedBytes(name.includes('@') ? 1 : 2, Buffer.from(name));
}
