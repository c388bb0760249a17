// SPDX-License-Identifier: BSD-3-Clause
import koffi from 'koffi';

/** Of <sys/socket.h> and <sys/resource.h> on Linux. */
const AF_UNIX = 1;
const SOCK_DGRAM = 2;
const SOCK_CLOEXEC = 0o2000000;
const MSG_NOSIGNAL = 0x4000;
const RLIMIT_CORE = 4;

type Call = (...args: (number | Buffer)[]) => number;

/** No core of this process or of its children is ever written: it would hold secrets. */
export function withoutCores(): void {
  const setrlimit = koffi.load('libc.so.6').func('int setrlimit(int, void *)') as Call;
  if (setrlimit(RLIMIT_CORE, Buffer.alloc(16)) !== 0) throw new Error('setrlimit failed');
}

/** Tells systemd of this process as sd_notify(3) does; elsewhere nothing listens and nothing is sent. */
export class Supervisor {
  readonly #send: ((state: string) => void) | null;
  readonly #watchdog: number;
  #timer: NodeJS.Timeout | null = null;

  /** Takes its words out of the environment: they are for this process and none of its children. */
  constructor(environment: NodeJS.ProcessEnv) {
    const { NOTIFY_SOCKET: path, WATCHDOG_USEC: us, WATCHDOG_PID: pid } = environment;
    for (const name of ['NOTIFY_SOCKET', 'WATCHDOG_USEC', 'WATCHDOG_PID'])
      Reflect.deleteProperty(environment, name);
    this.#send = path === undefined || path === '' ? null : sender(path);
    const meant = pid === undefined || Number(pid) === process.pid;
    this.#watchdog = meant && Number(us) > 0 ? Number(us) / 1000 : 0;
  }

  /** Up; from now on the event loop itself tells that it turns, three times in each period. */
  ready(): void {
    this.#send?.('READY=1');
    if (this.#send === null || this.#watchdog === 0) return;
    this.#timer = setInterval(() => this.#send?.('WATCHDOG=1'), this.#watchdog / 3);
    this.#timer.unref();
  }

  stopping(): void {
    if (this.#timer !== null) clearInterval(this.#timer);
    this.#send?.('STOPPING=1');
  }
}

function sender(path: string): (state: string) => void {
  const libc = koffi.load('libc.so.6');
  const socket = libc.func('int socket(int, int, int)') as Call;
  const sendto = libc.func('long sendto(int, void *, size_t, int, void *, uint32_t)') as Call;
  const address = addressOf(path);
  const fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0);
  return (state) => {
    const bytes = Buffer.from(state);
    sendto(fd, bytes, bytes.length, MSG_NOSIGNAL, address, address.length);
  };
}

/** struct sockaddr_un; `@` begins an abstract name (unix(7)). */
function addressOf(path: string): Buffer {
  const family = Buffer.alloc(2);
  family.writeUInt16LE(AF_UNIX);
  const name = Buffer.from(path);
  if (path.startsWith('@')) name[0] = 0;
  return Buffer.concat([family, name, ...(path.startsWith('@') ? [] : [Buffer.alloc(1)])]);
}
