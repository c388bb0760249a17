// SPDX-License-Identifier: BSD-3-Clause
import { spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { createInterface } from 'node:readline';
import { expect, it } from 'vitest';
import { Supervisor } from '../../../src/datapath/supervisor.js';

/** What stands for systemd: prints each datagram. */
const LISTENER = `
import socket, sys
s = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
name = sys.argv[1]
s.bind('\\0' + name[1:] if name[0] == '@' else name)
print('bound', flush=True)
while True: print(s.recv(100).decode(), flush=True)
`;

it.each(['file', 'abstract'])(
  'tells systemd over a socket with an address that is %s',
  async (kind) => {
    const folder = mkdtempSync(path.join(tmpdir(), 'sluice-notify-'));
    const file = `${folder}/notify`;
    const name = kind === 'file' ? file : `@${file}`;
    const listener = spawn('python3', ['-c', LISTENER, name], {
      stdio: ['ignore', 'pipe', 'inherit'],
    });
    const lines = createInterface(listener.stdout)[Symbol.asyncIterator]();
    const next = async (): Promise<unknown> => (await lines.next()).value;
    expect(await next()).toBe('bound');
    const environment = { NOTIFY_SOCKET: name, WATCHDOG_USEC: '60000', HOME: '/' };
    const supervisor = new Supervisor(environment);
    expect(environment).toEqual({ HOME: '/' });
    supervisor.ready();
    expect([await next(), await next(), await next()]).toEqual([
      'READY=1',
      'WATCHDOG=1',
      'WATCHDOG=1',
    ]);
    supervisor.stopping();
    let last = await next();
    while (last === 'WATCHDOG=1') last = await next();
    expect(last).toBe('STOPPING=1');
    listener.kill();
    await once(listener, 'exit');
    rmSync(folder, { recursive: true });
  },
);

it('says nothing where nothing listens, or where the watchdog is meant for another', () => {
  const supervisor = new Supervisor({ WATCHDOG_USEC: '1000', WATCHDOG_PID: '1' });
  supervisor.ready();
  supervisor.stopping();
});

it('leaves no core of a process or of its children', () => {
  const script = `import { withoutCores } from './src/datapath/supervisor.ts';
import { execFileSync } from 'node:child_process';
withoutCores();
process.stdout.write(execFileSync('sh', ['-c', 'ulimit -c; ulimit -Hc']));`;
  const { stdout, stderr } = spawnSync(
    process.execPath,
    ['--import', 'tsx', '--input-type=module', '--eval', script],
    { encoding: 'utf8' },
  );
  expect([stdout, stderr]).toEqual(['0\n0\n', '']);
});
