// SPDX-License-Identifier: BSD-3-Clause
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { collect } from './collect.js';

/** A suite of ESP as dpdk-test-crypto-perf is asked for it. */
export interface Suite {
  readonly name: string;
  /** Its options, for what goes out and what comes in. */
  options(inbound: boolean): string[];
  /** What is enciphered of an inner packet of so many bytes: with its padding and trailer. */
  enciphered(inner: number): number;
  /** It takes what it is to verify and then decipher from a file alone. */
  readonly vectors?: true;
}

const ALIGN_AEAD = 4;
const ALIGN_CBC = 16;
const TRAILER = 2;

function aligned(align: number): (inner: number) => number {
  return (inner) => Math.ceil((inner + TRAILER) / align) * align;
}

function aead(name: string, algorithm: string, key: number): Suite {
  return {
    name,
    options: (inbound) => [
      ...['--optype', 'aead', '--aead-algo', algorithm, '--aead-key-sz', String(key)],
      ...['--aead-op', inbound ? 'decrypt' : 'encrypt', '--aead-iv-sz', '12'],
      ...['--aead-aad-sz', '12', '--digest-sz', '16'],
    ],
    enciphered: aligned(ALIGN_AEAD),
  };
}

export const SUITES: readonly Suite[] = [
  aead('aes-128-gcm', 'aes-gcm', 16),
  aead('aes-256-gcm', 'aes-gcm', 32),
  {
    name: 'aes-256-cbc-sha256',
    options: (inbound) => [
      ...['--optype', inbound ? 'auth-then-cipher' : 'cipher-then-auth'],
      ...['--cipher-algo', 'aes-cbc', '--cipher-op', inbound ? 'decrypt' : 'encrypt'],
      ...['--cipher-key-sz', '32', '--cipher-iv-sz', '16', '--auth-algo', 'sha2-256-hmac'],
      ...['--auth-op', inbound ? 'verify' : 'generate', '--auth-key-sz', '32'],
      ...['--digest-sz', '16'],
    ],
    enciphered: aligned(ALIGN_CBC),
    vectors: true,
  },
  aead('chacha20-poly1305', 'chacha20-poly1305', 32),
];

/** Shares of sizes of inner packets, in bytes. */
export type Mix = readonly { readonly bytes: number; readonly share: number }[];

/** Bytes of no meaning: that the digest is wrong costs nothing more. */
function vectorFile(folder: string, most: number): string {
  const file = join(folder, 'vectors');
  const sizes = {
    plaintext: most,
    ciphertext: most,
    cipher_key: 32,
    auth_key: 32,
    cipher_iv: 16,
    digest: 32,
  };
  const lines = Object.entries(sizes).map(
    ([name, size]) => `${name} =\n${Array.from({ length: size }, () => '0x5a').join(', ')}\n`,
  );
  writeFileSync(file, lines.join(''));
  return file;
}

/**
 * Cycles an operation of an engine's device alone, through its queues, by dpdk-test-crypto-perf's own
 * account: the lowest of several short runs, for it counts what else the machine does as well. Null
 * where there is no such program, or no such device.
 */
export async function runCryptoPerf(
  engine: string,
  suite: Suite,
  inbound: boolean,
  mix: Mix,
  folder: string,
): Promise<{ readonly device: string; readonly cycles: number } | null> {
  // Ours is no device: what stands beside it is the library's.
  const found = /^(aesni_gcm|aesni_mb|openssl|vaes)/.exec(engine)?.[1];
  const device = found === 'vaes' ? 'aesni_gcm' : found;
  if (device === undefined) return null;
  const sizes = mix.map(({ bytes }) => suite.enciphered(bytes));
  const repeated = mix.length > 1 ? sizes : Array.from({ length: 8 }, () => sizes[0]);
  const args = ['--lcores=0@0,1@1', '--no-huge', '--no-shconf', '-m', '512', '--no-pci']
    .concat([`--file-prefix=sluice-crypto-${String(process.pid)}`, '--no-telemetry'])
    .concat([`--vdev=crypto_${device}`, '--', '--ptest', 'throughput', '--silent'])
    .concat(['--devtype', `crypto_${device}`, ...suite.options(inbound)])
    .concat(['--buffer-sz', repeated.join(','), '--total-ops', '4000'])
    .concat(['--burst-sz', '32,32,32,32,32,32', '--csv-friendly'])
    .concat(mix.length > 1 ? ['--imix', mix.map(({ share }) => share).join(',')] : []);
  if (suite.vectors && inbound) args.push('--test-file', vectorFile(folder, Math.max(...sizes)));
  const { out } = await collect('dpdk-test-crypto-perf', args);
  const rows = [...out.matchAll(/^\d+(?:,[\d.]+)+,([\d.]+)$/gm)].map((row) => Number(row[1]));
  return rows.length === 0 ? null : { device, cycles: Math.min(...rows) };
}
