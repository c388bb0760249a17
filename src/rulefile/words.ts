// SPDX-License-Identifier: BSD-3-Clause

/** A word as commands have it: in quotes where it would end or be read otherwise. */
export function word(text: string): string {
  if (/^[^\s"'\\|#?]+$/.test(text)) return text;
  return `"${text.replace(/["\\]/g, '\\$&').replaceAll('\n', '\\n')}"`;
}

/** Words as one line. */
export function wordsText(words: readonly string[]): string {
  return words.map(word).join(' ');
}

/** The words of a line that `wordsText` wrote, or a person; null where a quote does not end. */
export function wordsOf(line: string): string[] | null {
  const words: string[] = [];
  const token = /\s*(?:"((?:[^"\\]|\\.)*)"|'([^']*)'|([^\s"']+))(?=\s|$)/gy;
  let end = 0;
  for (let found = token.exec(line); found !== null; found = token.exec(line)) {
    end = token.lastIndex;
    const [, double, single, plain] = found;
    const unescaped = double?.replace(/\\(.)/g, (_, one: string) => (one === 'n' ? '\n' : one));
    words.push(unescaped ?? single ?? plain ?? '');
  }
  return line.slice(end).trim() === '' ? words : null;
}
