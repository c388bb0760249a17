// SPDX-License-Identifier: BSD-3-Clause
import { spawn, type ChildProcess } from 'node:child_process';
import { chmodSync, mkdirSync, readFileSync, readlinkSync, rmSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import type { Learner } from '../groups/messages.js';
import { FileWatch } from '../groups/watch.js';
import { saidOf, type Said } from './ipv6-said.js';

/** ms until a client that ended is started again: its device may not be there yet. */
const PAUSE = 1000;
/** What the client tells by: the last word of each protocol. */
const PROTOCOLS = ['ra', 'dhcp6'] as const;

/**
 * Where the client keeps what it knows by names of interfaces alone, each has directories of its own.
 * The link-local address is the kernel's: once the client runs, the kernel makes none.
 */
const START = `ip -6 -o address show dev "$1" scope link | grep -q . || exit
for d in /run/dhcpcd /var/lib/dhcpcd; do
  mkdir -p $d && mount --bind "$0" $d || exit
done
exec dhcpcd -6 -B -q -q -f "$0/conf" "$1"`;

/** Keeps a client of router advertisements and DHCPv6 (dhcpcd) on the kernel's device of an interface. */
export class Ipv6Client {
  readonly #name: string;
  readonly #home: string;
  readonly #told: (said: Said) => void;
  readonly #watch: FileWatch;
  #child: ChildProcess | null = null;
  #timer: NodeJS.Timeout | undefined;
  #stopped = false;

  constructor(
    directory: string,
    name: string,
    wishes: NonNullable<Learner['v6']>,
    told: (said: Said) => void,
    failed: (message: string) => void,
  ) {
    this.#name = name;
    this.#home = path.join(directory, `ipv6-${name}`);
    this.#told = told;
    this.#endLast();
    mkdirSync(this.#home, { recursive: true, mode: 0o700 });
    for (const protocol of PROTOCOLS) rmSync(this.#file(protocol), { force: true });
    const hook = this.#file('hook');
    writeFileSync(hook, hookOf(this.#home));
    chmodSync(hook, 0o700);
    writeFileSync(this.#file('conf'), configurationOf(name, hook, wishes));
    this.#watch = new FileWatch(
      (files) => this.#read(files),
      (_, message) => failed(message),
    );
    this.#watch.set(PROTOCOLS.map((protocol) => this.#file(protocol)));
    this.#start();
  }

  stop(): void {
    this.#stopped = true;
    clearTimeout(this.#timer);
    this.#watch.close();
    this.#child?.kill('SIGTERM');
  }

  #file(name: string): string {
    return path.join(this.#home, name);
  }

  /** One that a sluiced before us left behind. Its title says of which interface it is. */
  #endLast(): void {
    try {
      const pid = Number(readFileSync(this.#file('pid'), 'utf8'));
      const title = readFileSync(`/proc/${pid}/cmdline`, 'utf8').split(/[\0 ]/);
      const here = readlinkSync(`/proc/${pid}/ns/net`) === readlinkSync('/proc/self/ns/net');
      if (here && title[0]?.startsWith('dhcpcd') === true && title.includes(this.#name))
        process.kill(pid, 'SIGTERM');
    } catch {
      // There is none.
    }
  }

  #start(): void {
    const argv = ['-m', 'sh', '-c', START, this.#home, this.#name];
    const child = spawn('unshare', argv, { stdio: 'ignore' });
    this.#child = child;
    if (child.pid !== undefined) writeFileSync(this.#file('pid'), String(child.pid));
    const again = (): void => {
      if (this.#stopped || this.#child !== child) return;
      this.#child = null;
      this.#timer = setTimeout(() => this.#start(), PAUSE).unref();
    };
    child.on('error', again).on('exit', again);
  }

  #read(files: readonly string[]): void {
    for (const file of files) {
      if (this.#stopped) return;
      try {
        this.#told(saidOf(readFileSync(file, 'utf8')));
      } catch (error) {
        if ((error as NodeJS.ErrnoException).code !== 'ENOENT') throw error;
      }
    }
  }
}

/** Puts the client's words in a file for each protocol. */
function hookOf(home: string): string {
  return `#!/bin/sh
case $protocol in ra | dhcp6) ;; *) exit 0 ;; esac
to='${home}'/$protocol
{ env && echo "mac=$(cat "/sys/class/net/$interface/address")"; } >"$to.next" && mv "$to.next" "$to"
`;
}

/** It hears and asks; what comes of it is for sluiced to make so. */
function configurationOf(
  name: string,
  hook: string,
  { dhcp, prefix }: NonNullable<Learner['v6']>,
): string {
  const asks = [...(dhcp ? ['ia_na 1'] : []), ...(prefix === null ? [] : [`ia_pd 2/::/${prefix}`])];
  return [
    'noipv4',
    'noconfigure',
    'nodev',
    'duid ll',
    'timeout 0',
    `script ${hook}`,
    `interface ${name}`,
    ...(asks.length === 0 ? ['nodhcp6'] : ['iaid 1', ...asks]),
    '',
  ].join('\n');
}
