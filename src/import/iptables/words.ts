// SPDX-License-Identifier: BSD-3-Clause

/** A word of a rule; a quoted one is never an option. */
export interface Word {
  readonly text: string;
  readonly quoted: boolean;
}

/** Words of a line as iptables-restore cuts them: double quotes with backslashes; null if one is open. */
export function splitWords(line: string): Word[] | null {
  const words: Word[] = [];
  let text = '';
  let quoted = false;
  let inside = false;
  let begun = false;
  for (let i = 0; i < line.length; i++) {
    const c = line[i] as string;
    if (inside) {
      if (c === '\\' && i + 1 < line.length) text += line[++i] as string;
      else if (c === '"') inside = false;
      else text += c;
    } else if (c === '"') {
      inside = quoted = begun = true;
    } else if (c === ' ' || c === '\t' || c === '\r') {
      if (begun) words.push({ text, quoted });
      text = '';
      quoted = begun = false;
    } else {
      text += c;
      begun = true;
    }
  }
  if (inside) return null;
  if (begun) words.push({ text, quoted });
  return words;
}
