// SPDX-License-Identifier: BSD-3-Clause
import { isKeyword, type Choice, type Given, type Name, type Step } from './grammar.js';
import { walk, type Wrong } from './parse.js';
import { PIPES } from './pipes.js';
import type { Session } from './session.js';
import { quoted, readLine, type Word } from './words.js';

/** A word that may come next. */
export interface Offer {
  /** What completion writes; null for a value that is the user's to make up. */
  readonly insert: string | null;
  /** Completion leaves it to the user to write out. */
  readonly whole?: boolean;
  /** How help shows it. */
  readonly shown: string;
  readonly help: string;
}

export interface Offers {
  readonly offers: readonly Offer[];
  /** The word before the cursor, as far as it goes, and where it begins. */
  readonly partial: string;
  readonly start: number;
  /** Whether the line may end here. */
  readonly ends: boolean;
  /** A word before it that is wrong. */
  readonly wrong: Wrong | null;
}

/** What may come at the end of a text, which is the line up to the cursor. */
export async function offersFor(root: Step, text: string, session: Session): Promise<Offers> {
  const line = readLine(text);
  const pipe = line.pipes.at(-1);
  const words = pipe?.words ?? line.command;
  const inWord = words.at(-1)?.end === text.length && text !== '';
  const done: readonly Word[] = inWord ? words.slice(0, -1) : words;
  const partial = inWord ? (words.at(-1) as Word) : null;
  const { step, given, wrong } = await walk(pipe === undefined ? root : PIPES, done, session);
  const begun = partial?.text ?? '';
  const offers =
    wrong === null
      ? (await Promise.all(step.choices.map((one) => offersOf(one, begun, session, given)))).flat()
      : [];
  return {
    offers,
    partial: begun,
    start: partial?.start ?? text.length,
    ends: partial === null && step.run !== undefined,
    wrong,
  };
}

async function offersOf(
  choice: Choice,
  begun: string,
  session: Session,
  given: Given,
): Promise<Offer[]> {
  if (isKeyword(choice)) {
    const { word, help, whole = false, hidden = false } = choice;
    return word.startsWith(begun) && !hidden ? [{ insert: word, shown: word, help, whole }] : [];
  }
  const names: readonly Name[] = (await choice.names?.(session, given)) ?? [];
  const fitting = names
    .filter(({ name }) => name.startsWith(begun))
    .map(({ name, help = '' }) => ({ insert: quoted(name), shown: name, help }));
  // What was begun may be a name of the user's own, unless it cannot be.
  const own = begun === '' || choice.fits === undefined || choice.fits(begun);
  const placeholder = { insert: null, shown: `<${choice.value}>`, help: choice.help };
  return own || fitting.length === 0 ? [placeholder, ...fitting] : fitting;
}

/** What completion writes for the offers: null when there is nothing it could add. */
export function completion({ offers, partial }: Offers): string | null {
  const short = offers.filter(({ whole = false }) => !whole);
  const inserts = (short.length === 0 ? offers : short).map(({ insert }) => insert);
  const known = inserts.filter((insert) => insert !== null);
  const [first] = known;
  if (first === undefined) return null;
  if (known.length === 1 && (inserts.length === 1 || partial !== '')) return `${first} `;
  let common = first;
  for (const one of known) while (!one.startsWith(common)) common = common.slice(0, -1);
  return common.length > partial.length ? common : null;
}

/** Offers as the lines of help. */
export function helpText({ offers, ends, wrong }: Offers): string {
  if (wrong !== null) return `${wrong.message}\n`;
  const rows = [
    ...offers.map(({ shown, help }) => [shown, help] as const),
    ...(ends ? ([['<Enter>', 'run the command']] as const) : []),
    ...(ends ? ([['|', 'pass the output through a filter']] as const) : []),
  ];
  if (rows.length === 0) return 'nothing fits here\n';
  const width = Math.min(28, Math.max(...rows.map(([shown]) => shown.length)));
  return rows.map(([shown, help]) => `  ${shown.padEnd(width)}  ${help}`.trimEnd() + '\n').join('');
}
