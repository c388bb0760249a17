// SPDX-License-Identifier: BSD-3-Clause
import { readFileSync, writeFileSync } from 'node:fs';
import { pathToFileURL } from 'node:url';
import { COMMANDS } from './commands.js';
import { diagnosticsReference, languageReference } from './reference.js';

const BEGIN = '<!-- generated: npx tsx src/cli/readme.ts -->\n';
const END = '<!-- end of the generated part -->\n';
/** The README with its reference made anew from the commands, the schema and the drop reasons. */
export async function readmeText(readme: string): Promise<string> {
  const start = readme.indexOf(BEGIN);
  const end = readme.indexOf(END);
  if (start < 0 || end < start) throw new Error('README.md has no generated part');
  const parts = [
    '### Commands\n',
    await commandsReference(),
    '### Language\n',
    languageReference(),
    '### Diagnostics\n',
    diagnosticsReference(),
    '### Drop reasons\n',
    dropReference(readFileSync('native/core/drop.h', 'utf8')),
  ];
  return `${readme.slice(0, start)}${BEGIN}\n${parts.join('\n')}\n${readme.slice(end)}`;
}

async function commandsReference(): Promise<string> {
  const blocks: string[] = [];
  const bench = () => import('./bench.js');
  for (const [name, load] of [...COMMANDS, ['bench', bench] as const]) {
    const { usage } = await load();
    const options = usage.options.map(([option, text]) => `- \`${option}\`: ${text}`);
    const command = name === 'bench' ? `npm run -s bench --` : `sluice ${usage.synopsis}`;
    blocks.push([`\`${command}\``, '', usage.description, '', ...options, ''].join('\n'));
  }
  return blocks.join('\n');
}

/** Reasons by the comments that group them in the header. */
function dropReference(header: string): string {
  const lines: string[] = [];
  for (const line of header.split('\n')) {
    const group = /^\t\/\* (.*) \*\/$/.exec(line)?.[1];
    const name = /^\tSL_DROP_(\w+),$/.exec(line)?.[1];
    if (group !== undefined) lines.push(`\n- ${group}: `);
    else if (name !== undefined && name !== 'NONE' && name !== 'REASONS')
      lines.push(
        `${lines.at(-1)?.endsWith(': ') === true ? '' : ', '}\`${name.toLowerCase().replaceAll('_', '-')}\``,
      );
  }
  return `${lines.join('').trim()}\n`;
}

// A tool of the project, run as a program of its own.
if (import.meta.url === pathToFileURL(process.argv[1] ?? '').href)
  writeFileSync('README.md', await readmeText(readFileSync('README.md', 'utf8')));
