// SPDX-License-Identifier: BSD-3-Clause
import type { Diagnostic } from '../diagnostics/diagnostic.js';
import type { Position } from '../diagnostics/position.js';

/** A model that is right but larger than the image can say; told to the user, never a crash. */
export class LimitError extends Error {
  readonly at: Position | null;

  constructor(message: string, at: Position | null = null) {
    super(message);
    this.at = at;
  }

  diagnostic(file: string): Diagnostic {
    const { line, column } = this.at ?? { line: 1, column: 1 };
    const place = { file: this.at?.file ?? file, line, column };
    const { message } = this;
    return {
      code: 'too-large',
      severity: 'error',
      message,
      ...place,
      hint: null,
      related: [],
      excerpt: null,
    };
  }
}

/** 12345 as `12,345`. */
export function figure(count: number): string {
  return count.toLocaleString('en-US');
}
