// SPDX-License-Identifier: BSD-3-Clause
import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import {
  copyFileSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { attempt, command } from '../../src/lab/command.js';
import type { Lab } from '../../src/lab/lab.js';
import { until } from '../../src/lab/until.js';

const PLUGINS =
  'random nonce openssl curve25519 aes sha1 sha2 hmac kdf gcm chapoly pem pkcs1 pkcs8 pubkey x509 revocation constraints kernel-libipsec kernel-netlink socket-default vici eap-identity eap-mschapv2 eap-tls resolve';

/**
 * Waits until our charon knows all tunnels: it is told of them in their order after the commit, and
 * the last one is to begin by itself. A peer that comes sooner is a stranger's.
 */
export async function charonKnows(lab: Lab, last: string): Promise<void> {
  const log = path.join(lab.runDirectory, 'charon.log');
  await until('charon', 30_000, () =>
    Promise.resolve(
      existsSync(log) && readFileSync(log, 'utf8').includes(`initiating IKE_SA ${last}[`),
    ),
  );
}

/**
 * The packaged daemon in a namespace of the lab, with its own ESP in user space and a folder for
 * what swanctl loads: `x509`, `x509ca` and `private` there.
 */
export class Strongswan {
  readonly folder: string;
  readonly #namespace: string;
  #child: ChildProcess | null = null;

  constructor(namespace: string) {
    this.#namespace = namespace;
    this.folder = mkdtempSync(path.join(tmpdir(), 'sluice-swan-'));
    for (const name of ['x509', 'x509ca', 'private']) mkdirSync(path.join(this.folder, name));
  }

  /** `settings` are more of the daemon's, and `plugins` more of those in the order they load. */
  async start({ settings = '', plugins = '' } = {}): Promise<void> {
    const { folder } = this;
    const config = path.join(folder, 'strongswan.conf');
    writeFileSync(
      config,
      `charon-systemd {
  load = ${PLUGINS} ${plugins}
  ${settings}
  filelog { it { path = ${folder}/charon.log
    default = 1
    flush_line = yes } }
  plugins { vici { socket = unix://${folder}/vici }
    resolve { file = ${folder}/resolv.conf }
    kernel-libipsec { load = yes } }
}\n`,
    );
    rmSync(`${folder}/vici`, { force: true });
    const within = ['netns', 'exec', this.#namespace, '/usr/sbin/charon-systemd'];
    this.#child = spawn('ip', within, {
      env: { ...process.env, STRONGSWAN_CONF: config },
      stdio: 'ignore',
    });
    await until('the other strongSwan', 30_000, () =>
      Promise.resolve(existsSync(`${folder}/vici`)),
    );
  }

  /** Takes away what it had, and loads this. */
  async load(connections: string, secrets: string, pools = ''): Promise<void> {
    const file = path.join(this.folder, 'swanctl.conf');
    writeFileSync(
      file,
      `connections {\n${connections}\n}\nsecrets {\n${secrets}\n}\npools {\n${pools}\n}\n`,
    );
    const { code, stdout, stderr } = await this.swanctl('--load-all', '--clear', '--file', file);
    if (code !== 0) throw new Error(stdout + stderr);
  }

  swanctl(...args: string[]) {
    const uri = ['--uri', `unix://${this.folder}/vici`];
    const argv = ['env', `SWANCTL_DIR=${this.folder}`, 'swanctl', ...args, ...uri];
    return attempt(['ip', 'netns', 'exec', this.#namespace, ...argv]);
  }

  /** Files of `sluice pki` where swanctl looks for them. */
  takeFiles(from: string): void {
    for (const name of readdirSync(from)) {
      const [base = '', kind] = name.split('.');
      if (kind === 'key') copyFileSync(path.join(from, name), `${this.folder}/private/${base}.pem`);
      else if (kind === 'pem')
        copyFileSync(
          path.join(from, name),
          `${this.folder}/${base.startsWith('ca') ? 'x509ca' : 'x509'}/${name}`,
        );
    }
  }

  async addresses(...list: string[]): Promise<void> {
    const lines = list.map((one) => `address add ${one} dev lo nodad`);
    await command(['ip', '-n', this.#namespace, '-batch', '-'], { input: lines.join('\n') });
  }

  async kill(signal: NodeJS.Signals = 'SIGKILL'): Promise<void> {
    const child = this.#child;
    if (child === null || child.exitCode !== null || child.signalCode !== null) return;
    const gone = once(child, 'exit');
    child.kill(signal);
    await gone;
  }

  async close(): Promise<void> {
    await this.kill();
    rmSync(this.folder, { recursive: true });
  }
}
