// SPDX-License-Identifier: BSD-3-Clause
import { createPrivateKey, X509Certificate } from 'node:crypto';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import fc from 'fast-check';
import { afterAll, describe, expect, it } from 'vitest';
import { attempt } from '../../../src/lab/command.js';
import { describeFile } from '../../../src/vpn/pki/describe.js';
import { issue, makeAuthority, readAuthority } from '../../../src/vpn/pki/issue.js';
import { KEY_KINDS, newKey, PkiError, privatePem } from '../../../src/vpn/pki/keys.js';
import { readPkcs12, writePkcs12 } from '../../../src/vpn/pki/pkcs12.js';
import { makeRequest, readRequest } from '../../../src/vpn/pki/request.js';

const folder = mkdtempSync(path.join(tmpdir(), 'sluice-pki-'));
afterAll(() => rmSync(folder, { recursive: true }));

const file = (name: string, text: string | Buffer): string => {
  const at = path.join(folder, name);
  writeFileSync(at, text);
  return at;
};
const openssl = (...args: string[]) => attempt(['openssl', ...args]);

function authority(days = 3650) {
  const key = newKey('ecdsa');
  return readAuthority(makeAuthority('CN=root, O=Office', key, days), privatePem(key));
}

/** What openssl says stands: it reads all of it by code of its own. */
describe.each(KEY_KINDS)('a PKI of %s keys', (kind) => {
  const caKey = newKey(kind);
  const ca = makeAuthority('CN=root, O=Office', caKey, 3650);
  const key = newKey(kind);
  const request = makeRequest('CN=edge1', ['edge1.example', '2001:db8::1', 'a@b.example'], key);
  const own = issue(readRequest(request), readAuthority(ca, privatePem(caKey)), 365);

  it('verifies, with its names', async () => {
    const [root, end] = [file(`${kind}-ca.pem`, ca), file(`${kind}.pem`, own)];
    expect(await openssl('verify', '-x509_strict', '-CAfile', root, end)).toMatchObject({
      code: 0,
      stdout: `${end}: OK\n`,
    });
    const { stdout } = await openssl('x509', '-in', end, '-noout', '-ext', 'subjectAltName');
    expect(stdout).toContain(
      'DNS:edge1.example, IP Address:2001:DB8:0:0:0:0:0:1, email:a@b.example',
    );
    expect(describeFile(own, ca)).toMatchObject([
      { subject: 'CN=edge1', ca: false, days_left: 364, state: 'valid', problem: null },
    ]);
  });

  it('makes requests that openssl takes', async () => {
    const at = file(`${kind}.csr`, request);
    expect((await openssl('req', '-in', at, '-verify', '-noout')).code).toBe(0);
  });

  it('goes into PKCS#12 and comes out of it', async () => {
    const others = [new X509Certificate(ca)];
    const bytes = writePkcs12({ key, own: new X509Certificate(own), others }, 'geheim');
    const at = file(`${kind}.p12`, bytes);
    const { code, stdout } = await openssl('pkcs12', '-in', at, '-passin', 'pass:geheim', '-nodes');
    expect([code, stdout.match(/-----BEGIN [A-Z ]+-----/g)]).toEqual([
      0,
      ['-----BEGIN CERTIFICATE-----', '-----BEGIN CERTIFICATE-----', '-----BEGIN PRIVATE KEY-----'],
    ]);
    const back = readPkcs12(bytes, 'geheim');
    expect(privatePem(back.key)).toBe(privatePem(key));
    expect([back.own, ...back.others].map((one) => one.toString())).toEqual([own, ca]);
    expect(() => readPkcs12(bytes, 'wrong')).toThrow(
      'it cannot be read: PKCS#12 MAC could not be verified. Invalid password?',
    );
  });
});

it('reads what openssl made', async () => {
  const [key, pem, p12] = ['o.key', 'o.pem', 'o.p12'].map((name) => path.join(folder, name));
  const made = ['req', '-x509', '-nodes', '-newkey', 'rsa:2048', '-subj', '/CN=other'];
  await openssl(...made, '-keyout', key!, '-out', pem!);
  await openssl(
    'pkcs12',
    '-export',
    '-inkey',
    key!,
    '-in',
    pem!,
    '-out',
    p12!,
    '-passout',
    'pass:x',
  );
  const { readFileSync } = await import('node:fs');
  const { key: found, own } = readPkcs12(readFileSync(p12!), 'x');
  expect(own.subject).toBe('CN=other');
  expect(privatePem(found)).toBe(privatePem(createPrivateKey(readFileSync(key!))));
});

it('says why a certificate does not hold', () => {
  const root = authority();
  const request = readRequest(makeRequest('CN=edge1', [], newKey('ecdsa')));
  const own = issue(request, root, 10);
  const stranger = authority().certificate.toString();
  expect(describeFile(own, stranger)).toMatchObject([
    { state: 'expiring', problem: "nobody that is trusted has signed 'CN=edge1'" },
  ]);
});

it.each([
  [
    'a CA that ends before',
    () => issue(readRequest(makeRequest('CN=a', [], newKey('ecdsa'))), authority(5), 30),
    'the CA itself ends in 4 days',
  ],
  [
    'no CA',
    () =>
      readAuthority(
        issue(readRequest(makeRequest('CN=a', [], newKey('ecdsa'))), authority(), 9),
        privatePem(newKey('ecdsa')),
      ),
    'its certificate is not that of a CA',
  ],
  [
    'another key',
    () => readAuthority(authority().certificate.toString(), privatePem(newKey('ecdsa'))),
    'certificate and private key of the CA do not belong together',
  ],
  [
    'a wrong subject',
    () => makeRequest('edge1', [], newKey('ecdsa')),
    "'edge1' is no part of a subject: KEY=VALUE with CN, C, L, ST, O, OU",
  ],
  ['no request', () => readRequest('hello'), 'it has no PEM block of a certificate request'],
])('refuses %s', (_, make, message) => {
  expect(make).toThrow(new PkiError(message));
});

it('refuses what was changed on the way, and never falls over it', () => {
  const request = makeRequest('CN=edge1', ['edge1.example'], newKey('ed25519'));
  const [head = '', ...rest] = request.trimEnd().split('\n');
  const bytes = Buffer.from(rest.slice(0, -1).join(''), 'base64');
  fc.assert(
    fc.property(fc.nat(bytes.length - 1), fc.integer({ min: 1, max: 255 }), (at, change) => {
      const other = Buffer.from(bytes);
      other[at] = (other[at] ?? 0) ^ change;
      const text = `${head}\n${other.toString('base64')}\n${rest.at(-1) ?? ''}\n`;
      expect(() => readRequest(text)).toThrow(PkiError);
      expect(() => readPkcs12(other, '')).toThrow(PkiError);
    }),
    { numRuns: 300 },
  );
});
