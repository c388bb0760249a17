// SPDX-License-Identifier: BSD-3-Clause
// A host of the lab: echoes on the ports it serves and opens flows it is told to, in its namespace.
import { createSocket, type Socket as Datagrams } from 'node:dgram';
import { connect, createServer, type Socket } from 'node:net';
import type { AgentAnswer, AgentJob } from './agent-messages.js';

class Agent {
  readonly #streams = new Map<number, Socket>();
  readonly #datagrams = new Map<number, Datagrams>();
  #next = 1;

  async run(job: AgentJob): Promise<unknown> {
    switch (job.op) {
      case 'serve-tcp':
        return this.#serveTcp(job.port);
      case 'serve-udp':
        return this.#serveUdp(job.address, job.port);
      case 'tcp':
        return this.#open(job.host, job.port, job.timeout);
      case 'udp':
        return this.#bind(job.host, job.port);
      case 'echo':
        return this.#echo(job.flow, job.text, job.timeout);
      case 'close':
        this.#close(job.flow);
        return null;
    }
  }

  /** Both families; a reset peer is no matter. */
  #serveTcp(port: number): Promise<void> {
    const server = createServer((socket) => {
      socket.on('error', () => socket.destroy());
      socket.pipe(socket);
    });
    return new Promise((resolve, reject) => {
      server.on('error', reject);
      server.listen(port, '::', () => resolve());
    });
  }

  /** On one address, or an answer would leave by whichever the route suggests. */
  #serveUdp(address: string, port: number): Promise<void> {
    const socket = createSocket(familyOf(address));
    socket.on('message', (message, from) => socket.send(message, from.port, from.address));
    return new Promise((resolve, reject) => {
      socket.on('error', reject);
      socket.bind(port, address, () => resolve());
    });
  }

  async #open(host: string, port: number, timeout: number): Promise<number> {
    const socket = connect({ host, port, noDelay: true });
    try {
      await within<null>(timeout, (resolve, reject) => {
        socket.once('error', reject).once('connect', () => resolve(null));
        return () => socket.off('error', reject);
      });
    } catch (error) {
      socket.destroy();
      throw error;
    }
    // A reset later on shows in the next echo.
    socket.on('error', () => undefined);
    const flow = this.#next++;
    this.#streams.set(flow, socket);
    return flow;
  }

  #bind(host: string, port: number): Promise<number> {
    const socket = createSocket(familyOf(host));
    const flow = this.#next++;
    this.#datagrams.set(flow, socket);
    socket.on('error', () => undefined);
    return new Promise((resolve, reject) => {
      socket.once('error', reject);
      socket.connect(port, host, () => resolve(flow));
    });
  }

  #echo(flow: number, text: string, timeout: number): Promise<string> {
    const stream = this.#streams.get(flow);
    if (stream !== undefined) {
      let got = '';
      return within(timeout, (resolve, reject) => {
        const take = (chunk: Buffer): void => {
          got += chunk.toString('utf8');
          if (got.length >= text.length) resolve(got);
        };
        stream.on('data', take).on('error', reject).write(text);
        return () => stream.off('data', take).off('error', reject);
      });
    }
    const socket = this.#datagrams.get(flow);
    if (socket === undefined) throw new Error(`no flow ${flow}`);
    return within(timeout, (resolve, reject) => {
      const take = (message: Buffer): void => resolve(message.toString('utf8'));
      socket.on('message', take).on('error', reject).send(text);
      return () => socket.off('message', take).off('error', reject);
    });
  }

  #close(flow: number): void {
    this.#streams.get(flow)?.destroy();
    this.#datagrams.get(flow)?.close();
    this.#streams.delete(flow);
    this.#datagrams.delete(flow);
  }
}

function familyOf(address: string): 'udp4' | 'udp6' {
  return address.includes(':') ? 'udp6' : 'udp4';
}

/** A promise that fails after `timeout` ms; what `start` gives back is called when it is settled. */
async function within<T>(
  timeout: number,
  start: (resolve: (value: T) => void, reject: (error: Error) => void) => () => unknown,
): Promise<T> {
  let timer: NodeJS.Timeout | undefined;
  let undo: () => unknown = () => undefined;
  try {
    return await new Promise<T>((resolve, reject) => {
      timer = setTimeout(() => reject(new Error('timeout')), timeout);
      undo = start(resolve, reject);
    });
  } finally {
    clearTimeout(timer);
    undo();
  }
}

const agent = new Agent();
process.on('message', ({ id, job }: { id: number; job: AgentJob }) => {
  const send = (answer: AgentAnswer): void => void process.send?.(answer);
  agent.run(job).then(
    (value) => send({ id, value }),
    (error: unknown) => {
      const { code, message } = error as NodeJS.ErrnoException;
      send({ id, error: code ?? message });
    },
  );
});
process.on('disconnect', () => process.exit(0));
