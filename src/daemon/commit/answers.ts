// SPDX-License-Identifier: BSD-3-Clause
import type { Diagnostic } from '../../diagnostics/diagnostic.js';
import type { Applied, Refused } from '../api/types.js';

export const NO_STAGES = { read: 0, schema: 0, check: 0, compile: 0, assert: 0, stage: 0 };
export const NO_SESSIONS: Applied['sessions'] = { kept: 0, ended: 0 };

export function refusal(message: string, diagnostics: readonly Diagnostic[]): Refused {
  return { ok: false, message, diagnostics };
}
