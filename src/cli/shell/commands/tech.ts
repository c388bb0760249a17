// SPDX-License-Identifier: BSD-3-Clause
import { readFile } from 'node:fs/promises';
import path from 'node:path';
import { SHOWS } from '../../../daemon/api/types.js';
import { pipe, sluice } from '../children.js';
import { end, keyword, type Keyword, type Output, type Run } from '../grammar.js';
import type { Session } from '../session.js';

/** Records and sessions that are taken along. */
const SOME = '200';
/** Lines of each log. */
const LOG_LINES = 300;

/** Programs that tell of the machine. */
const PROGRAMS: readonly (readonly string[])[] = [
  ['uname', '-a'],
  ['uptime'],
  ['free', '-m'],
  ['df', '-h'],
  ['ip', '-details', 'address'],
  ['ip', 'route', 'show', 'table', 'all'],
  ['ps', '-eo', 'pid,ppid,psr,stat,pcpu,rss,etime,comm'],
  // Of the image: there sluiced logs to the journal.
  ['journalctl', '--unit=sluiced', '--unit=sluice-datapath', '--lines=300', '--output=cat'],
];
const FILES = ['/etc/os-release', '/proc/cmdline', '/proc/meminfo', '/proc/cpuinfo'];
const LOGS = ['sluiced.log', 'sluiced.err', 'datapath.log'];

/**
 * Secrets are named in configurations, not written; what looks like one all the same is taken out.
 */
const SECRETS: readonly (readonly [RegExp, string])[] = [
  [/-----BEGIN [^-]*PRIVATE KEY-----[^]*?-----END [^-]*PRIVATE KEY-----/g, '(private key)'],
  [
    /((?:psk|password|passphrase|passwd|token|secret|private-key|authorization)["']?\s*[:=]\s*)(?!\{)("[^"]*"|'[^']*'|\S+)/gi,
    '$1(redacted)',
  ],
];

export function redacted(text: string): string {
  return SECRETS.reduce((done, [pattern, instead]) => done.replace(pattern, instead), text);
}

const run: Run = async (session, _given, out) => {
  const safe: Output = {
    ...out,
    form: out.form,
    signal: out.signal,
    write: (text) => out.write(redacted(text)),
  };
  for (const show of SHOWS) {
    const query = show === 'log' ? { last: SOME } : limited(show) ? { limit: SOME } : {};
    await section(safe, `show ${show}`, async () => {
      const api = await session.api();
      await safe.write(await api.text(`/show/${show.replace(' ', '/')}`, query));
    });
  }
  await section(safe, 'configuration', async () => {
    const source = await (await session.api()).get('/source');
    const { files } = source as { readonly files: Readonly<Record<string, string>> };
    for (const [name, text] of Object.entries(files)) await safe.write(`# ${name}\n${text}\n`);
  });
  await section(safe, 'doctor', () => pipe(session, sluice('doctor'), safe));
  for (const argv of PROGRAMS) await section(safe, argv.join(' '), () => pipe(session, argv, safe));
  for (const file of FILES) await section(safe, file, () => copy(file, safe));
  for (const name of LOGS) await section(safe, name, () => tail(session, name, safe));
};

function limited(show: string): boolean {
  return show === 'sessions' || show === 'nat translations' || show === 'routes';
}

/** One that fails says so, and the rest comes all the same. */
async function section(out: Output, title: string, body: () => Promise<void>): Promise<void> {
  if (out.signal.aborted) return;
  await out.write(`\n===== ${title}\n`);
  try {
    await body();
  } catch (error) {
    await out.write(`(${(error as Error).message || 'it failed'})\n`);
  }
}

async function copy(file: string, out: Output): Promise<void> {
  await out.write(await readFile(file, 'utf8'));
}

async function tail(session: Session, name: string, out: Output): Promise<void> {
  const text = await readFile(path.join(session.directory, name), 'utf8');
  const last = text.trimEnd().split('\n').slice(-LOG_LINES);
  await out.write(last.map((line) => `${line}\n`).join(''));
}

export const tech: Keyword = keyword(
  'tech',
  'everything for a support case, without secrets',
  end(run),
);
