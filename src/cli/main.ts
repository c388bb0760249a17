#!/usr/bin/env node
// SPDX-License-Identifier: BSD-3-Clause
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { projectRoot } from '../datapath/root.js';
import { complain, EXIT, print, type Usage } from './arguments.js';
import { COMMANDS } from './commands.js';

async function main(args: string[]): Promise<number> {
  const [name, ...rest] = args;
  if (name === undefined || name === 'help' || name === '--help' || name === '-h') {
    await print(await overview());
    return name === undefined ? EXIT.usage : EXIT.ok;
  }
  if (name === '--version') {
    const file = readFileSync(join(projectRoot(), 'package.json'), 'utf8');
    await print(`sluice ${(JSON.parse(file) as { version: string }).version}\n`);
    return EXIT.ok;
  }
  const load = COMMANDS.get(name);
  if (load === undefined) {
    const { didYouMean } = await import('../diagnostics/suggest.js');
    const hint = didYouMean(name, COMMANDS.keys());
    complain(`no command '${name}'${hint === null ? '; see sluice --help' : `, ${hint}`}`);
    return EXIT.usage;
  }
  const command = await load();
  if (rest.includes('--help')) {
    await print(help(command.usage));
    return EXIT.ok;
  }
  return command.run(rest);
}

async function overview(): Promise<string> {
  const lines = ['usage: sluice COMMAND [OPTION]...', ''];
  for (const load of COMMANDS.values()) {
    const { synopsis, description } = (await load()).usage;
    lines.push(`  ${synopsis}`, `      ${description}`);
  }
  return [...lines, '', 'sluice COMMAND --help says more of one.', ''].join('\n');
}

function help({ synopsis, description, options }: Usage): string {
  const width = Math.max(0, ...options.map(([option]) => option.length));
  const lines = options.map(([option, text]) => `  ${option.padEnd(width)}  ${text}`);
  return [`usage: sluice ${synopsis}`, '', description, '', ...lines, ''].join('\n');
}

// A reader that goes away (`| head`) ends the command without a word.
process.stdout.on('error', (error: NodeJS.ErrnoException) => {
  process.exit(error.code === 'EPIPE' ? EXIT.ok : EXIT.error);
});
process.exitCode = await main(process.argv.slice(2));
