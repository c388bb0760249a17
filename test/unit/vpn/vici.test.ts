// SPDX-License-Identifier: BSD-3-Clause
import { spawn, type ChildProcess } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import * as fc from 'fast-check';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { until } from '../../../src/lab/until.js';
import { connectionOf } from '../../../src/vpn/connection.js';
import { Vici, ViciRefused } from '../../../src/vpn/vici.js';
import {
  decodeMessage,
  encodeMessage,
  ViciError,
  type ViciMessage,
} from '../../../src/vpn/vici-message.js';
import { BASE } from '../fixtures/codes.js';
import { modelOf } from '../fixtures/load.js';

const { message } = fc.letrec<{ message: ViciMessage }>((tie) => ({
  message: fc.dictionary(
    fc.string({ maxLength: 20 }).filter((key) => key !== '__proto__'),
    fc.oneof({ maxDepth: 4 }, fc.string(), fc.array(fc.string()), tie('message')),
  ),
}));

describe('messages of vici', () => {
  it('come back as they were written', () => {
    fc.assert(
      fc.property(message, (one) => {
        const again = decodeMessage(encodeMessage(one));
        expect(JSON.parse(JSON.stringify(again))).toEqual(JSON.parse(JSON.stringify(one)));
      }),
    );
  });

  it('that are none are refused, whatever they are', () => {
    const read = (bytes: Buffer): void => {
      try {
        decodeMessage(bytes);
      } catch (error) {
        expect(error).toBeInstanceOf(ViciError);
      }
    };
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 200 }), (bytes) => read(Buffer.from(bytes))),
      { numRuns: 2000 },
    );
    fc.assert(
      fc.property(message, fc.nat(), fc.nat(255), (one, at, byte) => {
        const bytes = encodeMessage(one);
        if (bytes.length > 0) bytes[at % bytes.length] = byte;
        read(bytes);
        read(bytes.subarray(0, at % (bytes.length + 1)));
      }),
    );
    read(Buffer.alloc(3000, Buffer.from([1, 1, 97])));
  });
});

/** The packaged charon in a network of its own; it has nobody to talk to. */
describe('charon by vici', () => {
  const folder = mkdtempSync(path.join(tmpdir(), 'sluice-vici-'));
  const socket = `${folder}/charon.vici`;
  let charon: ChildProcess;
  let vici: Vici;

  beforeAll(async () => {
    writeFileSync(
      `${folder}/strongswan.conf`,
      `charon-systemd {
  load = random nonce openssl curve25519 aes sha1 sha2 hmac kdf gcm chapoly pem pkcs1 pkcs8 pubkey x509 kernel-netlink socket-default vici
  plugins { vici { socket = unix://${socket} } }
}\n`,
    );
    charon = spawn('unshare', ['-n', '/usr/sbin/charon-systemd'], {
      env: { ...process.env, STRONGSWAN_CONF: `${folder}/strongswan.conf` },
      stdio: 'ignore',
    });
    const { value } = await until('charon', 60_000, () => Vici.connect(socket).catch(() => null));
    vici = value;
  });
  afterAll(() => {
    vici.close();
    charon.kill();
    rmSync(folder, { recursive: true });
  });

  const tunnel = (text: string) => {
    const line = `hq: {peer: 203.0.113.9, psk: {secret: hq}, zone: internet, local: 10.1.0.0/16, remote: "10.50.0.0/16[tcp/443]", ${text}}`;
    const [one] = modelOf(`${BASE}vpn:\n  tunnels:\n    ${line}\n`).tunnels;
    if (one === undefined) throw new Error('no tunnel');
    return connectionOf(one, 7, false);
  };
  const names = async () => (await vici.request('get-conns'))['conns'];

  it('takes a tunnel as the language has it, and gives it back', async () => {
    const { connection, shared } = tunnel(
      'start: respond, local-id: edge, remote-id: hq, lifetimes: {esp: 30m, bytes: 20G}, dpd: {interval: 10s}',
    );
    for (const one of shared) await vici.request('load-shared', { ...one.message, data: 'lab' });
    await vici.request('load-conn', connection);
    expect(await names()).toEqual(['hq']);
    const [listed, again] = await Promise.all([
      vici.list('list-conns', 'list-conn'),
      vici.list('list-conns', 'list-conn'),
    ]);
    expect([listed.length, again.length]).toEqual([1, 1]);
    expect(listed[0]?.['hq']).toMatchObject({
      remote_addrs: ['203.0.113.9'],
      version: 'IKEv2',
      dpd_delay: '10',
      'local-1': { class: 'pre-shared key', id: 'edge' },
      'remote-1': { class: 'pre-shared key', id: 'hq' },
      children: {
        hq: {
          mode: 'TUNNEL',
          rekey_time: '1800',
          rekey_bytes: '20000000000',
          'local-ts': ['10.1.0.0/16'],
          'remote-ts': ['10.50.0.0/16[tcp/https]'],
        },
      },
    });
    expect((await vici.request('get-shared'))['keys']).toEqual(['hq psk']);
    await vici.request('unload-conn', { name: 'hq' });
    expect(await names()).toEqual([]);
  });

  it('takes every proposal we choose', async () => {
    const { connection } = tunnel('start: respond');
    await vici.request('load-conn', connection);
    await vici.request('unload-conn', { name: 'hq' });
  });

  it('says what it does not take, and to what', async () => {
    await expect(vici.request('load-conn', { x: { proposals: ['none-such'] } })).rejects.toThrow(
      ViciRefused,
    );
    await expect(vici.request('no-such-command')).rejects.toThrow('charon does not know it');
    await expect(vici.request('initiate', { ike: 'x', child: 'x' })).rejects.toThrow(ViciRefused);
    expect(await names()).toEqual([]);
  });

  it('answers what is asked all at once, in order', async () => {
    const answers = await Promise.all([
      vici.request('version'),
      vici.request('get-conns'),
      vici.request('stats'),
    ]);
    expect(answers.map((one) => Object.keys(one)[0])).toEqual(['daemon', 'conns', 'uptime']);
  });
});
