// SPDX-License-Identifier: BSD-3-Clause
import { execFile } from 'node:child_process';
import { createHash } from 'node:crypto';
import { existsSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { setTimeout as wait } from 'node:timers/promises';
import { promisify } from 'node:util';
import type { Logger } from 'pino';
import type { Frr } from '../../routing/model.js';
import { FrrDaemon, PROGRAMS } from './frr-daemon.js';

const run = promisify(execFile);

/** ms until a daemon that ended is started again. */
const PAUSE = 1000;
const MOST = 1 << 26;
/** Numbers of rtnetlink that FRR's daemons have for their routes: babel, and zebra's own row. */
const PROTOCOLS = ['11', '42', ...Array.from({ length: 12 }, (_, i) => String(186 + i))];

/**
 * FRR as long as the model in force has a file of it: the daemons that the file needs, each started
 * again when it ends, and told only what changed. What they learn goes to the kernel, where the fast
 * path has all its routes from.
 */
export class FrrDaemons {
  readonly #directory: string;
  readonly #log: Logger;
  readonly #daemons = new Map<string, FrrDaemon>();
  #frr: Frr | null = null;
  /** What they have been told; null before. */
  #told: string | null = null;
  #problem: string | null = null;
  #closed = false;
  #turn: Promise<unknown> = Promise.resolve();

  /** `run`: sluiced's own folder, which FRR's user may not enter. */
  constructor(run: string, log: Logger) {
    const id = createHash('sha256').update(path.resolve(run)).digest('hex').slice(0, 8);
    this.#directory = `/run/frr/${path.resolve(run) === '/run/sluice' ? 'sluice' : `sluice-${id}`}`;
    this.#log = log;
  }

  /** What is in force; null where FRR does not run. */
  get frr(): Frr | null {
    return this.#frr;
  }

  /** Where vtysh finds the daemons. */
  get directory(): string {
    return this.#directory;
  }

  get daemons(): readonly FrrDaemon[] {
    return [...this.#daemons.values()];
  }

  /** Why it does not run by all of its file. */
  get problem(): string | null {
    return this.#problem;
  }

  take(frr: Frr | null): void {
    if (frr === null && this.#frr === null) return;
    const same = frr?.text === this.#frr?.text;
    this.#frr = frr;
    if (!same) void this.#inTurn(() => this.#bring());
  }

  /** What vtysh says to a command, as JSON; null where it says nothing. */
  async ask(command: string): Promise<unknown> {
    const { stdout } = await this.#vtysh('-c', command);
    return stdout.trim() === '' ? null : JSON.parse(stdout);
  }

  /** The daemons end; routes stay for those that come after. */
  async close(): Promise<void> {
    this.#closed = true;
    await this.#turn;
    await this.#stopAll();
  }

  #inTurn(work: () => Promise<void>): Promise<void> {
    const turn = this.#turn.then(work);
    this.#turn = turn.catch((error: unknown) => {
      this.#problem = (error as Error).message;
      this.#log.error({ event: 'frr-not-told', message: this.#problem });
    });
    return this.#turn as Promise<void>;
  }

  /** Brings the daemons from what they are and know to what is in force. */
  async #bring(): Promise<void> {
    if (this.#closed) return;
    this.#problem = null;
    const frr = this.#frr;
    if (frr === null) {
      await this.#stopAll();
      this.#told = null;
      await this.#flush();
      this.#log.info({ event: 'frr-stopped' });
      return;
    }
    const start = performance.now();
    await run('install', ['-d', '-o', 'frr', '-g', 'frr', '-m', '0755', '/run/frr']);
    await run('install', ['-d', '-o', 'frr', '-g', 'frr', '-m', '0750', this.#directory]);
    for (const name of ['frr.conf', 'vtysh.conf'])
      writeFileSync(this.#file(name), name === 'frr.conf' ? frr.text : '', { mode: 0o600 });
    const wanted = ['zebra', ...frr.daemons];
    // From FRR 9 on it hands out the configuration of others.
    if (existsSync(path.join(PROGRAMS, 'mgmtd'))) wanted.unshift('mgmtd');
    for (const [name, daemon] of this.#daemons)
      if (!wanted.includes(name)) {
        this.#daemons.delete(name);
        await daemon.stop();
      }
    const fresh = wanted.filter((name) => this.#daemons.get(name)?.running !== true);
    for (const name of fresh) await this.#start(name);
    if (this.#told !== null && this.#told !== frr.text) await this.#reload();
    else if (fresh.length > 0) await this.#vtysh('-f', this.#file('frr.conf'));
    this.#told = frr.text;
    const ms = Math.round(performance.now() - start);
    this.#log.info({ event: 'frr-told', file: frr.file, started: fresh, ms });
  }

  async #start(name: string): Promise<void> {
    const log = this.#log;
    const daemon = await FrrDaemon.start(
      name,
      this.#directory,
      (line) => log.info({ event: 'frr', daemon: name, line }),
      (how) => this.#ended(name, how),
    );
    this.#daemons.set(name, daemon);
    if (!(await daemon.ready())) throw new Error(`${name} does not start`);
    log.info({ event: 'frr-daemon-up', daemon: name, pid: daemon.pid });
  }

  #ended(name: string, how: string): void {
    if (this.#closed || !this.#daemons.has(name) || this.#frr === null) return;
    this.#log.error({ event: 'frr-daemon-down', daemon: name, how });
    void wait(PAUSE, undefined, { ref: false }).then(() => this.#inTurn(() => this.#bring()));
  }

  /** FRR's own tool finds the difference, so that what stays is not disturbed. */
  async #reload(): Promise<void> {
    const folders = ['--confdir', '--rundir', '--vty_socket'].flatMap((word) => [
      word,
      this.#directory,
    ]);
    const program = path.join(PROGRAMS, 'frr-reload.py');
    const argv = ['--reload', '--stdout', '--log-level', 'error', '--bindir', '/usr/bin'];
    await run(program, [...argv, ...folders, this.#file('frr.conf')], { maxBuffer: MOST }).catch(
      (error: unknown) => {
        const { stdout = '', message } = error as { stdout?: string; message: string };
        const last = stdout.trim().split('\n').at(-1) ?? '';
        throw new Error(`frr-reload: ${last === '' ? message : last}`);
      },
    );
  }

  #vtysh(...argv: string[]): Promise<{ stdout: string }> {
    const where = ['--vty_socket', this.#directory, '--config_dir', this.#directory];
    return run('vtysh', [...where, ...argv], { maxBuffer: MOST });
  }

  /** zebra last: it is who the others tell. */
  async #stopAll(): Promise<void> {
    const daemons = this.daemons.toReversed();
    this.#daemons.clear();
    for (const daemon of daemons) await daemon.stop();
  }

  /** zebra leaves its routes; without a file of FRR none of them is meant. */
  async #flush(): Promise<void> {
    for (const family of ['-4', '-6'])
      for (const protocol of PROTOCOLS)
        await run('ip', [family, 'route', 'flush', 'proto', protocol]);
    await run('ip', ['nexthop', 'flush', 'proto', 'zebra']).catch(() => undefined);
  }

  #file(name: string): string {
    return path.join(this.#directory, name);
  }
}
