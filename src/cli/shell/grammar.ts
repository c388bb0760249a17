// SPDX-License-Identifier: BSD-3-Clause
import type { Session } from './session.js';

/** What a line may go on with after the words so far, and what it does when it ends there. */
export interface Step {
  readonly choices: readonly Choice[];
  readonly run?: Run;
  /** Forms of the output beside text. */
  readonly forms?: readonly Form[];
}

export type Choice = Keyword | Value;

/** A fixed word; a prefix that fits no other will do. */
export interface Keyword {
  readonly word: string;
  readonly help: string;
  /** The name under which the word is kept for the command; unless given it is not. */
  readonly key?: string;
  /** Only the whole word will do: it does much, or would take a habit's place (`sh` is `show`). */
  readonly whole?: boolean;
  /** Taken, but not offered. */
  readonly hidden?: boolean;
  readonly next: Next;
}

/** A word of the user's own. */
export interface Value {
  /** How help calls it: `NAME`, `ADDRESS`. */
  readonly value: string;
  readonly help: string;
  readonly key: string;
  /** Names that there are: what completion offers. */
  readonly names?: NameSource;
  /** Why a text is none, for "expected …"; anything goes unless given. */
  readonly fits?: (text: string) => boolean;
  readonly next: Next;
}

/** The step after a choice; a function where it depends on what runs, or would go round in circles. */
export type Next = Step | ((given: Given, session: Session) => Step | Promise<Step>);

/** The values of a line by key, in the order they were given. */
export type Given = ReadonlyMap<string, readonly string[]>;

export interface Name {
  readonly name: string;
  readonly help?: string;
}

export type NameSource = (
  session: Session,
  given: Given,
) => readonly Name[] | Promise<readonly Name[]>;

/** A command; output goes through `out`, which is where pipes and pager are. */
export type Run = (session: Session, given: Given, out: Output) => Promise<void> | void;

/** Where the output of a command goes. */
export interface Output {
  /** As `| json`, `| display set` and `| compare` have it; one of those the command has. */
  readonly form: Form;
  /** Aborted by Ctrl-C, and when the reader has seen enough. */
  readonly signal: AbortSignal;
  /** Text, whole lines or parts of them; resolves when it is taken. */
  write(text: string): Promise<void>;
}

export type Form = 'text' | 'json' | 'set' | 'compare';

/** What is wrong with a command, for the user. */
export class CommandError extends Error {}

/** What is wrong with one word of a command: the one at `index` of those that were given for a key. */
export class WordError extends CommandError {
  readonly key: string;
  readonly index: number;

  constructor(message: string, key: string, index: number) {
    super(message);
    this.key = key;
    this.index = index;
  }
}

export function isKeyword(choice: Choice): choice is Keyword {
  return 'word' in choice;
}

export async function stepAfter(choice: Choice, given: Given, session: Session): Promise<Step> {
  return typeof choice.next === 'function' ? choice.next(given, session) : choice.next;
}

/** The last value given for a key. */
export function last(given: Given, key: string): string | undefined {
  return given.get(key)?.at(-1);
}

/** The end of a line. */
export function end(run: Run, forms: readonly Form[] = []): Step {
  return { choices: [], run, forms };
}

export function keyword(word: string, help: string, next: Next): Keyword {
  return { word, help, next };
}

/** Options in any order, each at most once: `NAME VALUE`, or a word alone. */
export interface Option {
  readonly word: string;
  readonly help: string;
  /** Of an option with a value. */
  readonly value?: Pick<Value, 'value' | 'help' | 'names' | 'fits'>;
}

/** Any of the options, then the end; `needed`: at least one of them. */
export function options(
  list: readonly Option[],
  run: Run,
  { forms = [], needed = false }: { forms?: readonly Form[]; needed?: boolean } = {},
): Step {
  const choices = list.map((option): Keyword => {
    const left = list.filter((other) => other !== option);
    const rest = (): Step => options(left, run, { forms });
    const { word, help, value } = option;
    if (value === undefined) return { word, help, key: word, next: rest };
    return { word, help, next: { choices: [{ ...value, key: word, next: rest }] } };
  });
  return needed ? { choices } : { choices, run, forms };
}
