// SPDX-License-Identifier: BSD-3-Clause
import { EXIT } from '../arguments.js';
import { CommandError, isKeyword, WordError, type Form } from './grammar.js';
import { PipedOutput, type Sink } from './output.js';
import { caret, parse, type Wrong } from './parse.js';
import { pipingOf, type Piping } from './pipes.js';
import type { Session } from './session.js';
import { readLine, type Line } from './words.js';

/** Where a line's output and complaints go. */
export interface Screen {
  sink(paged: boolean, enough: () => void): Sink;
  /** A message about the line or from its command. */
  complain(text: string): void;
  /** Columns before the line on the screen, where the user sees it; else what it is repeated after. */
  readonly indent: number | string;
}

/** Runs a line; an exit code of the commands. */
export async function execute(
  session: Session,
  text: string,
  screen: Screen,
  abort = new AbortController(),
): Promise<number> {
  const line = readLine(text);
  const found = await understood(session, line);
  if (found === null) return EXIT.ok;
  if ('message' in found) {
    tell(found, text, screen);
    return EXIT.usage;
  }
  const { run, given, places, piping } = found;
  const sink = screen.sink(piping.paged, () => abort.abort());
  const output = new PipedOutput(piping, sink, abort.signal);
  try {
    await run(session, given, output);
    await output.end();
    return EXIT.ok;
  } catch (error) {
    if (abort.signal.aborted) return EXIT.error;
    await output.end();
    if (!(error instanceof Error)) throw error;
    const word = error instanceof WordError ? places.get(error.key)?.[error.index] : undefined;
    if (word !== undefined) {
      tell({ ...word, message: error.message }, text, screen);
      return EXIT.error;
    }
    return await failed(error, screen);
  }
}

/** Says what is wrong at which word. */
function tell(wrong: Wrong, text: string, screen: Screen): void {
  const { indent } = screen;
  screen.complain(
    typeof indent === 'number'
      ? caret(indent, wrong)
      : `${indent}${text}\n${caret(indent.length, wrong)}`,
  );
}

/** The command and pipes of a line; null where it is empty. */
async function understood(session: Session, line: Line) {
  const { command, pipes, open, text } = line;
  if (open !== null)
    return { start: open, end: open + 1, message: 'the quote has no end' } satisfies Wrong;
  const [first] = pipes;
  if (command.length === 0)
    return first === undefined
      ? null
      : { start: first.at, end: first.at + 1, message: 'a command comes before the pipe' };
  const end = (first?.at ?? text.length) - 1;
  const parsed = await parse(session.root, { words: command, end }, session);
  if ('message' in parsed) return ofOtherMode(parsed, command, session) ?? parsed;
  const piping = await pipingOf(line, session);
  if ('message' in piping) return piping;
  return badForm(piping, parsed.forms) ?? { ...parsed, piping };
}

/** What is wrong with a command that the other mode has. */
function ofOtherMode(wrong: Wrong, [first]: Line['command'], session: Session): Wrong | null {
  if (first === undefined || wrong.start !== first.start || first.text.length < 3) return null;
  const { otherRoot, configuration } = session;
  const found = otherRoot.choices.find(
    (choice) => isKeyword(choice) && choice.word.startsWith(first.text),
  );
  if (found === undefined || !isKeyword(found)) return null;
  const message =
    configuration === null
      ? `'${found.word}' is a command of configuration mode: \`configure\` comes first`
      : found.word === 'configure'
        ? 'this is configuration mode'
        : `'${found.word}' is a command of operational mode: \`run ${found.word}\``;
  return { ...wrong, message };
}

function badForm({ form, formAt }: Piping, forms: readonly Form[]): Wrong | null {
  if (form === 'text' || formAt === null || forms.includes(form)) return null;
  const end = formAt + 1;
  return {
    start: formAt,
    end,
    message:
      form === 'compare'
        ? 'what differs is asked of `show` in configuration mode'
        : `the command has no ${form === 'json' ? 'JSON' : 'set'} form`,
  };
}

/** What a command's failure means: refused, or somebody away. */
async function failed(error: Error, screen: Screen): Promise<number> {
  const { AwayError, RefusedError } = await import('../../daemon/api/client.js');
  const away = error instanceof AwayError;
  if (!away && !(error instanceof CommandError) && !(error instanceof RefusedError)) throw error;
  if (error.message !== '') screen.complain(`${error.message}\n`);
  return away ? EXIT.away : EXIT.error;
}
