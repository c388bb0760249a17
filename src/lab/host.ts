// SPDX-License-Identifier: BSD-3-Clause
import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import type { AgentAnswer, AgentJob } from './agent-messages.js';
import { attempt, command } from './command.js';
import type { LabHost } from './network.js';
import { program } from './program.js';

/** ms a flow may take to be answered; a denied one takes as long to be told. */
const TIMEOUT = 3000;

/** A flow that is open at a host; `echo` throws when the text does not come back in time. */
export interface Flow {
  echo(text: string, timeout?: number): Promise<void>;
  close(): Promise<void>;
}

/** What a host has and serves. */
type Served = Pick<LabHost, 'tcp' | 'udp' | 'addresses' | 'loopback'>;

/** A host of the lab while it runs: what it serves echoes, and it opens flows when told. */
export class RunningHost {
  readonly namespace: string;
  readonly #agent: ChildProcess;
  readonly #waiting = new Map<number, (answer: AgentAnswer) => void>();
  #next = 1;

  private constructor(namespace: string) {
    this.namespace = namespace;
    const argv = ['netns', 'exec', namespace, process.execPath, program('agent')];
    this.#agent = spawn('ip', argv, { stdio: ['ignore', 'ignore', 'inherit', 'ipc'] });
    this.#agent.on('message', (answer: AgentAnswer) => {
      this.#waiting.get(answer.id)?.(answer);
      this.#waiting.delete(answer.id);
    });
  }

  /** Starts a host's agent and what it serves. */
  static async start(namespace: string, { tcp, udp, addresses, loopback }: Served) {
    const host = new RunningHost(namespace);
    await once(host.#agent, 'spawn');
    for (const port of tcp) await host.#ask({ op: 'serve-tcp', port });
    for (const port of udp)
      for (const prefix of [...addresses, ...loopback]) {
        const address = prefix.slice(0, prefix.indexOf('/'));
        await host.#ask({ op: 'serve-udp', address, port });
      }
    return host;
  }

  /** Opens a TCP connection; throws `timeout` or an errno's name. */
  async tcp(host: string, port: number, timeout = TIMEOUT): Promise<Flow> {
    return this.#flow((await this.#ask({ op: 'tcp', host, port, timeout })) as number);
  }

  /** Opens a UDP socket to a peer; nothing is sent yet. */
  async udp(host: string, port: number): Promise<Flow> {
    return this.#flow((await this.#ask({ op: 'udp', host, port })) as number);
  }

  /** One echo request with an answer within two seconds? */
  async ping(address: string): Promise<boolean> {
    const argv = ['ip', 'netns', 'exec', this.namespace, 'ping', '-n', '-c1', '-W2', address];
    return (await attempt(argv as [string, ...string[]])).code === 0;
  }

  /**
   * Pings with a packet of `bytes` that must not be fragmented: `bytes` where it is answered, the MTU
   * that somebody says there is, or null.
   */
  async pathMtu(address: string, bytes: number): Promise<number | null> {
    const payload = String(bytes - (address.includes(':') ? 48 : 28));
    const ping = ['ping', '-n', '-c1', '-W2', '-M', 'do', '-s', payload, address];
    const { code, stdout, stderr } = await attempt([
      'ip',
      'netns',
      'exec',
      this.namespace,
      ...ping,
    ]);
    if (code === 0) return bytes;
    const said = /mtu ?[:=] ?(\d+)/.exec(stdout + stderr);
    return said === null ? null : Number(said[1]);
  }

  /** Lets the kernel forget what it was told of MTUs. */
  async forgetMtus(): Promise<void> {
    for (const family of ['-4', '-6'])
      await command(['ip', '-n', this.namespace, family, 'route', 'flush', 'cache']);
  }

  #flow(flow: number): Flow {
    return {
      echo: async (text, timeout = TIMEOUT) => {
        const got = await this.#ask({ op: 'echo', flow, text, timeout });
        if (got !== text) throw new Error(`sent ${text}, got ${String(got)}`);
      },
      close: async () => {
        await this.#ask({ op: 'close', flow });
      },
    };
  }

  async #ask(job: AgentJob): Promise<unknown> {
    const id = this.#next++;
    const answer = await new Promise<AgentAnswer>((resolve) => {
      this.#waiting.set(id, resolve);
      this.#agent.send({ id, job });
    });
    if (answer.error !== undefined) throw new Error(answer.error);
    return answer.value;
  }
}
