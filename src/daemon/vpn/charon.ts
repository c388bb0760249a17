// SPDX-License-Identifier: BSD-3-Clause
import { spawn, type ChildProcess } from 'node:child_process';
import { EventEmitter } from 'node:events';
import { cpSync, existsSync, mkdirSync, rmSync, writeFileSync } from 'node:fs';
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
  #child: ChildProcess | null = null;
  #vici: Vici | null = null;
  #wanted = false;
  #running: Promise<void> = Promise.resolve();

  constructor(directory: string) {
    super();
    this.#directory = directory;
  }

  get vici(): Vici | null {
    return this.#vici;
  }

  get pid(): number | null {
    return this.#child?.pid ?? null;
  }

  get log(): string {
    return path.join(this.#directory, 'charon.log');
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
    const socket = path.join(this.#directory, 'charon.vici');
    rmSync(socket, { force: true });
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
      const vici = await Vici.connect(socket).catch((error: unknown) => {
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
    return end;
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
  retransmit_tries = 4
  half_open_timeout = 30
  cookie_threshold = 30
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
