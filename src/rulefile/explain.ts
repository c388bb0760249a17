// SPDX-License-Identifier: BSD-3-Clause
import { createRequire } from 'node:module';

/** Text beyond this is not parsed again only for a better explanation. */
const MOST = 256 * 1024;

/** A second opinion on a syntax error at `offset`, in words that help, or null. */
export function explain(text: string, offset: number): string | null {
  const lineStart = text.lastIndexOf('\n', offset - 1) + 1;
  const line = text.slice(lineStart, lineStart + 200).split('\n', 1)[0] ?? '';
  if (/^ *\t/.test(line)) return 'indent with spaces: YAML does not allow tabs there';
  if (/^\s*(- )?[\w.-]+:[^\s/]/.test(line)) return "a space is missing after ':'";
  if (/[\s[,]([!*@%&`])/.test(line))
    return `text that starts with ${/[\s[,]([!*@%&`])/.exec(line)?.[1]} needs quotes`;
  if (text.length > MOST) return null;
  return secondOpinion(text, offset);
}

function secondOpinion(text: string, offset: number): string | null {
  // Loaded only now: its parser is slow and most runs never need it.
  const yaml = createRequire(import.meta.url)('yaml') as typeof import('yaml');
  try {
    const [error] = yaml.parseDocument(text, { prettyErrors: false, logLevel: 'silent' }).errors;
    // What it finds far away is another matter than the error that is being explained.
    if (error === undefined || Math.abs(error.pos[0] - offset) > 400) return null;
    return error.message.split('\n', 1)[0] ?? null;
  } catch {
    // It recurses into what it reads; text nested deeply enough ends its stack.
    return null;
  }
}
