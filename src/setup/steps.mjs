// SPDX-License-Identifier: BSD-3-Clause
import { spawn } from 'node:child_process';
import { createWriteStream, mkdirSync, readFileSync } from 'node:fs';
import path from 'node:path';
import { fileURLToPath } from 'node:url';

/** The project's root, whatever the working directory is. */
export const ROOT = path.resolve(path.dirname(fileURLToPath(import.meta.url)), '../..');

/** Raised for what the user can read as it is; anything else is our bug and keeps its stack. */
export class SetupError extends Error {}

/** Seconds between signs of life of a long step where no terminal shows a line that changes. */
const SIGN_OF_LIFE = 15;

const children = new Set();

/** Writes a line of progress; stdout belongs to the command that is set up for. */
export function say(line) {
  process.stderr.write(`${line}\n`);
}

export function seconds(since) {
  return `${((Date.now() - since) / 1000).toFixed(1)} s`;
}

/**
 * Runs a command as a named step: quiet at first, from a second on its name and last line of output
 * are shown, its time at the end. All output lies in build/logs/NAME.log.
 *
 * @param {string} name what is being done
 * @param {string[]} argv the command
 * @param {{cwd?: string, env?: Record<string, string>, show?: boolean}} [options] `show` passes the
 *   output through as it comes
 * @returns {Promise<string>} the output
 */
export async function run(name, argv, options = {}) {
  const result = await attempt(name, argv, options);
  if (result.code === 0) return result.output;
  if (!options.show) say(tail(result.output, 40));
  throw new SetupError(`${name}: \`${argv.join(' ')}\` ended with ${result.code} (${result.log})`);
}

/** As `run`, but gives the exit status back: `{code, output, log, ms}`. */
export function attempt(name, argv, options = {}) {
  const log = path.join(ROOT, 'build/logs', `${name.replace(/[^\w.-]+/g, '-')}.log`);
  mkdirSync(path.dirname(log), { recursive: true });
  const file = createWriteStream(log);
  const start = Date.now();
  const progress = options.show ? null : progressOf(name, start);
  const chunks = [];
  return new Promise((resolve, reject) => {
    const child = spawn(argv[0], argv.slice(1), {
      cwd: options.cwd ?? ROOT,
      env: { ...process.env, NO_COLOR: '1', ...options.env },
      stdio: ['ignore', 'pipe', 'pipe'],
    });
    children.add(child);
    const take = (chunk) => {
      chunks.push(chunk);
      file.write(chunk);
      if (options.show) process.stderr.write(chunk);
      else progress.line(chunk.toString());
    };
    child.stdout.on('data', take);
    child.stderr.on('data', take);
    child.on('error', (error) => {
      progress?.end(null);
      reject(new SetupError(`${name}: ${argv[0]} cannot be started (${error.code})`));
    });
    child.on('close', (status, signal) => {
      children.delete(child);
      file.end();
      const code = status ?? signal;
      progress?.end(code === 0 ? seconds(start) : `failed after ${seconds(start)}`);
      const output = Buffer.concat(chunks).toString();
      resolve({ code, output, log: path.relative(ROOT, log), ms: Date.now() - start });
    });
  });
}

/** Ends what runs when the script itself is told to end. */
export function endWithChildren() {
  for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP']) {
    process.on(signal, () => {
      for (const child of children) child.kill('SIGTERM');
      process.exitCode = 130;
    });
  }
}

/** A script's outermost frame: errors for the user are printed, others keep their stack. */
export async function main(body) {
  try {
    process.exitCode = await body();
  } catch (error) {
    if (!(error instanceof SetupError)) throw error;
    say(error.message);
    process.exitCode = 1;
  }
}

export function tail(text, lines) {
  return text.trimEnd().split('\n').slice(-lines).join('\n');
}

export function readText(file) {
  try {
    return readFileSync(file, 'utf8');
  } catch {
    return null;
  }
}

function progressOf(name, start) {
  const terminal = process.stderr.isTTY === true;
  let last = '';
  let shown = false;
  const draw = () => {
    const text = `${name} … ${seconds(start)}${last === '' ? '' : `  ${last}`}`;
    if (terminal)
      process.stderr.write(`\r\x1b[K${text.slice(0, (process.stderr.columns ?? 80) - 1)}`);
    else say(text);
    shown = true;
  };
  let timer = setTimeout(() => {
    draw();
    timer = setInterval(draw, terminal ? 500 : SIGN_OF_LIFE * 1000);
  }, 1000);
  return {
    line(chunk) {
      const line = chunk
        .trimEnd()
        .split(/[\r\n]/)
        .at(-1)
        .trim();
      if (line !== '') last = line;
    },
    end(outcome) {
      clearTimeout(timer);
      clearInterval(timer);
      if (terminal && shown) process.stderr.write('\r\x1b[K');
      if (outcome !== null && (shown || outcome.startsWith('failed'))) say(`${name}: ${outcome}`);
    },
  };
}
