// SPDX-License-Identifier: BSD-3-Clause
import { createSocket, type Socket as UdpSocket } from 'node:dgram';
import { connect as connectTcp, isIP, type Socket } from 'node:net';
import { connect as connectTls } from 'node:tls';
import type { SyslogServer } from '../system/model.js';

/** A message as RFC 5424 has it, before it has its head. */
export interface SyslogMessage {
  /** ISO time. */
  readonly at: string;
  /** MSGID: what kind of message it is. */
  readonly event: string;
  readonly severity: Severity;
  readonly text: string;
}

/** RFC 5424, 6.2.1. */
export type Severity = 3 | 4 | 5 | 6;

const FACILITY_LOCAL0 = 16;
/** Messages that wait for a server that is away; the oldest go first. */
const MOST_WAITING = 10_000;
/** Bytes the kernel has not taken yet, beyond which a server counts as too slow. */
const MOST_BEHIND = 2 ** 20;
const FIRST_PAUSE = 1000;
const LONGEST_PAUSE = 60_000;

/** `<PRI>1 TIME HOST sluice PID EVENT - TEXT` (RFC 5424, 6). */
export function syslogLine(message: SyslogMessage, host: string, pid: number): string {
  const priority = FACILITY_LOCAL0 * 8 + message.severity;
  const plain = message.text.replace(/[\r\n]+/g, ' ');
  return `<${priority}>1 ${message.at} ${host} sluice ${pid} ${message.event} - ${plain}`;
}

export interface SyslogState {
  readonly server: SyslogServer;
  readonly connected: boolean;
  readonly sent: number;
  readonly lost: number;
  /** Why it is not connected. */
  readonly problem: string | null;
}

/**
 * Sends messages to one server. Over TCP and TLS each has its length before it (RFC 6587, 3.4.1; RFC 5425,
 * 4.3); a server that is away is tried again, and what does not fit until then is counted as lost.
 */
export class SyslogSender {
  readonly server: SyslogServer;
  readonly #ca: string | undefined;
  #waiting: Buffer[] = [];
  #stream: Socket | null = null;
  #udp: UdpSocket | null = null;
  #connected = false;
  #pause = FIRST_PAUSE;
  #timer: NodeJS.Timeout | null = null;
  #closed = false;
  #sent = 0;
  #lost = 0;
  #problem: string | null = null;

  /** `ca`: certificates to trust instead of the system's. */
  constructor(server: SyslogServer, ca?: string) {
    this.server = server;
    this.#ca = ca;
    this.#open();
  }

  get state(): SyslogState {
    return {
      server: this.server,
      connected: this.#connected,
      sent: this.#sent,
      lost: this.#lost,
      problem: this.#problem,
    };
  }

  send(line: string): void {
    const bytes = Buffer.from(line);
    if (this.#udp !== null) {
      this.#datagram(this.#udp, bytes);
      return;
    }
    this.#waiting.push(Buffer.concat([Buffer.from(`${bytes.length} `), bytes]));
    if (this.#waiting.length > MOST_WAITING) {
      this.#waiting.shift();
      this.#lost++;
    }
    this.#flush();
  }

  close(): void {
    this.#closed = true;
    if (this.#timer !== null) clearTimeout(this.#timer);
    this.#stream?.destroy();
    this.#udp?.close();
    this.#udp = null;
  }

  #open(): void {
    const { to: host, port, transport } = this.server;
    if (transport === 'udp') {
      this.#udp = createSocket({ type: isIP(host) === 6 ? 'udp6' : 'udp4' });
      // ICMP may tell of a server that is away; nobody waits for it.
      this.#udp.on('error', (error: Error) => {
        this.#problem = error.message;
      });
      this.#udp.unref();
      this.#connected = true;
      return;
    }
    const ready = (): void => {
      this.#connected = true;
      this.#problem = null;
      this.#pause = FIRST_PAUSE;
      this.#flush();
    };
    const stream =
      transport === 'tcp'
        ? connectTcp({ host, port }, ready)
        : connectTls(
            {
              host,
              port,
              ...(isIP(host) === 0 ? { servername: host } : {}),
              ...(this.#ca === undefined ? {} : { ca: this.#ca }),
            },
            ready,
          );
    this.#stream = stream;
    stream.setKeepAlive(true, 30_000);
    stream.on('drain', () => this.#flush());
    // What a server says is of no interest, but must be read for its end to be seen.
    stream.resume();
    stream.on('end', () => stream.destroy());
    stream.on('error', (error: Error) => {
      this.#problem = error.message;
    });
    stream.on('close', () => this.#again());
    stream.unref();
  }

  #again(): void {
    this.#connected = false;
    this.#stream = null;
    if (this.#closed) return;
    this.#timer = setTimeout(() => this.#open(), this.#pause);
    this.#timer.unref();
    this.#pause = Math.min(LONGEST_PAUSE, this.#pause * 2);
  }

  #flush(): void {
    const stream = this.#stream;
    if (stream === null || !this.#connected) return;
    while (this.#waiting.length > 0 && stream.writableLength < MOST_BEHIND) {
      stream.write(this.#waiting.shift() as Buffer);
      this.#sent++;
    }
  }

  #datagram(socket: UdpSocket, bytes: Buffer): void {
    socket.send(bytes, this.server.port, this.server.to, (error) => {
      if (error === null) this.#sent++;
      else {
        this.#lost++;
        this.#problem = error.message;
      }
    });
  }
}
