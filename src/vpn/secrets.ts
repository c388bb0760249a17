// SPDX-License-Identifier: BSD-3-Clause
import {
  closeSync,
  fsyncSync,
  mkdirSync,
  openSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  statSync,
  writeFileSync,
} from 'node:fs';
import path from 'node:path';
import { SECRET_NAME } from './model.js';

/** Bytes a secret may have: a private key of RSA 8192 in PEM has 6,500. */
export const MOST_SECRET = 16_384;

export interface SecretStored {
  readonly name: string;
  /** ISO time. */
  readonly stored: string;
}

/** A name or value that cannot be; the message is for the user and never holds the value. */
export class SecretError extends Error {}

/** Secrets by name, a file each that root alone reads. */
export class Secrets {
  readonly #folder: string;

  constructor(directory: string) {
    this.#folder = path.join(directory, 'secrets');
  }

  list(): SecretStored[] {
    return this.names().map((name) => ({
      name,
      stored: statSync(this.#file(name)).mtime.toISOString(),
    }));
  }

  names(): string[] {
    try {
      return readdirSync(this.#folder)
        .filter((name) => SECRET_NAME.test(name))
        .sort();
    } catch {
      return []; // none was stored
    }
  }

  /** null where it is not stored. */
  read(name: string): string | null {
    try {
      return readFileSync(this.#file(name), 'utf8');
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code === 'ENOENT') return null;
      throw error;
    }
  }

  put(name: string, value: string): void {
    if (value === '') throw new SecretError('a secret is not empty');
    if (Buffer.byteLength(value) > MOST_SECRET)
      throw new SecretError(`a secret has at most ${MOST_SECRET} bytes`);
    const file = this.#file(name);
    mkdirSync(this.#folder, { recursive: true, mode: 0o700 });
    // No name of a secret begins with a dot.
    const next = path.join(this.#folder, `.${name}`);
    const handle = openSync(next, 'w', 0o600);
    try {
      writeFileSync(handle, value);
      fsyncSync(handle);
    } finally {
      closeSync(handle);
    }
    renameSync(next, file);
  }

  /** Whether it was stored. */
  delete(name: string): boolean {
    const known = this.names().includes(name);
    rmSync(this.#file(name), { force: true });
    return known;
  }

  #file(name: string): string {
    if (!SECRET_NAME.test(name)) throw new SecretError('that is no name of a secret');
    return path.join(this.#folder, name);
  }
}
