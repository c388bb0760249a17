// SPDX-License-Identifier: BSD-3-Clause
import {
  CommandError,
  end,
  keyword,
  last,
  type Form,
  type Given,
  type Keyword,
  type Step,
} from './grammar.js';
import { parse, type Wrong } from './parse.js';
import type { Session } from './session.js';
import type { Line } from './words.js';

/** A filter of lines. */
export interface Stage {
  /** The lines that one line becomes. */
  line(text: string): readonly string[];
  /** Lines that come when there are no more. */
  end(): readonly string[];
}

/** What the pipes of a line make of its output. */
export interface Piping {
  readonly form: Form;
  readonly stages: readonly Stage[];
  /** Whether long output stops at each page. */
  readonly paged: boolean;
  /** Offset of the pipe that asks for the form. */
  readonly formAt: number | null;
}

const number = (text: string): boolean => /^[1-9][0-9]{0,6}$/.test(text);
const pattern = { value: 'PATTERN', help: 'regular expression, any case', fits: isPattern };
const nothing = end(() => undefined);
const kept = (word: string, help: string, next: Step): Keyword => ({
  ...keyword(word, help, next),
  key: 'filter',
});
const taking = (value: Omit<typeof pattern, 'fits'> & { fits: (text: string) => boolean }) => ({
  choices: [{ ...value, key: 'value', next: nothing }],
});

/** The grammar of a pipe. */
export const PIPES: Step = {
  choices: [
    kept('match', 'lines that match a pattern', taking(pattern)),
    kept('except', 'lines that do not match a pattern', taking(pattern)),
    kept('find', 'from the first line that matches a pattern on', taking(pattern)),
    kept('count', 'how many lines there are', nothing),
    kept('last', 'the last lines', taking({ value: 'N', help: 'how many', fits: number })),
    kept('compare', 'of a candidate: what differs from what runs', nothing),
    kept('json', 'the data as a JSON document', nothing),
    keyword('display', 'another form of the configuration', {
      choices: [kept('set', 'as the set commands that make it', nothing)],
    }),
    kept('no-more', 'without stopping at each page', nothing),
  ],
};

/** What the pipes of a line say, or what is wrong with them. */
export async function pipingOf(line: Line, session: Session): Promise<Piping | Wrong> {
  const stages: Stage[] = [];
  let form: Form = 'text';
  let formAt: number | null = null;
  let paged = true;
  for (const { at, words } of line.pipes) {
    const found = await parse(PIPES, { words, end: at + 1 }, session);
    if ('message' in found) return found;
    const filter = last(found.given, 'filter');
    if (filter === 'json' || filter === 'set' || filter === 'compare') {
      form = filter;
      formAt = at;
    } else if (filter === 'no-more') paged = false;
    else stages.push(stageOf(filter, found.given));
  }
  return { form, stages, paged, formAt };
}

function stageOf(filter: string | undefined, given: Given): Stage {
  const value = last(given, 'value') ?? '';
  switch (filter) {
    case 'match':
      return matching(value, true);
    case 'except':
      return matching(value, false);
    case 'find':
      return from(value);
    case 'count':
      return counting();
    case 'last':
      return lastLines(Number(value));
    default:
      throw new CommandError(`no filter ${String(filter)}`);
  }
}

function isPattern(text: string): boolean {
  try {
    new RegExp(text, 'iu');
    return true;
  } catch {
    return false;
  }
}

function matching(text: string, wanted: boolean): Stage {
  const expression = new RegExp(text, 'iu');
  return { line: (one) => (expression.test(one) === wanted ? [one] : []), end: () => [] };
}

function from(text: string): Stage {
  const expression = new RegExp(text, 'iu');
  let found = false;
  return {
    line: (one) => ((found ||= expression.test(one)) ? [one] : []),
    end: () => [],
  };
}

function counting(): Stage {
  let count = 0;
  return {
    line: () => {
      count++;
      return [];
    },
    end: () => [`Count: ${count} line${count === 1 ? '' : 's'}`],
  };
}

function lastLines(most: number): Stage {
  const kept: string[] = [];
  return {
    line: (one) => {
      kept.push(one);
      if (kept.length > most) kept.shift();
      return [];
    },
    end: () => kept,
  };
}
