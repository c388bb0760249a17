// SPDX-License-Identifier: BSD-3-Clause
import { readdirSync, readFileSync } from 'node:fs';
import path from 'node:path';
import { didYouMean } from '../diagnostics/suggest.js';
import type { Imported } from '../import/imported.js';
import { complain, EXIT, parseArguments, print, wrongUsage } from './arguments.js';

interface More {
  readonly ipsets?: string;
  readonly file: string;
  readonly read: (path: string) => string | null;
  readonly list: (pattern: string) => readonly string[];
}
type Import = (text: string, more: More) => Imported;

const KINDS = new Map<string, () => Promise<Import>>([
  ['classbench', async () => (await import('../import/classbench.js')).importClassbench],
  ['aws-security-groups', async () => (await import('../import/cloud/aws.js')).importAws],
  [
    'openstack-security-groups',
    async () => (await import('../import/cloud/openstack.js')).importOpenstack,
  ],
  ['asa', async () => (await import('../import/asa/import.js')).importAsa],
  ['nftables', async () => (await import('../import/nftables/import.js')).importNftables],
  ['iptables', async () => (await import('../import/iptables/import.js')).importIptables],
]);

export const usage = {
  synopsis: 'import KIND FILE [--ipset FILE]',
  description:
    'Prints a rule file made from another format (classbench, iptables, nftables, asa, aws-security-groups, openstack-security-groups); lines without equivalent are named on stderr.',
  options: [
    ['--ipset FILE', 'iptables: what ipset save printed, for the sets that rules name.'],
    ['--json', 'One document on stdout: text, rules, problems.'],
  ],
} as const;

/** `sluice import`: exit 0 when all was taken, 3 when lines were left, 1 without a rule file. */
export async function run(args: string[]): Promise<number> {
  const parsed = parseArguments(args, usage, 2, {
    ipset: { type: 'string' },
    json: { type: 'boolean', default: false },
  });
  if (parsed === null) return EXIT.usage;
  const [kind = '', file = ''] = parsed.positionals;
  const load = KINDS.get(kind);
  if (load === undefined) {
    const hint = didYouMean(kind, KINDS.keys());
    wrongUsage(usage, `no import of kind '${kind}'${hint === null ? '' : `, ${hint}`}`);
    return EXIT.usage;
  }
  const { ipset } = parsed.values;
  const text = read(file);
  const ipsets = ipset === undefined ? undefined : read(ipset);
  if (text === null || ipsets === null) return EXIT.error;
  const imported = (await load())(text, {
    file,
    read: included,
    list: named,
    ...(ipsets === undefined ? {} : { ipsets }),
  });
  for (const { line, message } of imported.problems)
    process.stderr.write(`${file}:${line}: ${message}\n`);
  if (imported.refused !== undefined) {
    complain(`${file}: ${imported.refused}`);
    return EXIT.error;
  }
  await print(parsed.values.json ? `${JSON.stringify(imported)}\n` : imported.text);
  return imported.problems.length > 0 ? EXIT.partial : EXIT.ok;
}

function read(file: string): string | null {
  try {
    return readFileSync(file, 'utf8');
  } catch (error) {
    complain(`${file}: ${(error as Error).message}`);
    return null;
  }
}

/** What another file includes; null where there is none such. */
function included(file: string): string | null {
  try {
    return readFileSync(file, 'utf8');
  } catch {
    return null;
  }
}

/** The files whose names a pattern fits in its last part. */
function named(pattern: string): string[] {
  const { dir, base } = path.parse(pattern);
  const escaped = base.replace(/[.+^${}()|\\]/g, '\\$&').replaceAll('[!', '[^');
  try {
    const fits = new RegExp(`^${escaped.replaceAll('*', '.*').replaceAll('?', '.')}$`);
    const names = readdirSync(dir === '' ? '.' : dir);
    // As the shell has it: a leading dot is only fitted by one that is written.
    const found = names.filter(
      (name) => fits.test(name) && name.startsWith('.') === base.startsWith('.'),
    );
    return found.sort().map((name) => path.join(dir, name));
  } catch {
    return [];
  }
}
