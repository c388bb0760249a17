// SPDX-License-Identifier: BSD-3-Clause
import { didYouMean } from '../../diagnostics/suggest.js';
import { oneOf, quote } from '../../diagnostics/text.js';
import {
  isKeyword,
  stepAfter,
  type Choice,
  type Form,
  type Given,
  type Run,
  type Step,
} from './grammar.js';
import type { Session } from './session.js';
import type { Word } from './words.js';

/** What is wrong with a line, at which of its characters. */
export interface Wrong {
  readonly start: number;
  readonly end: number;
  readonly message: string;
}

/** Where the words of a line lead. */
export interface Walked {
  readonly step: Step;
  readonly given: Given;
  readonly places: Places;
  readonly wrong: Wrong | null;
}

/** Where the values of a line stand, by their key. */
export type Places = ReadonlyMap<string, readonly Word[]>;

/** A line that is whole. */
export interface Command {
  readonly run: Run;
  readonly given: Given;
  readonly places: Places;
  readonly forms: readonly Form[];
}

/** Expected words that an error names. */
const MOST_NAMED = 12;

/** Follows words through a grammar, up to the first that does not fit. */
export async function walk(root: Step, words: readonly Word[], session: Session): Promise<Walked> {
  const given = new Map<string, string[]>();
  const places = new Map<string, Word[]>();
  let step = root;
  for (const word of words) {
    const choice = choose(step, word);
    if ('message' in choice) return { step, given, places, wrong: choice };
    const { key } = choice;
    if (key !== undefined) {
      const text = isKeyword(choice) ? choice.word : word.text;
      given.set(key, [...(given.get(key) ?? []), text]);
      places.set(key, [...(places.get(key) ?? []), word]);
    }
    step = await stepAfter(choice, given, session);
  }
  return { step, given, places, wrong: null };
}

/** A whole command: what it runs with which values, or what is wrong with it. */
export async function parse(
  root: Step,
  { words, end: length }: { readonly words: readonly Word[]; readonly end: number },
  session: Session,
): Promise<Command | Wrong> {
  const { step, given, places, wrong } = await walk(root, words, session);
  if (wrong !== null) return wrong;
  if (step.run !== undefined) return { run: step.run, given, places, forms: step.forms ?? [] };
  const at = words.at(-1)?.end ?? length;
  return {
    start: at + 1,
    end: at + 2,
    message: `the line is not whole\nexpected ${expected(step)}`,
  };
}

/** The choice that a word is: the keyword itself, else one it begins, else a value. */
function choose(step: Step, word: Word): Choice | Wrong {
  const { start, end, text } = word;
  const keywords = word.quoted ? [] : step.choices.filter(isKeyword);
  const exact = keywords.find((keyword) => keyword.word === text);
  if (exact !== undefined) return exact;
  const value = step.choices.find(
    (choice) => !isKeyword(choice) && (choice.fits === undefined || choice.fits(text)),
  );
  const begun = keywords.filter(
    ({ word: whole, whole: only = false }) => !only && whole.startsWith(text),
  );
  const [only] = begun;
  if (only !== undefined && begun.length === 1) return only;
  if (value !== undefined) return value;
  if (begun.length > 1) {
    const message = `${quote(text)} could be ${oneOf(begun.map((one) => one.word))}`;
    return { start, end, message };
  }
  if (step.choices.length === 0)
    return { start, end, message: `the command ends before ${quote(text)}` };
  const hint = didYouMean(
    text,
    keywords.map((keyword) => keyword.word),
  );
  const message = `${quote(text)} does not fit here${hint === null ? '' : `, ${hint}`}`;
  return { start, end, message: `${message}\nexpected ${expected(step)}` };
}

/** What may come, in a line. */
export function expected(step: Step): string {
  const names = step.choices.map((choice) => (isKeyword(choice) ? choice.word : described(choice)));
  if (names.length <= MOST_NAMED) return oneOf(names);
  return `one of ${names.slice(0, MOST_NAMED).join(', ')}, … (? shows all)`;
}

function described({ value, help }: { readonly value: string; readonly help: string }): string {
  return help === '' ? value : `${value} (${help})`;
}

/** A line with a caret under what is wrong; `before` is what stands before it on the screen. */
export function caret(before: number, { start, end, message }: Wrong): string {
  return `${' '.repeat(before + start)}${'^'.repeat(Math.max(1, end - start))}\n${message}\n`;
}
