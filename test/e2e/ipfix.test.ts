// SPDX-License-Identifier: BSD-3-Clause
import type { ChildProcess } from 'node:child_process';
import { cpSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { createInterface } from 'node:readline';
import { afterAll, beforeAll, expect, test } from 'vitest';
import type { LogShown } from '../../src/daemon/api/types.js';
import { command } from '../../src/lab/command.js';
import { Lab } from '../../src/lab/lab.js';
import { EDGE, INTERNET, SERVER } from '../../src/lab/network.js';
import { until } from '../../src/lab/until.js';
import { IpfixDecoder, type Message } from '../reference/ipfix.js';
import { runAt } from './past.js';

/* Sessions that NAT translates, as collectors in the dmz are told of them: two over UDP, one over TCP. */

const TCP = 'over TCP';
const COLLECTORS = [SERVER.v4, SERVER.v6, TCP] as const;
/** A connection is a stream of messages, each with its length in its head. */
const COLLECT_TCP = `require('node:net').createServer((stream) => {
  let bytes = Buffer.alloc(0);
  stream.on('data', (more) => {
    bytes = Buffer.concat([bytes, more]);
    for (let size; bytes.length >= 4 && bytes.length >= (size = bytes.readUInt16BE(2)); bytes = bytes.subarray(size))
      console.log(bytes.subarray(0, size).toString('hex'));
  });
}).listen(4739, '${SERVER.v4}', () => console.log('up'));`;
const COLLECT = `const socket = require('node:dgram').createSocket(process.argv[1].includes(':') ? 'udp6' : 'udp4');
socket.on('message', (message) => console.log(message.toString('hex')));
socket.bind(4739, process.argv[1], () => console.log('up'));`;

let lab: Lab;
let folder: string;
const programs: ChildProcess[] = [];
const heard = new Map<string, Message[]>(COLLECTORS.map((at) => [at, []]));

beforeAll(async () => {
  lab = await Lab.start();
  folder = mkdtempSync(path.join(tmpdir(), 'sluice-ipfix-'));
  for (const at of COLLECTORS) {
    const code = at === TCP ? COLLECT_TCP : COLLECT;
    const program = await runAt(lab, 'dmz', [process.execPath, '-e', code, at]);
    programs.push(program);
    const decoder = new IpfixDecoder();
    createInterface({ input: program.stdout! }).on('line', (line) => {
      heard.get(at)?.push(decoder.decode(Buffer.from(line, 'hex')));
    });
  }
  const file = path.join(folder, 'rules.yaml');
  const parts = path.join(path.dirname(lab.rules), 'parts');
  cpSync(parts, path.join(folder, 'parts'), { recursive: true });
  const office = readFileSync(lab.rules, 'utf8')
    .replace(/\nassert:[^]*/, '\n')
    .replace(
      'system: { hostname: edge1 }',
      `system: { ipfix: [{ to: ${SERVER.v4}, domain: 7 }, { to: '${SERVER.v6}' }, { to: ${SERVER.v4}, transport: tcp }] }`,
    )
    .replace('service: [web, dns, ping], action: allow', '$&, log: { start: true, end: true }');
  const nat =
    'nat: { source: [{ name: office, from: inside, to: internet, translate-to: interface }] }';
  writeFileSync(file, `${office}\n${nat}\n`);
  const { code, stderr } = await lab.sluice('apply', file);
  expect([code, stderr]).toEqual([0, '']);
  // Until an address is known to be nobody else's, nothing is sent from it.
  await until('addresses without duplicates', 10_000, async () => {
    const shown = await command(['ip', '-n', lab.prefix + EDGE, '-6', 'addr', 'show', 'tentative']);
    return shown.trim() === '';
  });
});
afterAll(async () => {
  for (const program of programs) program.stdin?.end();
  for (const program of programs) program.kill();
  await lab.close();
  rmSync(folder, { recursive: true });
});

test('a session and its NAT are told to every collector, as the log has them', async () => {
  const flow = await lab.hosts.inside.udp(INTERNET.v4, 53);
  await flow.echo('one');
  await flow.echo('two');
  await flow.close();
  expect((await lab.sluice('clear', 'sessions', '--rule', 'office-out/browse')).code).toBe(0);
  const { value: ended } = await until('the end in the log', 10_000, async () => {
    const { records } = await lab.show<{ records: LogShown[] }>('log');
    return records.find(({ event }) => event === 'session-end');
  });
  expect(ended.nat).toMatchObject({ source: '198.51.100.2', destination: INTERNET.v4 });
  const { nat, source_port, packets_forward, packets_reply, bytes_forward, bytes_reply } = ended;
  const both = {
    sourceIPv4Address: ended.source,
    destinationIPv4Address: INTERNET.v4,
    sourceTransportPort: source_port,
    destinationTransportPort: 53,
    protocolIdentifier: 17,
    postNATSourceIPv4Address: '198.51.100.2',
    postNATDestinationIPv4Address: INTERNET.v4,
    postNAPTSourceTransportPort: nat!.source_port,
    postNAPTDestinationTransportPort: 53,
    internalAddressRealm: 'inside',
    externalAddressRealm: 'internet',
  };
  const end = Date.parse(ended.at);
  for (const at of COLLECTORS) {
    await until(`records at ${at}`, 10_000, () =>
      Promise.resolve(heard.get(at)!.flatMap(({ records }) => records).length >= 3),
    );
    const messages = heard.get(at)!;
    expect(messages[0]?.domain).toBe(at === SERVER.v4 ? 7 : 1);
    expect(messages.flatMap(({ records }) => records)).toEqual([
      { ...both, natEvent: 4, observationTimeMilliseconds: expect.any(Number) as number },
      {
        ...both,
        flowStartMilliseconds: end - ended.duration_ms!,
        flowEndMilliseconds: end,
        octetDeltaCount: bytes_forward,
        packetDeltaCount: packets_forward,
        'reverse octetDeltaCount': bytes_reply,
        'reverse packetDeltaCount': packets_reply,
        flowEndReason: 4,
      },
      { ...both, natEvent: 5, observationTimeMilliseconds: end },
    ]);
    let sequence = 0;
    for (const message of messages) {
      expect(message.sequence).toBe(sequence);
      sequence += message.records.length;
    }
  }
  expect([packets_forward, packets_reply]).toEqual([2, 2]);
});
