// SPDX-License-Identifier: BSD-3-Clause
import { keys } from '../compiler/keys.js';
import { CODES } from '../diagnostics/codes.js';

const INCLUDE =
  'Takes in other files, in any map and as an item of any list; a name that two files define is an error.';

/** Markdown table of every key of the language, from the descriptions in the schema. */
export function languageReference(): string {
  const include = ['`include`', 'a file, or a list of files', INCLUDE];
  return table(
    ['Key', 'Value', 'Meaning'],
    [
      include,
      ...keys().map(({ path, value, required, fallback, description }) => {
        const need = required
          ? ' Required.'
          : fallback === null
            ? ''
            : ` \`${fallback}\` unless given.`;
        return [`\`${path}\``, value, `${description}${need}`];
      }),
    ],
  );
}

/** Markdown table of every diagnostic. */
export function diagnosticsReference(): string {
  return table(
    ['Code', 'Severity', 'Summary', 'Explanation'],
    Object.entries(CODES).map(([code, { severity, summary, explanation }]) => [
      `\`${code}\``,
      severity,
      summary,
      explanation,
    ]),
  );
}

function table(head: readonly string[], rows: readonly (readonly string[])[]): string {
  const line = (cells: readonly string[]) =>
    `| ${cells.map((cell) => cell.trim().replaceAll('|', '\\|')).join(' | ')} |`;
  return `${[line(head), line(head.map(() => '---')), ...rows.map(line)].join('\n')}\n`;
}
