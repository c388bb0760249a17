// SPDX-License-Identifier: BSD-3-Clause
import { spawn, type ChildProcess } from 'node:child_process';
import { EventEmitter } from 'node:events';
import {
  cpSync,
  existsSync,
  mkdirSync,
  renameSync,
  rmSync,
  statSync,
  writeFileSync,
} from 'node:fs';
import path from 'node:path';
import { setTimeout as wait } from 'node:timers/promises';
import { projectRoot } from '../../datapath/root.js';
import { Vici, ViciAway } from '../../vpn/vici.js';

const PROGRAM = '/usr/sbin/charon-systemd';
const PLUGINS = '/usr/lib/ipsec/plugins';
const PLUGIN = 'libstrongswan-sluice.so';

/** In this order; those that are not installed are left out by charon itself. */
const LOADED =
  'sluice random nonce openssl curve25519 aes sha1 sha2 sha3 md4 hmac kdf gcm chapoly ctr ml ' +
  'pem pkcs1 pkcs7 pkcs8 pkcs12 pubkey x509 revocation constraints curl files ' +
  'kernel-netlink socket-default vici counters eap-identity eap-mschapv2 eap-tls attr';

/** ms between looks for the socket of a charon that starts. */
const LOOK = 50;
/** ms it may take to have one, on a machine that has much else to do. */
const START = 60_000;
const LONGEST_PAUSE = 5000;
/** Bytes of its log before it begins another; the one before stays beside it. */
const MOST_LOG = 16 * 1024 * 1024;
/** ms between looks at how long it is. */
const MEASURE = 10_000;

interface Events {
  up: [Vici];
  down: [how: string];
}

/**
 * strongSwan's daemon, as long as there are tunnels: with a configuration, sockets and log of its own,
 * and our plugin. Started again when it ends.
 */
export class Charon extends EventEmitter<Events> {
  readonly #directory: string;
  readonly #mostLog: number;
  #child: ChildProcess | null = null;
  #vici: Vici | null = null;
  #wanted = false;
  #running: Promise<void> = Promise.resolve();

  constructor(directory: string, mostLog = MOST_LOG) {
    super();
    this.#directory = directory;
    this.#mostLog = mostLog;
  }

  get vici(): Vici | null {
    return this.#vici;
  }

  /**
   * Does it by a connection of its own, for what takes long: charon answers the commands of one
   * connection one after the other.
   */
  async apart<T>(work: (vici: Vici) => Promise<T>): Promise<T> {
    const vici = await Vici.connect(this.#socket);
    try {
      return await work(vici);
    } finally {
      vici.close();
    }
  }

  get #socket(): string {
    return path.join(this.#directory, 'charon.vici');
  }

  get pid(): number | null {
    return this.#child?.pid ?? null;
  }

  get log(): string {
    return path.join(this.#directory, 'charon.log');
  }

  /** Of what it said, the older first. */
  get logs(): readonly string[] {
    return [`${this.log}.1`, this.log];
  }

  /** Lets charon begin another log where its own has become long. */
  turnLog(): void {
    const size = statSync(this.log, { throwIfNoEntry: false })?.size ?? 0;
    if (size <= this.#mostLog || this.#vici === null) return;
    renameSync(this.log, `${this.log}.1`);
    // It reads its settings again, which are the same, and opens the file.
    this.#child?.kill('SIGHUP');
  }

  start(): void {
    if (this.#wanted) return;
    this.#wanted = true;
    this.#running = this.#running.then(() => this.#run());
  }

  async stop(): Promise<void> {
    this.#wanted = false;
    this.#child?.kill('SIGTERM');
    await this.#running;
  }

  async #run(): Promise<void> {
    let pause = 0;
    while (this.#isWanted()) {
      const start = Date.now();
      const how = await this.#once();
      this.#vici = null;
      this.#child = null;
      if (!this.#isWanted()) return;
      this.emit('down', how);
      pause = Date.now() - start > START ? 0 : Math.min(LONGEST_PAUSE, pause * 2 || 100);
      await wait(pause);
    }
  }

  async #once(): Promise<string> {
    rmSync(this.#socket, { force: true });
    const file = path.join(this.#directory, 'strongswan.conf');
    writeFileSync(file, settings(this.#directory, this.log), { mode: 0o600 });
    const [program, ...args] = this.#argv();
    const child = spawn(program as string, args, {
      env: { ...process.env, STRONGSWAN_CONF: file },
      stdio: 'ignore',
    });
    this.#child = child;
    const end = new Promise<string>((resolve) => {
      child.on('error', (error) => resolve(error.message));
      child.on('exit', (code, signal) => resolve(signal ?? `exit ${String(code)}`));
    });
    const ended = (): boolean =>
      child.pid === undefined || child.exitCode !== null || child.signalCode !== null;
    const until = Date.now() + START;
    while (!ended() && Date.now() < until && this.#isWanted()) {
      const vici = await Vici.connect(this.#socket).catch((error: unknown) => {
        if (error instanceof ViciAway) return null;
        throw error;
      });
      if (vici !== null) {
        this.#vici = vici;
        this.emit('up', vici);
        break;
      }
      await wait(LOOK);
    }
    if (this.#vici === null) child.kill('SIGKILL');
    const measure = setInterval(() => this.turnLog(), MEASURE);
    measure.unref();
    return end.finally(() => clearInterval(measure));
  }

  /**
   * strongSwan looks for plugins in one folder, which the image has ours in. Elsewhere it sees a copy
   * of that folder in its place, with ours, and the machine stays as it is.
   */
  #argv(): string[] {
    const own = path.join(projectRoot(), 'build/charon', PLUGIN);
    if (existsSync(path.join(PLUGINS, PLUGIN))) return [PROGRAM];
    const copy = path.join(this.#directory, 'plugins');
    rmSync(copy, { recursive: true, force: true });
    mkdirSync(copy, { recursive: true });
    cpSync(PLUGINS, copy, { recursive: true });
    if (existsSync(own)) cpSync(own, path.join(copy, PLUGIN));
    const script = 'mount --bind "$0" "$1" && exec "$2"';
    return ['unshare', '-m', 'sh', '-c', script, copy, PLUGINS, PROGRAM];
  }

  #isWanted(): boolean {
    return this.#wanted;
  }
}

/** No key material is ever logged: levels stay below 3. */
function settings(directory: string, log: string): string {
  return `charon-systemd {
  load = ${LOADED}
  install_routes = no
  install_virtual_ip = no
  retransmit_timeout = 2
  retransmit_base = 1.7
  retransmit_tries = 4
  half_open_timeout = 30
  cookie_threshold = 30
  ikesa_table_size = 1024
  ikesa_table_segments = 16
  journal { default = -1 }
  filelog { sluice {
    path = ${log}
    default = 1
    ike = 2
    cfg = 2
    enc = 0
    net = 0
    time_format = %Y-%m-%dT%H:%M:%S
    ike_name = yes
    append = yes
    flush_line = yes
  } }
  plugins {
    sluice {
      load = 100
      socket = ${directory}/vpn.sock
    }
    vici { socket = unix://${directory}/charon.vici }
  }
}
`;
}
