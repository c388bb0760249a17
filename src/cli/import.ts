// SPDX-License-Identifier: BSD-3-Clause
import { readFileSync } from 'node:fs';
import { didYouMean } from '../diagnostics/suggest.js';
import type { Imported } from '../import/imported.js';
import { complain, EXIT, parseArguments, print, wrongUsage } from './arguments.js';

interface More {
  readonly ipsets?: string;
  readonly file: string;
  readonly read: (path: string) => string | null;
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
function included(path: string): string | null {
  try {
    return readFileSync(path, 'utf8');
  } catch {
    return null;
  }
}
