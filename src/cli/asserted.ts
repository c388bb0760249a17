// SPDX-License-Identifier: BSD-3-Clause
import { compileModel } from '../compiler/image.js';
import type { Model } from '../compiler/model.js';
import { noSlots } from '../compiler/slots.js';
import { DatapathError, ImageRefused, OfflineDatapath } from '../datapath/offline.js';
import type { Diagnostic } from '../diagnostics/diagnostic.js';
import { assertionsOf, failing } from '../trace/assertions.js';
import { modelNames } from '../trace/verdicts.js';
import { GENERATION } from './compiled.js';
import { EXIT } from './arguments.js';

export interface Asserted {
  /** EXIT.ok, EXIT.error, or EXIT.away where nobody could be asked. */
  readonly code: number;
  /** For the user, where there is more to say than diagnostics. */
  readonly message: string | null;
  readonly diagnostics: readonly Diagnostic[];
  /** Assertions asked, and those that do not hold. */
  readonly assertions: { readonly asked: number; readonly failed: number };
  /** ms: compile, assert. */
  readonly stages: Readonly<Record<string, number>>;
}

/** Asks the assertions of a model of the fast path, offline. */
export async function ask(model: Model, file: string): Promise<Asserted> {
  const start = performance.now();
  const compiled = compileModel(model, { generation: GENERATION, slots: noSlots(), file });
  const nothing = { diagnostics: [], assertions: { asked: 0, failed: 0 }, message: null };
  const stages = { compile: performance.now() - start };
  if (!compiled.ok)
    return { ...nothing, code: EXIT.error, diagnostics: compiled.diagnostics, stages };
  const asking = performance.now();
  let datapath: OfflineDatapath | undefined;
  try {
    datapath = await OfflineDatapath.start();
    const assertions = assertionsOf(model, compiled.slots);
    const names = modelNames({ model, slots: compiled.slots });
    const failed = await failing(assertions, datapath, compiled.image, names);
    return {
      code: failed.length > 0 ? EXIT.error : EXIT.ok,
      message: null,
      diagnostics: failed,
      assertions: { asked: assertions.length, failed: failed.length },
      stages: { ...stages, assert: performance.now() - asking },
    };
  } catch (error) {
    if (error instanceof ImageRefused)
      return {
        ...nothing,
        code: EXIT.error,
        message: `the datapath refuses the tables: ${error.message}`,
        stages,
      };
    if (!(error instanceof DatapathError)) throw error;
    const message = `the assertions were not asked: ${error.message}`;
    return { ...nothing, code: EXIT.away, message, stages };
  } finally {
    await datapath?.close();
  }
}
