// SPDX-License-Identifier: BSD-3-Clause
import { createHash } from 'node:crypto';
import {
  closeSync,
  existsSync,
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
import type { ApplyRequest } from '../api/types.js';

/** What was applied and is in force, with the newest good text of every file of addresses. */
export interface KeptModel {
  readonly main: string;
  readonly request: ApplyRequest;
  /** When the text of a file was read that came after the apply, by path as in the request. */
  readonly loaded: ReadonlyMap<string, string>;
  /** When it was applied. */
  readonly applied: string;
}

interface ModelFile {
  readonly main: string;
  readonly applied: string;
  readonly request: ApplyRequest;
}

/**
 * A folder for each generation that may come back, from which sluiced takes up the model in force after
 * a restart: the request that was applied, verbatim, and the texts of address files loaded since.
 */
export class Kept {
  readonly #root: string;

  constructor(directory: string) {
    this.#root = path.join(directory, 'applied');
  }

  /** A commit: other generations are dropped, but for a spare one. */
  apply(
    { inForce, spare }: { readonly inForce: number; readonly spare: number },
    main: string,
    request: ApplyRequest,
  ): void {
    const file: ModelFile = { main, applied: new Date().toISOString(), request };
    this.#drop([spare].filter((one) => one !== inForce));
    mkdirSync(this.#folder(inForce), { recursive: true, mode: 0o700 });
    replace(this.#model(inForce), JSON.stringify(file));
  }

  /** New texts of address files, by path as in the request. */
  reload(generation: number, texts: ReadonlyMap<string, string>): void {
    for (const [file, text] of texts) replace(this.#list(generation, file), text);
  }

  /** A generation comes back under another number. */
  move(from: number, to: number): void {
    this.#drop([from]);
    if (existsSync(this.#folder(from))) renameSync(this.#folder(from), this.#folder(to));
  }

  /** null where nothing readable is kept of the generation. */
  read(generation: number): KeptModel | null {
    let file: ModelFile;
    try {
      file = JSON.parse(readFileSync(this.#model(generation), 'utf8')) as ModelFile;
    } catch {
      return null;
    }
    const { main, request, applied } = file;
    const files: Record<string, string> = { ...request.files };
    const loaded = new Map<string, string>();
    for (const name of Object.keys(files)) {
      const list = this.#list(generation, name);
      if (!existsSync(list)) continue;
      files[name] = readFileSync(list, 'utf8');
      loaded.set(name, statSync(list).mtime.toISOString());
    }
    return { main, applied, request: { ...request, files }, loaded };
  }

  #drop(but: readonly number[]): void {
    if (!existsSync(this.#root)) return;
    for (const name of readdirSync(this.#root))
      if (!but.includes(Number(name)))
        rmSync(path.join(this.#root, name), { recursive: true, force: true });
  }

  #folder(generation: number): string {
    return path.join(this.#root, String(generation));
  }

  #model(generation: number): string {
    return path.join(this.#folder(generation), 'model.json');
  }

  #list(generation: number, file: string): string {
    const name = createHash('sha256').update(file).digest('hex');
    return path.join(this.#folder(generation), name);
  }
}

/** A whole file or none, for root alone: rule files are nobody else's business. */
function replace(file: string, text: string): void {
  const next = `${file}.next`;
  const handle = openSync(next, 'w', 0o600);
  try {
    writeFileSync(handle, text);
    fsyncSync(handle);
  } finally {
    closeSync(handle);
  }
  renameSync(next, file);
}
