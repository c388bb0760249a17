// SPDX-License-Identifier: BSD-3-Clause
import { execFileSync, spawn, spawnSync, type ChildProcess } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { projectRoot } from '../../src/datapath/root.js';

/** A port of the appliance whose other end is a tap in a namespace. */
export interface Wire {
  readonly mac: string;
  readonly namespace: string;
  /** The device's name there, and its address with prefix length. */
  readonly tap: string;
  readonly address: string;
  readonly gateway: string;
}

/** The built image in a machine that QEMU plays by itself, without the host's virtualization. */
export class BootedImage {
  readonly #folder: string;
  readonly #qemu: ChildProcess;
  readonly #wires: readonly Wire[];
  #console = '';
  readonly #waiting = new Set<() => void>();

  private constructor(folder: string, qemu: ChildProcess, wires: readonly Wire[]) {
    this.#folder = folder;
    this.#qemu = qemu;
    this.#wires = wires;
    qemu.stdout?.on('data', (chunk: Buffer) => {
      this.#console += chunk.toString();
      for (const look of this.#waiting) look();
    });
    qemu.on('close', () => {
      this.#console += '\nQEMU ended\n';
      for (const look of this.#waiting) look();
    });
  }

  /** Boots from a NoCloud seed with this user-data. The image itself is not changed. */
  static start(userData: string, wires: readonly Wire[]): BootedImage {
    const folder = mkdtempSync(path.join(tmpdir(), 'sluice-image-'));
    const image = path.join(projectRoot(), 'build/image/sluice.qcow2');
    const disk = path.join(folder, 'disk.qcow2');
    run('qemu-img', 'create', '-q', '-f', 'qcow2', '-F', 'qcow2', '-b', image, disk);
    const seed = makeSeed(folder, userData);
    const nics = wires.flatMap(({ tap, mac }, i) => [
      ...['-netdev', `tap,id=n${i},ifname=${tap},script=no,downscript=no`],
      ...['-device', `virtio-net-pci,netdev=n${i},mac=${mac}`],
    ]);
    for (const { tap } of wires) run('ip', 'tuntap', 'add', tap, 'mode', 'tap');
    const qemu = spawn(
      'qemu-system-x86_64',
      [
        ...[
          '-machine',
          'q35',
          '-accel',
          'tcg,thread=multi',
          '-cpu',
          'max',
          '-smp',
          '2',
          '-m',
          '1024',
        ],
        ...['-nographic', '-serial', 'mon:stdio', '-nodefaults', '-no-reboot'],
        ...['-drive', `file=${disk},if=virtio,cache=unsafe`],
        ...['-drive', `file=${seed},if=virtio,format=raw,readonly=on`],
        ...['-netdev', 'user,id=m,restrict=on', '-device', 'virtio-net-pci,netdev=m'],
        ...nics,
      ],
      { stdio: ['ignore', 'pipe', 'inherit'] },
    );
    return new BootedImage(folder, qemu, wires);
  }

  /** Puts the wires' other ends into their namespaces, once QEMU has opened them. */
  connect(): void {
    for (const { namespace, tap, address, gateway } of this.#wires) {
      run('ip', 'netns', 'add', namespace);
      run('ip', 'link', 'set', tap, 'netns', namespace);
      const inside = (...args: string[]) => run('ip', '-n', namespace, ...args);
      inside('address', 'add', address, 'dev', tap);
      inside('link', 'set', 'lo', 'up');
      inside('link', 'set', tap, 'up');
      inside('route', 'add', 'default', 'via', gateway);
    }
  }

  /** Waits for a text on the serial console. Throws with its end when QEMU ends, or after `ms`. */
  async says(text: string, ms: number): Promise<void> {
    await new Promise<void>((resolve, reject) => {
      const settle = (done: () => void): void => {
        clearTimeout(timer);
        this.#waiting.delete(look);
        done();
      };
      const fail = (why: string): void =>
        settle(() => reject(new Error(`${why}: ${text}\n${this.#console.slice(-4000)}`)));
      const look = (): void => {
        if (this.#console.includes(text)) settle(resolve);
        else if (this.#console.includes('QEMU ended')) fail('QEMU ended before the console said');
      };
      const timer = setTimeout(() => fail('the console does not say'), ms);
      this.#waiting.add(look);
      look();
    });
  }

  get console(): string {
    return this.#console;
  }

  async stop(): Promise<void> {
    const ended = new Promise((resolve) => this.#qemu.once('close', resolve));
    if (this.#qemu.exitCode === null) {
      this.#qemu.kill('SIGKILL');
      await ended;
    }
    for (const { namespace, tap } of this.#wires) {
      endAll(namespace);
      attempt('ip', 'netns', 'delete', namespace);
      attempt('ip', 'link', 'delete', tap);
    }
    rmSync(this.#folder, { recursive: true });
  }
}

/** Ends the processes in a namespace; there may be none. */
function endAll(namespace: string): void {
  const { stdout } = spawnSync('ip', ['netns', 'pids', namespace], { encoding: 'utf8' });
  for (const pid of stdout.split('\n').filter(Boolean)) process.kill(Number(pid), 'SIGKILL');
}

/** A FAT file system called CIDATA with what cloud-init's NoCloud looks for. */
function makeSeed(folder: string, userData: string): string {
  const image = path.join(folder, 'seed.img');
  writeFileSync(path.join(folder, 'user-data'), userData);
  writeFileSync(path.join(folder, 'meta-data'), 'instance-id: image-test\nlocal-hostname: edge1\n');
  run('mkfs.vfat', '-C', '-n', 'CIDATA', image, '1024');
  for (const name of ['user-data', 'meta-data'])
    run('mcopy', '-i', image, path.join(folder, name), `::${name}`);
  return image;
}

function run(program: string, ...args: string[]): void {
  execFileSync(program, args, { stdio: ['ignore', 'ignore', 'inherit'] });
}

function attempt(program: string, ...args: string[]): void {
  try {
    execFileSync(program, args, { stdio: 'ignore' });
  } catch {
    // It was not there.
  }
}
