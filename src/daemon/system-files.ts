// SPDX-License-Identifier: BSD-3-Clause
import { spawnSync } from 'node:child_process';
import {
  existsSync,
  mkdirSync,
  readFileSync,
  renameSync,
  rmSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import path from 'node:path';
import type { Logger } from 'pino';
import { NO_SYSTEM, ROLES, type System, type User } from '../system/model.js';

/** Users that a rule file made have this in /etc/passwd, and no other has. */
const OURS = 'Sluice user';

/**
 * Makes `system:` of the model in force true of the machine: through what systemd's own services read, and
 * the tools of passwd. On the appliance only; a lab is somebody's own machine.
 */
export class SystemFiles {
  readonly #root: string;
  readonly #log: Logger;

  /** `root`: / on the appliance. */
  constructor(root: string, log: Logger) {
    this.#root = root;
    this.#log = log;
  }

  /** Brings everything to what the model says; what it does not say is left, or goes back, to the machine's. */
  take(system: System | null): void {
    const { hostname, timezone, users, keys, dns, ntp } = system ?? NO_SYSTEM;
    if (hostname !== null && this.#text('proc/sys/kernel/hostname') !== hostname)
      this.#run('hostname', hostname);
    if (timezone !== null) this.#timezone(timezone);
    // `~.`: they are asked for every name, before those of the management network.
    const resolved = dns.length === 0 ? null : `[Resolve]\nDNS=${dns.join(' ')}\nDomains=~.\n`;
    if (this.#file('run/systemd/resolved.conf.d/50-sluice.conf', resolved))
      this.#run('systemctl', 'try-restart', 'systemd-resolved');
    const timesync = ntp.length === 0 ? null : `[Time]\nNTP=${ntp.join(' ')}\n`;
    if (this.#file('run/systemd/timesyncd.conf.d/50-sluice.conf', timesync))
      this.#run('systemctl', 'try-restart', 'systemd-timesyncd');
    this.#users(users);
    this.#keys('admin', keys);
  }

  #timezone(zone: string): void {
    const target = `/usr/share/zoneinfo/${zone}`;
    if (!existsSync(path.join(this.#root, target))) {
      this.#log.warn({ event: 'timezone-missing', zone });
      return;
    }
    const link = path.join(this.#root, 'etc/localtime');
    rmSync(`${link}.new`, { force: true });
    symlinkSync(target, `${link}.new`);
    renameSync(`${link}.new`, link);
  }

  /** Users that the model has, with the group of their role; those it had and has no more are gone. */
  #users(users: readonly User[]): void {
    const wanted = new Map(users.map((user) => [user.name, user]));
    const known = new Map(
      (this.#text('etc/passwd') ?? '')
        .split('\n')
        .map((line) => line.split(':'))
        .map(([name = '', , , , gecos = '']) => [name, gecos === OURS]),
    );
    for (const [name, ours] of known) {
      if (!ours || wanted.has(name)) continue;
      this.#keys(name, []);
      this.#run('userdel', '--force', name);
      this.#run('loginctl', 'terminate-user', name);
      this.#log.info({ event: 'user-removed', user: name });
    }
    for (const { name, role, keys } of users) {
      if (known.get(name) === undefined) this.#add(name);
      else if (known.get(name) === false) {
        // Somebody made this one by hand, or cloud-init did.
        this.#log.error({ event: 'user-not-ours', user: name });
        continue;
      }
      this.#run('usermod', '--groups', groupsOf(role).join(','), name);
      this.#keys(name, keys);
    }
  }

  #add(name: string): void {
    const home = path.join(this.#root, 'home', name);
    // Whose home it was in another slot, it stays.
    const uid = existsSync(home) ? ['--uid', String(statSync(home).uid)] : [];
    this.#run(
      'useradd',
      ...['--create-home', '--user-group', '--comment', OURS, '--shell', '/bin/bash'],
      ...uid,
      name,
    );
    this.#log.info({ event: 'user-added', user: name });
  }

  /** Beside what is in the user's own authorized_keys, sshd reads these. */
  #keys(name: string, keys: readonly string[]): void {
    const text = keys.length === 0 ? null : `${keys.join('\n')}\n`;
    this.#file(`run/sluice-ssh/${name}`, text);
  }

  /** Writes a file, or removes it for null; whether that changed anything. */
  #file(name: string, text: string | null): boolean {
    if (this.#text(name) === (text?.trim() ?? null)) return false;
    const file = path.join(this.#root, name);
    if (text === null) {
      rmSync(file, { force: true });
      return true;
    }
    mkdirSync(path.dirname(file), { recursive: true, mode: 0o755 });
    writeFileSync(`${file}.new`, text, { mode: 0o644 });
    renameSync(`${file}.new`, file);
    return true;
  }

  #text(name: string): string | null {
    try {
      return readFileSync(path.join(this.#root, name), 'utf8').trim();
    } catch {
      return null;
    }
  }

  #run(program: string, ...args: string[]): void {
    const { status, stderr } = spawnSync(program, args, { encoding: 'utf8' });
    if (status !== 0)
      this.#log.error({ event: 'system-not-set', command: [program, ...args].join(' '), stderr });
  }
}

/** A role is what those below it are, too. */
function groupsOf(role: User['role']): string[] {
  return ROLES.slice(0, ROLES.indexOf(role) + 1).map((one) => `sluice-${one}`);
}
