// SPDX-License-Identifier: BSD-3-Clause
import { spawn, type ChildProcess } from 'node:child_process';
import { createHash, randomBytes } from 'node:crypto';
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { BalancerShown } from '../../src/daemon/show/balancers.js';
import { command } from '../../src/lab/command.js';
import { Lab } from '../../src/lab/lab.js';
import { SECOND } from '../../src/lab/network.js';
import { until } from '../../src/lab/until.js';
import { decapsulate, echoUdp, twoServers, writeRules } from './past.js';

const DATA = 4_000_000;

const FOUR = {
  client: '203.0.113.80',
  past: '198.51.100.1',
  backends: ['10.20.0.11', '10.20.0.12'],
};
const SIX = {
  client: '2001:db8:ffff::80',
  past: '2001:db8:1::1',
  backends: ['2001:db8:14::11', '2001:db8:14::12'],
};
/** The appliance in the dmz. */
const [EDGE4, EDGE6] = ['10.20.0.1', '2001:db8:14::1'];

/**
 * Every mode in both families, and IPv6 in front of IPv4: address, mode, what more is said, from
 * where the client speaks, and as whom the server sees it.
 */
const SERVICES = [
  ...(
    [
      [FOUR, '198.51.100.', EDGE4],
      [SIX, '2001:db8:1::7', EDGE6],
    ] as const
  ).flatMap(([ends, at, edge]) => {
    const family = ends === FOUR ? 4 : 6;
    const service = (
      name: string,
      n: number,
      mode: string,
      from: string,
      seen: string,
      more = '',
    ) => ({ name: `${name}${family}`, at: `${at}${n}`, mode, from, seen, more, ends }) as const;
    return [
      service('nat', 4, 'nat', ends.client, ends.client),
      service('full', 5, 'full-nat', ends.client, edge),
      service('proxy', 6, 'full-nat', ends.client, ends.client, 'proxy: v2, '),
      service('direct', 7, 'direct', ends.past, ends.past),
      service('ipip', 8, 'ipip', ends.past, ends.past),
      service('gue', 9, 'gue', ends.past, ends.past),
    ];
  }),
  {
    ...{ name: 'six-to-four', at: '2001:db8:1::60', mode: 'nat', from: SIX.client },
    ...{ seen: EDGE4, more: '', ends: FOUR },
  },
];

const PAST = SERVICES.filter(({ mode }) => ['direct', 'ipip', 'gue'].includes(mode));

const literal = (address: string): string => (address.includes(':') ? `[${address}]` : address);

/** nginx that says who it is and whom it sees, on 8443 by the PROXY protocol; gives and takes files. */
function nginx(folder: string, name: string): string {
  const mine = path.join(folder, name);
  const listen = ['80', '[::]:80', '8443 proxy_protocol', '[::]:8443 proxy_protocol'];
  const bodies = ['client_body', 'proxy', 'fastcgi', 'uwsgi', 'scgi'].map(
    (kind) => `${kind}_temp_path ${mine}/${kind};`,
  );
  mkdirSync(mine);
  writeFileSync(
    path.join(mine, 'nginx.conf'),
    `daemon off; master_process off; pid ${mine}/pid; error_log ${mine}/error;
events {}
http {
  access_log off; client_max_body_size 0; ${bodies.join(' ')}
  map $proxy_protocol_addr $client { '' $remote_addr; default $proxy_protocol_addr; }
  server {
    ${listen.map((what) => `listen ${what};`).join(' ')}
    location = /who { return 200 "${name} $client\\n"; }
    location /data { root ${folder}; }
    location / { root ${mine}; dav_methods PUT; }
  }
}
`,
  );
  return path.join(mine, 'nginx.conf');
}

/** Says a number over as many UDP sockets, each until it is answered; prints what came. */
const ASK = `const [own, host, count] = process.argv.slice(1);
const left = new Set();
for (let n = 0; n < Number(count); n++) {
  const socket = require('node:dgram').createSocket(host.includes(':') ? 'udp6' : 'udp4');
  const say = () => socket.send('=' + n, 443, host);
  const again = setInterval(say, 300);
  left.add(n);
  socket.on('message', (message) => {
    if (!left.delete(n)) return;
    console.log(message.toString());
    clearInterval(again);
    socket.close();
  });
  socket.bind(0, own, say);
}
setTimeout(() => process.exit(1), 15000).unref();`;

describe('real servers behind every mode', () => {
  const folder = mkdtempSync(path.join(tmpdir(), 'sluice-modes-'));
  const data = randomBytes(DATA);
  const running: ChildProcess[] = [];
  let lab: Lab;

  beforeAll(async () => {
    writeFileSync(path.join(folder, 'data'), data);
    lab = await Lab.start({ workers: 2 });
    await twoServers(
      lab,
      PAST.map(({ at }) => at),
    );
    const balancers = SERVICES.map(({ name, at, mode, more, ends: { backends } }) => {
      const port = more === '' ? '' : ', port: 8443';
      const [one, two] = backends.map((address) => `{ address: '${address}'${port} }`);
      const reset = name === 'nat4' ? 'on-failure: reset, ' : '';
      const service = more === '' ? '[tcp/80, udp/443]' : 'tcp/80';
      return `  ${name}: { at: '${at}', service: ${service}, mode: ${mode}, ${more}${reset}backends: { one: ${one}, two: ${two} } }\n`;
    });
    const file = writeRules(
      lab,
      folder,
      SERVICES.map(
        ({ name }) => `{ name: ${name}, destination: { balancer: ${name} }, action: allow }`,
      ),
      `\nbalancers:\n${balancers.join('')}`,
    );
    const { code, stderr } = await lab.sluice('apply', file);
    expect([code, stderr]).toEqual([0, '']);
    for (const [host, name, last] of [
      ['dmz', 'one', '11'],
      [SECOND, 'two', '12'],
    ] as const) {
      const at = ['netns', 'exec', lab.prefix + host];
      const argv = [...at, 'nginx', '-c', nginx(folder, name)];
      running.push(spawn('ip', argv, { stdio: ['ignore', 'ignore', 'inherit'] }));
      running.push(await decapsulate(lab, host));
      const addresses = [`10.20.0.${last}`, `2001:db8:14::${last}`, ...PAST.map(({ at }) => at)];
      running.push(await echoUdp(lab, addresses, { host, name, port: 443 }));
      await until('nginx', 10_000, async () =>
        (await command(['ip', ...at, 'ss', '-Hltn', 'sport = :8443'])).includes('8443'),
      );
    }
  });
  afterAll(async () => {
    for (const child of running) child.kill();
    await lab.close();
    rmSync(folder, { recursive: true });
  });

  const curl = (from: string, ...args: readonly string[]): Promise<string> =>
    command([
      ...(['ip', 'netns', 'exec', `${lab.prefix}wan`, 'curl'] as const),
      ...['-sSfg', '--max-time', '60', '--interface', from, ...args],
    ]);

  const backends = async (name: string): Promise<BalancerShown['backends']> => {
    const { balancers } = await lab.show<{ balancers: readonly BalancerShown[] }>('balancers');
    return balancers.find((one) => one.name === name)?.backends ?? [];
  };

  test.each(SERVICES)('$name: HTTP, from both', async ({ name, at, from, seen }) => {
    const before = await backends(name);
    const url = `http://${literal(at)}/who`;
    const each = Array.from({ length: 24 }, () => url);
    const said = (await curl(from, '-H', 'Connection: close', ...each)).trim().split('\n');
    expect(said).toHaveLength(24);
    const count = (which: string): number =>
      said.filter((line) => line === `${which} ${seen}`).length;
    expect([count('one') + count('two'), new Set(said)]).toEqual([
      24,
      new Set([`one ${seen}`, `two ${seen}`]),
    ]);
    const after = await backends(name);
    expect(after.map(({ opened }, i) => opened - (before[i]?.opened ?? 0))).toEqual([
      count('one'),
      count('two'),
    ]);
  });

  test.each(SERVICES)('$name: 4 MB down and up', async ({ name, at, from }) => {
    const got = path.join(folder, `${name}.got`);
    const url = `http://${literal(at)}`;
    await curl(from, '-o', got, `${url}/data`);
    await curl(from, '-T', path.join(folder, 'data'), `${url}/put-${name}`);
    const taken = ['one', 'two'].flatMap((server) => {
      try {
        return [readFileSync(path.join(folder, server, `put-${name}`))];
      } catch {
        return [];
      }
    });
    const sum = (bytes: Buffer): string => createHash('sha256').update(bytes).digest('hex');
    expect([readFileSync(got), ...taken].map(sum)).toEqual([sum(data), sum(data)]);
  });

  test.each(SERVICES.filter(({ more }) => more === ''))(
    '$name: UDP, from both',
    async ({ at, from }) => {
      const node = [process.execPath, '-e', ASK, from, at, '24'];
      const out = await command(['ip', 'netns', 'exec', `${lab.prefix}wan`, ...node]);
      const said = out.trim().split('\n');
      expect(new Set(said.map((line) => line.split('=')[0]))).toEqual(new Set(['one', 'two']));
      expect(new Set(said.map((line) => line.split('=')[1])).size).toBe(24);
    },
  );

  test('where no backend is left, clients are told by a reset', async () => {
    const flow = await lab.hosts.inside.tcp('198.51.100.4', 80);
    for (const backend of ['one', 'two'])
      await lab.sluice('balancer', 'nat4', 'backend', backend, 'disable');
    await expect(flow.echo('still there?')).rejects.toThrow('ECONNRESET');
    await expect(lab.hosts.inside.tcp('198.51.100.4', 80)).rejects.toThrow('ECONNREFUSED');
    // Without the word, connecting is left to time out.
    for (const backend of ['one', 'two'])
      await lab.sluice('balancer', 'full4', 'backend', backend, 'disable');
    await expect(lab.hosts.inside.tcp('198.51.100.5', 80, 500)).rejects.toThrow('timeout');
  });
});
