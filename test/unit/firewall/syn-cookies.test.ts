// SPDX-License-Identifier: BSD-3-Clause
import { existsSync } from 'node:fs';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { compileModel } from '../../../src/compiler/image.js';
import { loadModel } from '../../../src/compiler/load.js';
import { noSlots, slotOf } from '../../../src/compiler/slots.js';
import { etherFrame } from '../../../src/datapath/frame.js';
import { datapathBinary, OfflineDatapath } from '../../../src/datapath/offline.js';
import { textReader } from '../../../src/rulefile/reader.js';

const [FIN, SYN, RST, ACK] = [1, 2, 4, 16];
const CLIENT = '203.0.113.7';
const PUBLIC = '198.51.100.4';
const SERVER = '10.1.0.11';
const CLIENT6 = '2001:db8:99::7';
const SERVER6 = '2001:db8:a::11';

const RULES = `version: 1
interfaces:
  wan: {zone: internet, addresses: [198.51.100.2/28, '2001:db8:1::2/64']}
  lan: {zone: lan, addresses: [10.1.0.1/16, '2001:db8:a::1/64'], mtu: 1400}
zones: {internet: {syn-cookies: {above: 1}}, lan: {}}
routing: {static: [{to: 0.0.0.0/0, via: 198.51.100.1}, {to: '::/0', via: '2001:db8:1::1'}]}
balancers: {shop: {at: ${PUBLIC}, service: tcp/80, backends: {a: {address: ${SERVER}, port: 8080}}}}
policies:
  - name: in
    from: internet
    to: lan
    rules: [{name: shop, destination: {balancer: shop}, action: allow}, {name: six, destination: '${SERVER6}', service: tcp/80, action: allow}]
`;

interface Segment {
  readonly source: string;
  readonly destination: string;
  readonly sport: number;
  readonly dport: number;
  readonly seq: number;
  readonly ack: number;
  readonly flags: number;
  readonly window: number;
  readonly options: string;
  readonly data: string;
}

function addressBytes(text: string): Buffer {
  if (!text.includes(':')) return Buffer.from(text.split('.').map(Number));
  const [high = '', low = ''] = text.split('::').map((half) =>
    half
      .split(':')
      .filter(Boolean)
      .map((word) => word.padStart(4, '0'))
      .join(''),
  );
  return Buffer.from(high + low.padStart(32 - high.length, '0'), 'hex');
}

function sum(...parts: readonly Buffer[]): number {
  let total = 0;
  for (const part of parts)
    for (let i = 0; i < part.length; i += 2) total += ((part[i] ?? 0) << 8) | (part[i + 1] ?? 0);
  while (total > 0xffff) total = (total & 0xffff) + (total >>> 16);
  return total;
}

/** The packet of IP with this segment. */
function packetOf(one: Partial<Segment> & Pick<Segment, 'source' | 'destination'>): Buffer {
  const options = Buffer.from(one.options ?? '', 'hex');
  const data = Buffer.from(one.data ?? '');
  const tcp = Buffer.alloc(20 + options.length + data.length);
  tcp.writeUInt16BE(one.sport ?? 40000, 0);
  tcp.writeUInt16BE(one.dport ?? 80, 2);
  tcp.writeUInt32BE((one.seq ?? 0) >>> 0, 4);
  tcp.writeUInt32BE((one.ack ?? 0) >>> 0, 8);
  tcp[12] = ((20 + options.length) / 4) << 4;
  tcp[13] = one.flags ?? ACK;
  tcp.writeUInt16BE(one.window ?? 1000, 14);
  options.copy(tcp, 20);
  data.copy(tcp, 20 + options.length);
  const addresses = Buffer.concat([addressBytes(one.source), addressBytes(one.destination)]);
  const pseudo = Buffer.from([0, 6, tcp.length >> 8, tcp.length & 255]);
  tcp.writeUInt16BE(0xffff - sum(addresses, pseudo, tcp), 16);
  const four = addresses.length === 8;
  const ip = Buffer.alloc(four ? 12 : 8);
  if (four) {
    ip.writeUInt32BE(0x45000000 + 20 + tcp.length, 0);
    ip.writeUInt32BE(0x4006 << 16, 8);
    ip.writeUInt16BE(0xffff - sum(ip, addresses), 10);
  } else {
    ip.writeUInt32BE(0x60000000, 0);
    ip.writeUInt16BE(tcp.length, 4);
    ip.writeUInt16BE(0x0640, 6);
  }
  return Buffer.concat([ip, addresses, tcp]);
}

/** The segment in a frame; its checksums have to be right. */
function segmentOf(frame: Uint8Array): Segment {
  const ip = Buffer.from(frame).subarray(14);
  const four = (ip[0] ?? 0) >> 4 === 4;
  const at = four ? 20 : 40;
  const length = four ? ip.readUInt16BE(2) - 20 : ip.readUInt16BE(4);
  const addresses = ip.subarray(four ? 12 : 8, at);
  const tcp = ip.subarray(at, at + length);
  const header = ((tcp[12] ?? 0) >> 4) * 4;
  if (four) expect(sum(ip.subarray(0, 20))).toBe(0xffff);
  expect(sum(addresses, Buffer.from([0, 6, length >> 8, length & 255]), tcp)).toBe(0xffff);
  const text = (bytes: Buffer): string =>
    four ? bytes.join('.') : (bytes.toString('hex').match(/.{4}/g) ?? []).join(':');
  return {
    source: text(addresses.subarray(0, addresses.length / 2)),
    destination: text(addresses.subarray(addresses.length / 2)),
    sport: tcp.readUInt16BE(0),
    dport: tcp.readUInt16BE(2),
    seq: tcp.readUInt32BE(4),
    ack: tcp.readUInt32BE(8),
    flags: tcp[13] ?? 0,
    window: tcp.readUInt16BE(14),
    options: tcp.subarray(20, header).toString('hex'),
    data: tcp.subarray(header).toString(),
  };
}

describe.skipIf(!existsSync(datapathBinary()))('SYN cookies', () => {
  let datapath: OfflineDatapath;
  let wan = 0;
  let lan = 0;
  let time = 0n;
  beforeAll(async () => {
    datapath = await OfflineDatapath.start();
  });
  afterAll(() => datapath.close());

  async function load(rules = RULES): Promise<void> {
    const { model, diagnostics } = loadModel('r.yaml', textReader(new Map([['r.yaml', rules]])));
    if (model === null) throw new Error(diagnostics[0]?.message);
    const done = compileModel(model, { generation: 1, slots: noSlots() });
    if (!done.ok) throw new Error(done.diagnostics[0]?.message);
    await datapath.load(done.image);
    wan = slotOf(done.slots.interfaces, 'wan');
    lan = slotOf(done.slots.interfaces, 'lan');
    time = 10_000_000_000n;
  }

  /** What comes out when this goes in, by interface. */
  async function send(
    iface: number,
    one: Partial<Segment> & Pick<Segment, 'source' | 'destination'>,
    after = 1_000_000n,
  ): Promise<{ wan: Segment[]; lan: Segment[]; reasons: number[] }> {
    time += after;
    const family = one.source.includes(':') ? 6 : 4;
    const bytes = etherFrame(packetOf(one), family, 0);
    const { outputs, results } = await datapath.run('replay', [{ time, iface, bytes }]);
    const of = (slot: number): Segment[] =>
      outputs.filter((output) => output.iface === slot).map((output) => segmentOf(output.bytes));
    return { wan: of(wan), lan: of(lan), reasons: results.map(({ reason }) => reason) };
  }

  const OFFER = '020405b4' + '0402' + '0101' + '01030309' + '0101' + '0101'; // 1460, SACK, scale 9
  const client = { source: CLIENT, destination: PUBLIC };
  const server = { source: SERVER, destination: CLIENT, sport: 8080, dport: 40000 };

  /** The client's handshake; its ISN is 1000. */
  async function handshake(options: string) {
    const {
      wan: [answer],
      lan: none,
    } = await send(wan, { ...client, seq: 1000, flags: SYN, options });
    expect(none).toEqual([]);
    if (answer === undefined) throw new Error('no answer');
    const {
      lan: [syn],
      wan: nothing,
    } = await send(wan, {
      ...client,
      seq: 1001,
      ack: answer.seq + 1,
      window: 500,
    });
    expect(nothing).toEqual([]);
    return { answer, syn };
  }

  test('a connection by way of one, with all that both ends offer', async () => {
    await load();
    const { answer, syn } = await handshake(OFFER);
    expect(answer).toMatchObject({
      source: PUBLIC,
      destination: CLIENT,
      sport: 80,
      dport: 40000,
      ack: 1001,
      flags: SYN | ACK,
      window: 0,
      options: '02040550' + '01010402' + '01030307', // 1,360: what the inner link takes
    });
    // Scale 9 is no value a cookie can hold: 8 makes windows smaller than they are, never larger.
    expect(syn).toMatchObject({
      source: CLIENT,
      destination: SERVER,
      dport: 8080,
      seq: 1000,
      flags: SYN,
      window: 65535,
      options: '020405b4' + '01010402' + '01030308',
    });
    const joined = await send(lan, {
      ...server,
      seq: 777_000,
      ack: 1001,
      flags: SYN | ACK,
      window: 64_000,
      options: '020405b4' + '01010402' + '0103030a',
    });
    expect(joined.lan).toMatchObject([
      {
        source: CLIENT,
        destination: SERVER,
        seq: 1001,
        ack: 777_001,
        flags: ACK,
        window: 500,
        options: '',
      },
    ]);
    expect(joined.wan).toMatchObject([
      {
        source: PUBLIC,
        seq: (answer.seq + 1) >>> 0,
        ack: 1001,
        flags: ACK,
        window: 500,
        options: '',
      },
    ]);
    const asked = await send(wan, { ...client, seq: 1001, ack: answer.seq + 1, data: 'GET' });
    expect(asked.lan).toMatchObject([{ seq: 1001, ack: 777_001, data: 'GET' }]);
    // The server's windows, in units of 1,024, as the client was told to read them.
    const said = await send(lan, { ...server, seq: 777_001, ack: 1004, window: 60, data: 'hello' });
    expect(said.wan).toMatchObject([
      { seq: (answer.seq + 1) >>> 0, ack: 1004, window: 480, data: 'hello' },
    ]);
    const sack = (edge: number): string =>
      '0101050a' +
      [edge + 10, edge + 15].map((n) => (n >>> 0).toString(16).padStart(8, '0')).join('');
    const missing = await send(wan, {
      ...client,
      seq: 1004,
      ack: answer.seq + 1,
      options: sack(answer.seq + 1),
    });
    expect(missing.lan).toMatchObject([{ ack: 777_001, options: sack(777_001) }]);
    const end = await send(lan, { ...server, seq: 777_006, ack: 1004, flags: FIN | ACK });
    expect(end.wan).toMatchObject([{ seq: (answer.seq + 6) >>> 0, flags: FIN | ACK }]);
    const bye = await send(wan, { ...client, seq: 1004, ack: answer.seq + 7, flags: FIN | ACK });
    expect(bye.lan).toMatchObject([{ ack: 777_007, flags: FIN | ACK }]);
    const last = await send(lan, { ...server, seq: 777_007, ack: 1005 });
    expect(last.wan).toMatchObject([{ seq: (answer.seq + 7) >>> 0, ack: 1005 }]);
  });

  test('without options', async () => {
    await load();
    const { answer, syn } = await handshake('');
    expect(answer.options).toBe('02040550');
    expect(syn?.options).toBe('02040218'); // RFC 9293 3.7.1: 536
    const joined = await send(lan, {
      ...server,
      seq: 5,
      ack: 1001,
      flags: SYN | ACK,
      window: 4000,
    });
    expect(joined.wan).toMatchObject([{ window: 4000 }]);
  });

  test('IPv6', async () => {
    await load();
    const six = { source: CLIENT6, destination: SERVER6 };
    const {
      wan: [answer],
    } = await send(wan, { ...six, seq: 9, flags: SYN, options: '020405a0' });
    expect(answer).toMatchObject({ ack: 10, flags: SYN | ACK, options: '0204053c' });
    const {
      lan: [syn],
    } = await send(wan, { ...six, seq: 10, ack: (answer?.seq ?? 0) + 1 });
    expect(syn).toMatchObject({ seq: 9, flags: SYN, options: '020405a0' });
    const back = { source: SERVER6, destination: CLIENT6, sport: 80, dport: 40000 };
    const joined = await send(lan, { ...back, seq: 70, ack: 10, flags: SYN | ACK });
    expect(joined.lan).toMatchObject([{ seq: 10, ack: 71, flags: ACK }]);
    expect(joined.wan).toMatchObject([{ seq: ((answer?.seq ?? 0) + 1) >>> 0, ack: 10 }]);
  });

  test('what was lost on the way is said again', async () => {
    await load();
    const { answer, syn } = await handshake(OFFER);
    const probe = await send(wan, {
      ...client,
      seq: 1001,
      ack: answer.seq + 1,
      window: 500,
      data: 'G',
    });
    expect(probe.lan).toEqual([syn]);
    const accept = {
      ...server,
      seq: 50,
      ack: 1001,
      flags: SYN | ACK,
      window: 64_000,
      options: '0103030a',
    };
    const first = await send(lan, accept);
    const second = await send(lan, accept);
    expect(second.lan).toEqual(first.lan);
    expect(second.wan).toEqual(first.wan);
  });

  test('the acknowledgement was lost, a probe of the window comes', async () => {
    await load();
    const {
      wan: [answer],
    } = await send(wan, { ...client, seq: 1000, flags: SYN });
    const probe = { ...client, seq: 1000, ack: (answer?.seq ?? 0) + 1, window: 500 };
    const { lan: asked } = await send(wan, probe);
    expect(asked).toMatchObject([{ seq: 1000, flags: SYN }]);
    const joined = await send(lan, { ...server, seq: 50, ack: 1001, flags: SYN | ACK });
    expect(joined.wan).toMatchObject([{ ack: 1001, flags: ACK }]);
    expect((await send(wan, probe)).lan).toMatchObject([{ seq: 1000, ack: 51, flags: ACK }]);
  });

  test('a server that refuses', async () => {
    await load();
    const { answer } = await handshake(OFFER);
    const refused = await send(lan, { ...server, seq: 0, ack: 1001, flags: RST | ACK });
    expect(refused.wan).toMatchObject([
      { seq: (answer.seq + 1) >>> 0, ack: 1001, flags: RST | ACK },
    ]);
  });

  test('cookies that are forged, changed or old open nothing', async () => {
    await load();
    const {
      wan: [answer],
    } = await send(wan, { ...client, seq: 1000, flags: SYN, options: OFFER });
    const cookie = (answer?.seq ?? 0) + 1;
    const acknowledge = { ...client, seq: 1001, ack: cookie };
    for (const changed of [
      { ack: cookie + 1 },
      { ack: cookie ^ 0x10000000 },
      { seq: 1002 },
      { seq: 999 },
      { sport: 40001 },
      { source: '203.0.113.8' },
    ])
      expect((await send(wan, { ...acknowledge, ...changed })).lan).toEqual([]);
    expect((await send(wan, acknowledge, 66_000_000_000n)).lan).toEqual([]);
    const {
      wan: [again],
    } = await send(wan, { ...client, seq: 1000, flags: SYN, options: OFFER });
    expect(
      (await send(wan, { ...acknowledge, ack: (again?.seq ?? 0) + 1 }, 25_000_000_000n)).lan,
    ).toHaveLength(1);
  });

  test('what the policy denies gets no answer, and a threshold is one', async () => {
    await load();
    expect((await send(wan, { ...client, dport: 81, flags: SYN })).wan).toEqual([]);
    await load(RULES.replace('above: 1}', 'above: 100, below: 50}'));
    const one = async (port: number, after: bigint): Promise<'cookie' | 'session'> => {
      const { wan: answered } = await send(wan, { ...client, sport: port, flags: SYN }, after);
      return answered.length > 0 ? 'cookie' : 'session';
    };
    const early: string[] = [];
    for (let i = 0; i < 12; i++) early.push(await one(1000 + i, 1_000_000n));
    expect(early).toEqual([...Array<string>(10).fill('session'), 'cookie', 'cookie']);
    const late: string[] = [];
    // Two in a tenth of a second are 20 a second: calm, but not for long enough.
    for (let i = 0; i < 120; i++) late.push(await one(2000 + i, 50_000_000n));
    expect(late.slice(0, 90)).toEqual(Array<string>(90).fill('cookie'));
    expect(late.slice(-10)).toEqual(Array<string>(10).fill('session'));
  });
});
