// SPDX-License-Identifier: BSD-3-Clause
import { createPrivateKey, X509Certificate } from 'node:crypto';
import { readFileSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { parseArgs } from 'node:util';
import { columns } from '../diagnostics/columns.js';
import { quote } from '../diagnostics/text.js';
import { describeFile, type CertificateShown } from '../vpn/pki/describe.js';
import { issue, makeAuthority, readAuthority } from '../vpn/pki/issue.js';
import { KEY_KINDS, newKey, PkiError, privatePem } from '../vpn/pki/keys.js';
import { readPkcs12, writePkcs12 } from '../vpn/pki/pkcs12.js';
import { makeRequest, readRequest } from '../vpn/pki/request.js';
import { complain, EXIT, print, wrongUsage } from './arguments.js';
import { readSecret } from './read-secret.js';

export const usage = {
  synopsis: 'pki ca|request|sign|issue|export|import|show NAME|FILE [OPTION]...',
  description:
    'Certificates of tunnels, as files NAME.pem and NAME.key. `ca NAME` makes an authority; `issue NAME --ca CA` a key and its certificate; `request NAME` a key and NAME.csr, `sign NAME.csr --ca CA` the certificate of such a request; `export NAME` writes NAME.p12 (PKCS#12), `import FILE.p12` takes one apart, the password from stdin; `show FILE` tells what certificates say. No file is overwritten.',
  options: [
    [
      '--ca NAME',
      'The authority: NAME.pem and, to sign, NAME.key; of `show`, a file to check against.',
    ],
    ['--key KIND', `Of a new key: ${KEY_KINDS.join(', ')}; ecdsa unless given.`],
    ['--subject TEXT', '`CN=edge1, O=Office`; CN=NAME unless given.'],
    [
      '--name TEXT',
      'A name it stands for, which is what `local-id` says: host name, mail or IP address; several may be given.',
    ],
    ['--days N', 'How long it holds: 3650 of an authority, 365 of others unless given.'],
    ['--dir DIRECTORY', 'Where files are; this one unless given.'],
    ['--json', 'Of `show`: one document on stdout, certificates.'],
  ],
} as const;

const OPTIONS = {
  ca: { type: 'string' },
  key: { type: 'string', default: 'ecdsa' },
  subject: { type: 'string' },
  name: { type: 'string', multiple: true, default: [] as string[] },
  days: { type: 'string' },
  dir: { type: 'string', default: '.' },
  json: { type: 'boolean', default: false },
} as const;

type Values = ReturnType<typeof parse>['values'];

const parse = (args: string[]) => parseArgs({ args, allowPositionals: true, options: OPTIONS });

/** `sluice pki`: exit 0, 1 for what cannot be, or certificates that do not hold, 2 usage. */
export async function run(args: string[]): Promise<number> {
  try {
    const { values, positionals } = parse(args);
    const [action = '', name, ...rest] = positionals;
    const act = ACTIONS.get(action);
    if (act === undefined || name === undefined || rest.length > 0) {
      wrongUsage(usage, act === undefined ? 'what to do?' : 'of which one name?');
      return EXIT.usage;
    }
    return await act(name, values);
  } catch (error) {
    const { code, message } = error as NodeJS.ErrnoException;
    if (code?.startsWith('ERR_PARSE_ARGS') === true) {
      wrongUsage(usage, message);
      return EXIT.usage;
    }
    if (!(error instanceof PkiError) && code === undefined) throw error;
    complain(code === 'EEXIST' ? `${message}: it is not overwritten` : message);
    return EXIT.error;
  }
}

const ACTIONS = new Map<string, (name: string, values: Values) => Promise<number>>([
  [
    'ca',
    async (name, values) => {
      const key = newKey(kindOf(values));
      const certificate = makeAuthority(subjectOf(name, values), key, daysOf(values, 3650));
      return wrote(
        secretly(values, `${name}.key`, privatePem(key)),
        openly(values, `${name}.pem`, certificate),
      );
    },
  ],
  [
    'request',
    async (name, values) => {
      const key = newKey(kindOf(values));
      const request = makeRequest(subjectOf(name, values), values.name, key);
      return wrote(
        secretly(values, `${name}.key`, privatePem(key)),
        openly(values, `${name}.csr`, request),
      );
    },
  ],
  [
    'sign',
    async (file, values) => {
      const request = readRequest(readFileSync(path.resolve(values.dir, file), 'utf8'));
      const certificate = issue(request, authorityOf(values), daysOf(values, 365));
      return wrote(openly(values, `${path.basename(file).replace(/\.csr$/, '')}.pem`, certificate));
    },
  ],
  [
    'issue',
    async (name, values) => {
      const authority = authorityOf(values);
      const key = newKey(kindOf(values));
      const request = readRequest(makeRequest(subjectOf(name, values), values.name, key));
      const certificate = issue(request, authority, daysOf(values, 365));
      return wrote(
        secretly(values, `${name}.key`, privatePem(key)),
        openly(values, `${name}.pem`, certificate),
      );
    },
  ],
  [
    'export',
    async (name, values) => {
      const read = (file: string) => readFileSync(path.join(values.dir, file), 'utf8');
      const others = values.ca === undefined ? [] : [new X509Certificate(read(`${values.ca}.pem`))];
      const own = new X509Certificate(read(`${name}.pem`));
      const key = createPrivateKey(read(`${name}.key`));
      const bytes = writePkcs12({ key, own, others }, await readSecret('password'));
      return wrote(secretly(values, `${name}.p12`, bytes));
    },
  ],
  [
    'import',
    async (file, values) => {
      const bytes = readFileSync(path.resolve(values.dir, file));
      const { key, own, others } = readPkcs12(bytes, await readSecret('password'));
      const name = path.basename(file).replace(/\.(p12|pfx)$/, '');
      const files = [
        secretly(values, `${name}.key`, privatePem(key)),
        openly(values, `${name}.pem`, own.toString()),
      ];
      if (others.length > 0)
        files.push(openly(values, `${name}-ca.pem`, others.map((one) => one.toString()).join('')));
      return wrote(...files);
    },
  ],
  [
    'show',
    async (file, values) => {
      const read = (name: string) => readFileSync(path.resolve(values.dir, name), 'utf8');
      const found = describeFile(read(file), values.ca === undefined ? null : read(values.ca));
      await print(values.json ? `${JSON.stringify({ certificates: found })}\n` : tableOf(found));
      for (const { subject, state, days_left: days, problem } of found) {
        if (problem !== null) complain(problem);
        if (state === 'expiring')
          complain(`${quote(subject)} expires in ${days} days: make a new one`);
        if (state === 'expired') complain(`${quote(subject)} has expired: make a new one`);
      }
      const bad = found.some(({ state, problem }) => problem !== null || state === 'expired');
      return bad ? EXIT.error : EXIT.ok;
    },
  ],
]);

function kindOf({ key }: Values) {
  const kind = KEY_KINDS.find((one) => one === key);
  if (kind === undefined)
    throw new PkiError(`no kind of key ${quote(key)}: ${KEY_KINDS.join(', ')}`);
  return kind;
}

function subjectOf(name: string, { subject }: Values): string {
  return subject ?? `CN=${path.basename(name)}`;
}

function daysOf({ days }: Values, fallback: number): number {
  if (days === undefined) return fallback;
  if (!/^[1-9][0-9]{0,4}$/.test(days)) throw new PkiError('--days takes a number of days');
  return Number(days);
}

function authorityOf({ ca, dir }: Values) {
  if (ca === undefined) throw new PkiError('which authority? --ca NAME');
  const read = (file: string) => readFileSync(path.join(dir, file), 'utf8');
  return readAuthority(read(`${ca}.pem`), read(`${ca}.key`));
}

function openly({ dir }: Values, name: string, text: string): string {
  writeFileSync(path.join(dir, name), text, { flag: 'wx' });
  return name;
}

function secretly({ dir }: Values, name: string, bytes: string | Buffer): string {
  writeFileSync(path.join(dir, name), bytes, { flag: 'wx', mode: 0o600 });
  return name;
}

async function wrote(...files: string[]): Promise<number> {
  await print(`${files.join(' ')}\n`);
  return EXIT.ok;
}

function tableOf(all: readonly CertificateShown[]): string {
  return columns(all, [
    ['subject', ({ subject }) => subject],
    ['issuer', ({ issuer }) => issuer],
    ['names', ({ names }) => names.join(' ')],
    ['key', ({ key }) => key],
    ['CA', ({ ca }) => (ca ? 'yes' : 'no')],
    ['until', ({ to }) => to.slice(0, 10)],
    ['days', ({ days_left: days }) => days],
    ['state', ({ state }) => state],
  ]);
}
