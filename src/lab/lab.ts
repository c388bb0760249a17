// SPDX-License-Identifier: BSD-3-Clause
import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { mkdirSync, openSync, closeSync, readFileSync } from 'node:fs';
import path from 'node:path';
import { setTimeout as wait } from 'node:timers/promises';
import { ApiClient, AwayError } from '../daemon/api/client.js';
import { datapathBinary } from '../datapath/offline.js';
import { projectRoot } from '../datapath/root.js';
import { cleanUp } from './cleanup.js';
import { attempt, type CommandResult } from './command.js';
import { RunningHost } from './host.js';
import { raiseHugepages } from './hugepages.js';
import { EDGE, HOSTS, type LabHost } from './network.js';
import { builtProgram, program } from './program.js';
import { abandoned, runDirectoryOf, takePrefix, writeState } from './state.js';
import { wire } from './wiring.js';

export interface LabOptions {
  /** Workers of the datapath, 1 unless given. */
  readonly workers?: number;
  /** Told of each step as it begins. */
  readonly say?: (line: string) => void;
}

/** ms until sluiced and its datapath must answer. */
const START = 90_000;

/** The appliance in namespaces, with hosts around it. Close it, or end the process: all goes away. */
export class Lab {
  readonly prefix: string;
  readonly runDirectory: string;
  readonly hosts: Readonly<Record<LabHost['name'], RunningHost>>;
  readonly hugepages: boolean;
  readonly #guard: ChildProcess;
  #daemon: ChildProcess | null = null;

  private constructor(
    prefix: string,
    runDirectory: string,
    hosts: Lab['hosts'],
    hugepages: boolean,
    guard: ChildProcess,
  ) {
    this.prefix = prefix;
    this.runDirectory = runDirectory;
    this.hosts = hosts;
    this.hugepages = hugepages;
    this.#guard = guard;
  }

  /** Builds the lab and waits until the appliance answers; no rules are in force yet. */
  static async start({ workers = 1, say = () => undefined }: LabOptions = {}): Promise<Lab> {
    for (const state of abandoned()) {
      say(`cleaning up after the lab ${state.prefix} that was cut off`);
      await cleanUp(state);
    }
    const { prefix, directory } = takePrefix();
    const { before, enough } = raiseHugepages();
    const guard = startGuard({ prefix, directory, guard: 0, hugepages: before });
    try {
      writeState({ prefix, directory, guard: guard.pid ?? 0, hugepages: before });
      const runDirectory = runDirectoryOf({ directory });
      mkdirSync(runDirectory, { mode: 0o750 });
      say(
        `namespaces ${[EDGE, ...HOSTS.map(({ name }) => name)].map((n) => prefix + n).join(', ')}`,
      );
      await wire(prefix);
      const started = await Promise.all(
        HOSTS.map(async (host) => [host.name, await RunningHost.start(prefix + host.name, host)]),
      );
      const hosts = Object.fromEntries(started) as Lab['hosts'];
      const lab = new Lab(prefix, runDirectory, hosts, enough, guard);
      say('sluiced and the datapath');
      await lab.startDaemon(workers);
      return lab;
    } catch (error) {
      await dismiss(guard);
      throw error;
    }
  }

  /** Starts sluiced in the appliance's namespace and waits until the datapath answers. */
  async startDaemon(workers = 1): Promise<void> {
    const log = openSync(path.join(this.runDirectory, 'sluiced.err'), 'a');
    const argv = ['--run-dir', this.runDirectory, '--datapath', datapathBinary()];
    const options = ['--workers', String(workers), ...(this.hugepages ? [] : ['--no-huge'])];
    const node = [process.execPath, builtProgram('daemon/main'), ...argv, '--', ...options];
    const daemon = spawn('ip', ['netns', 'exec', this.prefix + EDGE, ...node], {
      stdio: ['ignore', log, log],
      detached: true,
    });
    closeSync(log);
    daemon.unref();
    this.#daemon = daemon;
    await this.#answers(daemon);
  }

  /** Ends sluiced; the datapath goes on. */
  async stopDaemon(): Promise<void> {
    const daemon = this.#daemon;
    if (daemon === null || daemon.exitCode !== null) return;
    const gone = once(daemon, 'exit');
    daemon.kill('SIGTERM');
    await gone;
    this.#daemon = null;
  }

  /** Ends sluiced at once, whatever it is about to do; the datapath goes on. */
  async killDaemon(): Promise<void> {
    const daemon = this.#daemon;
    if (daemon === null || daemon.exitCode !== null) return;
    const gone = once(daemon, 'exit');
    daemon.kill('SIGKILL');
    await gone;
    this.#daemon = null;
  }

  /** Runs a sluice command against the lab's appliance. */
  sluice(...args: string[]): Promise<CommandResult> {
    return attempt([process.execPath, builtProgram('cli/main'), ...args], {
      env: this.environment,
    });
  }

  /** A show as its document; throws what the command says when it fails. */
  async show<T>(...args: string[]): Promise<T> {
    const { code, stdout, stderr } = await this.sluice('show', ...args, '--json');
    if (code !== 0) throw new Error(`show ${args.join(' ')}: exit ${code}: ${stderr.trim()}`);
    return JSON.parse(stdout) as T;
  }

  /** Runs a command in the appliance's namespace. */
  inEdge(...argv: string[]): Promise<CommandResult> {
    return attempt(['ip', 'netns', 'exec', this.prefix + EDGE, ...argv]);
  }

  get api(): ApiClient {
    return new ApiClient(this.runDirectory);
  }

  get environment(): Readonly<Record<string, string>> {
    return { SLUICE_RUN_DIR: this.runDirectory };
  }

  /** The rule file the lab's network is written for. */
  get rules(): string {
    return path.join(projectRoot(), 'rules/office.yaml');
  }

  get datapathPid(): number {
    return Number(readFileSync(path.join(this.runDirectory, 'datapath.pid'), 'utf8'));
  }

  get daemonPid(): number {
    return this.#daemon?.pid ?? 0;
  }

  /** The last lines of the appliance's logs, for when something went wrong. */
  logs(lines = 20): string {
    return ['sluiced.err', 'sluiced.log', 'datapath.log']
      .map((name) => {
        let text: string;
        try {
          text = readFileSync(path.join(this.runDirectory, name), 'utf8');
        } catch {
          return '';
        }
        const last = text.trimEnd().split('\n').slice(-lines);
        return text === '' ? '' : `${name}:\n${last.map((line) => `  ${line}\n`).join('')}`;
      })
      .join('');
  }

  /** Gives everything back to the machine. */
  async close(): Promise<void> {
    await dismiss(this.#guard);
  }

  async #answers(daemon: ChildProcess): Promise<void> {
    const deadline = Date.now() + START;
    while (Date.now() < deadline && daemon.exitCode === null) {
      try {
        await this.api.get('/show/version');
        return;
      } catch (error) {
        if (!(error instanceof AwayError)) throw error;
        await wait(20);
      }
    }
    throw new Error(`the appliance did not start\n${this.logs()}`);
  }
}

function startGuard(state: Parameters<typeof writeState>[0]): ChildProcess {
  return spawn(process.execPath, [program('guard'), JSON.stringify(state)], {
    stdio: ['pipe', 'ignore', 'inherit'],
    detached: true,
  });
}

/** Lets the guard clean up, and waits until it has. */
async function dismiss(guard: ChildProcess): Promise<void> {
  if (guard.exitCode !== null) return;
  guard.stdin?.end();
  await once(guard, 'exit');
}
