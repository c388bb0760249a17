// SPDX-License-Identifier: BSD-3-Clause
import { spawn, type ChildProcess } from 'node:child_process';
import { createInterface } from 'node:readline';
import { SHOWS } from '../daemon/api/types.js';
import type { Lab } from './lab.js';
import { EDGE, HOSTS } from './network.js';
import { builtProgram } from './program.js';

const NAMESPACES = [EDGE, ...HOSTS.map(({ name }) => name)];
const WORDS = [
  ...SHOWS.map((what) => `show ${what}`),
  'clear sessions ',
  'apply ',
  'check ',
  ...NAMESPACES.map((name) => `in ${name} `),
  'help',
  'exit',
];

const HELP = `A sluice command, as \`show sessions\`, \`apply FILE\` or \`clear sessions --all\`;
\`in ${NAMESPACES.join('|')} COMMAND\` runs a command there, as \`in inside ping 203.0.113.80\`;
\`exit\` or Ctrl-D ends the lab.
`;

/** Takes commands until the user leaves. */
export async function prompt(lab: Lab): Promise<void> {
  const lines = createInterface({
    input: process.stdin,
    output: process.stdout,
    prompt: 'sluice> ',
    completer: (line: string) => [WORDS.filter((word) => word.startsWith(line)), line],
  });
  let running: ChildProcess | null = null;
  lines.on('SIGINT', () => {
    if (running === null) lines.close();
    else running.kill('SIGINT');
  });
  lines.prompt();
  for await (const line of lines) {
    const words = split(line);
    if (words[0] === 'sluice') words.shift();
    if (words[0] === 'exit' || words[0] === 'quit') break;
    if (words[0] === 'help' || words[0] === '?') process.stdout.write(HELP);
    else if (words[0] !== undefined) {
      running = start(lab, words);
      if (running !== null) await ended(running);
      running = null;
    }
    lines.prompt();
  }
  lines.close();
}

/** Starts a command in this terminal; null, and a word about it, where there is none. */
function start(lab: Lab, words: readonly string[]): ChildProcess | null {
  const [first, where = '', ...rest] = words;
  let argv: readonly string[];
  if (first !== 'in') argv = [process.execPath, builtProgram('cli/main'), ...words];
  else if (NAMESPACES.includes(where) && rest.length > 0)
    argv = ['ip', 'netns', 'exec', lab.prefix + where, ...rest];
  else {
    process.stdout.write(`in ${NAMESPACES.join('|')} COMMAND\n`);
    return null;
  }
  const [program = '', ...args] = argv;
  const env = { ...process.env, ...lab.environment };
  return spawn(program, args, { env, stdio: ['ignore', 'inherit', 'inherit'] });
}

function ended(child: ChildProcess): Promise<void> {
  return new Promise((resolve) => {
    child.on('error', (error) => {
      process.stderr.write(`${error.message}\n`);
      resolve();
    });
    child.on('close', () => resolve());
  });
}

/** Words of a line; quotes keep what is between them together. */
function split(line: string): string[] {
  const words = line.matchAll(/"([^"]*)"|'([^']*)'|(\S+)/g);
  return [...words].map((match) => match[1] ?? match[2] ?? match[3] ?? '');
}
