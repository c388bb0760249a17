// SPDX-License-Identifier: BSD-3-Clause
import { X509Certificate } from 'node:crypto';
import { writeFileSync } from 'node:fs';
import path from 'node:path';
import { issue, makeAuthority, type Authority } from '../../src/vpn/pki/issue.js';
import { newKey, privatePem } from '../../src/vpn/pki/keys.js';
import { makeRequest, readRequest } from '../../src/vpn/pki/request.js';

/** A CA that writes what it makes into a folder: NAME.pem, NAME.key. */
export class Ca {
  readonly #folder: string;
  readonly #authority: Authority;

  constructor(folder: string, name: string) {
    this.#folder = folder;
    const key = newKey('ecdsa');
    const pem = makeAuthority(`CN=${name}`, key, 365);
    this.#authority = { certificate: new X509Certificate(pem), key };
    writeFileSync(path.join(folder, `${name}.pem`), pem);
  }

  /** Gives the private key. */
  issue(file: string, name: string, alternatives: readonly string[] = []): string {
    const key = newKey('ecdsa');
    const request = readRequest(makeRequest(`CN=${name}`, alternatives, key));
    writeFileSync(path.join(this.#folder, `${file}.pem`), issue(request, this.#authority, 60));
    writeFileSync(path.join(this.#folder, `${file}.key`), privatePem(key), { mode: 0o600 });
    return privatePem(key);
  }
}
