// SPDX-License-Identifier: BSD-3-Clause
import { compileModel, type CompileStats } from '../compiler/image.js';
import { loadModel } from '../compiler/load.js';
import type { Model } from '../compiler/model.js';
import { noSlots, type Slots } from '../compiler/slots.js';
import { render } from '../diagnostics/render.js';
import { diskReader, type Reader } from '../rulefile/reader.js';

export interface CompiledFile {
  readonly model: Model;
  readonly image: Uint8Array;
  readonly slots: Slots;
  readonly stats: CompileStats;
  /** ms by stage: read, schema, check, compile. */
  readonly stages: Readonly<Record<string, number>>;
}

export const GENERATION = 1;

/** Loads and compiles a rule file; diagnostics go to stderr, null after an error. */
export function compileFile(file: string, reader: Reader = diskReader): CompiledFile | null {
  const { model, diagnostics, stages } = loadModel(file, reader);
  for (const diagnostic of diagnostics) process.stderr.write(`${render(diagnostic)}\n`);
  if (model === null) return null;
  const start = performance.now();
  const compiled = compileModel(model, { generation: GENERATION, slots: noSlots(), file });
  const compile = performance.now() - start;
  if (compiled.ok) return { model, ...compiled, stages: { ...stages, compile } };
  for (const diagnostic of compiled.diagnostics) process.stderr.write(`${render(diagnostic)}\n`);
  return null;
}
