// SPDX-License-Identifier: BSD-3-Clause
import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { cpSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import type { ChildShown, TunnelsShown } from '../../src/daemon/show/vpn.js';
import { projectRoot } from '../../src/datapath/root.js';
import { command } from '../../src/lab/command.js';
import { Lab } from '../../src/lab/lab.js';
import { until } from '../../src/lab/until.js';
import { runAt } from './past.js';
import { processIn } from './processes.js';
import { tunnelRules } from './tunnel-rules.js';

/*
 * Two of ours, each with tunnels to the other over IPv4 and IPv6: ESP without UDP around it, and
 * extended sequence numbers. Both begin, as two boxes with the same words do.
 */
const folder = mkdtempSync(path.join(tmpdir(), 'sluice-vpn-pair-'));
let lab: Lab;
let other: Lab;
let echo: ChildProcess;

/** Hosts inside, of the first box and of the other: what they say to each other goes by the tunnel. */
const FLOWS = {
  four: [
    ['10.1.0.10', '10.2.0.10'],
    ['2001:db8:a::4', '2001:db8:b::4'],
  ],
  six: [
    ['10.1.0.6', '10.2.0.6'],
    ['2001:db8:a::10', '2001:db8:b::10'],
  ],
} as const;
const NAMES = ['four', 'six'] as const;
const OUTSIDE = {
  one: { four: '198.51.100.2', six: '2001:db8:1::2' },
  two: { four: '192.0.2.2', six: '2001:db8:2::2' },
} as const;
const whole = (address: string): string => address + (address.includes(':') ? '/128' : '/32');

/** Rules of one of them, by its own file of the office. */
function rulesOf(file: string, end: 'one' | 'two'): string {
  const far = end === 'one' ? 'two' : 'one';
  const tunnels = NAMES.map((name) => {
    const ids = `local-id: ${end}-${name}, remote-id: ${far}-${name}`;
    return [name, `peer: '${OUTSIDE[far][name]}', ${ids}, psk: { secret: psk }`] as const;
  });
  const routes = NAMES.flatMap((name) =>
    FLOWS[name].map((pair) => {
      return `{ to: '${whole(pair[end === 'one' ? 1 : 0])}', interface: ${name} }`;
    }),
  );
  return tunnelRules({ rules: file }, new Map(tunnels), routes);
}

/** The second box's network beside that of the first. */
const elsewhere = (text: string): string =>
  text
    .replaceAll('10.1.', '10.2.')
    .replaceAll('db8:a:', 'db8:b:')
    .replaceAll('198.51.100.', '192.0.2.')
    .replaceAll('db8:1:', 'db8:2:');

/** The other box's link to its provider ends at the first one's, too. */
async function join(): Promise<void> {
  const [from, to] = [`${other.prefix}wan`, `${lab.prefix}wan`];
  await command(['ip', '-n', from, 'link', 'set', 'eth0', 'down']);
  await command(['ip', '-n', from, 'link', 'set', 'eth0', 'name', 'other']);
  await command(['ip', '-n', from, 'link', 'set', 'other', 'netns', to]);
  const batch = (namespace: string, lines: readonly string[]) =>
    command(['ip', '-n', namespace, '-batch', '-'], { input: lines.join('\n') });
  await batch(to, [
    'link set other up',
    'address add 192.0.2.1/28 dev other',
    'address add 2001:db8:2::1/64 dev other nodad',
  ]);
  await command(['ip', 'netns', 'exec', to, 'ethtool', '-K', 'other', 'tx', 'off']);
  const [near, far] = [lab, other].map(({ prefix }) => `${prefix}inside`) as [string, string];
  await batch(far, [
    'address flush dev eth0 scope global',
    ...['10.2.0.10/16', '10.2.0.6/16', '2001:db8:b::10/64', '2001:db8:b::4/64'].map(
      (address) => `address add ${address} dev eth0 nodad`,
    ),
    'route replace default via 10.2.0.1',
    'route replace default via 2001:db8:b::1',
  ]);
  await batch(near, [
    'address add 10.1.0.6/16 dev eth0',
    'address add 2001:db8:a::4/64 dev eth0 nodad',
    ...Object.values(FLOWS)
      .flat()
      .map(([source, to]) => {
        const via = to.includes(':') ? '2001:db8:a::1' : '10.1.0.1';
        return `route add ${whole(to)} via ${via} src ${source}`;
      }),
  ]);
}

const ECHO = `require('node:net').createServer((socket) => {
  socket.on('error', () => socket.destroy());
  socket.pipe(socket);
}).listen(80, '::', () => console.log('up'));`;

async function allOf(which: Lab, name: string): Promise<readonly ChildShown[]> {
  const { tunnels } = await which.show<TunnelsShown>('vpn', 'tunnels');
  return tunnels.filter((one) => one.name === name).flatMap(({ children }) => children);
}
const childrenOf = async (which: Lab, name: string): Promise<readonly ChildShown[]> =>
  (await allOf(which, name)).filter(({ state }) => state === 'INSTALLED');

const passes = async (): Promise<boolean> => {
  for (const [, to] of Object.values(FLOWS).flat())
    if (!(await lab.hosts.inside.ping(to))) return false;
  return true;
};

beforeAll(async () => {
  lab = await Lab.start();
  other = await Lab.start();
  await join();
  const offices = path.join(folder, 'office.yaml');
  cpSync(path.join(path.dirname(lab.rules), 'parts'), `${folder}/parts`, { recursive: true });
  writeFileSync(offices, elsewhere(readFileSync(lab.rules, 'utf8')));
  echo = await runAt(other, 'inside', [process.execPath, '-e', ECHO]);
  for (const [which, end, file] of [
    [lab, 'one', lab.rules],
    [other, 'two', offices],
  ] as const) {
    await which.api.post('/secrets', { name: 'psk', value: 'psk of both' });
    writeFileSync(`${folder}/${end}.yaml`, rulesOf(file, end));
    const { code, stderr } = await which.sluice('apply', `${folder}/${end}.yaml`);
    expect([code, stderr]).toEqual([0, '']);
  }
  await until('traffic', 60_000, passes);
}, 240_000);
afterAll(async () => {
  echo.kill();
  await other.close();
  await lab.close();
  rmSync(folder, { recursive: true });
});

test('ESP as it is, with extended sequence numbers', async () => {
  for (const name of NAMES)
    for (const child of await childrenOf(lab, name))
      expect(child).toMatchObject({ encapsulated: false, fast_path: { esn: true } });
});

test.each(Object.entries(FLOWS).flatMap(([name, list]) => list.map(([, to]) => [name, to])))(
  '%s: TCP in bulk with %s',
  async (_, to) => {
    const flow = await lab.hosts.inside.tcp(to, 80, 10_000);
    await flow.echo('x'.repeat(1_000_000), 30_000);
    await flow.close();
  },
);

interface Packet {
  readonly flow: string;
  readonly spi: string;
  readonly iv: string;
  readonly length: string;
  readonly sealed: string;
}

/** What goes over the wire between the two while something is done, with pings on all ways. */
async function capture(run: () => Promise<void>): Promise<Packet[]> {
  const file = `${folder}/esp`;
  const script = path.join(projectRoot(), 'test/scapy/esp_capture.py');
  const reader = await runAt(lab, 'wan', ['/usr/bin/python3', script, 'eth0', file]);
  const pings = Object.values(FLOWS)
    .flat()
    .map(([, to]) => {
      const argv = ['ping', '-q', '-i', '0.02', '-s', '200', to];
      const within = ['netns', 'exec', `${lab.prefix}inside`, ...argv];
      return spawn('ip', within, { stdio: 'ignore' });
    });
  try {
    await run();
  } finally {
    for (const ping of pings) ping.kill('SIGINT');
    reader.stdin?.end();
    await once(reader, 'close');
  }
  const lines = readFileSync(file, 'utf8').trim().split('\n');
  expect(lines.pop()).toBe('lost 0');
  return lines.map((line) => {
    const [source = '', spi = '', , iv = '', length = '', sealed = ''] = line.split(' ');
    return { flow: source, spi: `${source} ${spi}`, iv, length, sealed };
  });
}

/** Does it, and waits until every tunnel has carried packets both ways by SAs made since. */
async function anew(what: string, run: () => Promise<unknown>): Promise<void> {
  const before = new Set<string>();
  for (const which of [lab, other])
    for (const name of NAMES)
      for (const { spi_in: spi } of await allOf(which, name)) before.add(spi);
  await run();
  await until(`SAs ${what}`, 60_000, async () => {
    for (const which of [lab, other])
      for (const name of NAMES) {
        const made = (await childrenOf(which, name)).filter((one) => !before.has(one.spi_in));
        if (!made.some(({ packets_in: packets }) => packets > 0)) return false;
      }
    return passes();
  });
}

test('no key seals two packets by one IV, whatever is killed and made anew', async () => {
  const sealed = await capture(async () => {
    expect(await passes()).toBe(true);
    await anew('by a rekey', async () => {
      for (const name of NAMES) expect((await lab.sluice('vpn', name, 'rekey')).code).toBe(0);
    });
    const kill = (pid: number) => () => Promise.resolve(process.kill(pid, 'SIGKILL'));
    await anew('of another datapath', kill(lab.datapathPid));
    const charon = await processIn(`${lab.prefix}edge`, 'charon-systemd');
    if (charon === null) throw new Error('charon is gone');
    await anew('of another charon', kill(charon));
    await anew('of another datapath there', kill(other.datapathPid));
  });
  const spiCount = new Set(sealed.map(({ spi }) => spi)).size;
  // Two ways and two tunnels; rekeyed once, and made anew three times.
  expect(spiCount).toBeGreaterThanOrEqual(2 * 2 * 5);
  expect(sealed.length).toBeGreaterThan(500);
  expect(new Set(sealed.map(({ spi, iv }) => `${spi} ${iv}`)).size).toBe(sealed.length);
  /*
   * And no two SPIs have one key: with the same IV it would make the same of the same bytes. Inner
   * packets of one length on one way have their addresses alike: of IPv4 at 12 to 19, of IPv6 at 8 to 23.
   */
  const seen = new Map<string, string>();
  for (const { flow, spi, iv, length, sealed: bytes } of sealed) {
    const key = [flow, iv, length, bytes.slice(24, 40)].join(' ');
    expect(seen.get(key) ?? spi).toBe(spi);
    seen.set(key, spi);
  }
  // There were such: every SPI begins at the same.
  const ivs = new Set(sealed.map(({ flow, iv }) => `${flow} ${iv}`));
  expect(ivs.size).toBeLessThan(sealed.length);
}, 300_000);
