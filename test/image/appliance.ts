// SPDX-License-Identifier: BSD-3-Clause
import { execFile, spawn, type ChildProcess } from 'node:child_process';
import { appendFileSync, copyFileSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { setTimeout as wait } from 'node:timers/promises';
import { projectRoot } from '../../src/datapath/root.js';
import { attempt, endNamespace, run } from './commands.js';
import { OVMF, QEMU } from './qemu.js';

/** A port of the appliance whose other end is a tap in a namespace. */
export interface Wire {
  readonly mac: string;
  readonly namespace: string;
  /** The device's name there, and its address with prefix length. */
  readonly tap: string;
  readonly address: string;
  readonly gateway: string;
}

/** What the cloud gives to a machine that starts: QEMU's options for it. */
export interface Seed {
  /** Makes what the options speak of, in the folder of the machine. */
  options(folder: string, publicKey: string): readonly string[];
  /** Of the network that management is in. */
  readonly network?: string;
  /** What runs beside it, in the namespace of QEMU; it is told once the options were asked for. */
  start?(namespace: string): Promise<Beside>;
}

export interface Beside {
  tell(): void;
  end(): void;
}

export interface Machine {
  /** Begins the names of what is its own on this host. */
  readonly name: string;
  readonly seed: Seed;
  readonly wires: readonly Wire[];
  readonly firmware?: 'bios' | 'uefi';
  /** One unless given: a worker that has a CPU to itself spins, and that is a CPU of this host. */
  readonly cpus?: number;
  readonly memory?: number;
  /** The disk it is started from, which is not changed; the built image unless given. */
  readonly disk?: string;
  /** Address of its management port; that of QEMU's DHCP unless given. */
  readonly guest?: string;
  /** QEMU's own options, before the wires' devices. */
  readonly more?: readonly string[];
  /** QEMU's device for the wire of an index, with its options. */
  readonly device?: (index: number) => string;
}

export const MANAGEMENT = '52:54:00:00:00:01';
/** Where in QEMU's namespace the appliance's SSH is. */
const SSH_PORT = 2222;

/** The built image in a machine that QEMU plays by itself, without the host's virtualization. */
export class BootedImage {
  readonly #machine: Machine;
  readonly #folder: string;
  #qemu: ChildProcess | null = null;
  #console = '';
  #seen = 0;
  #beside: Beside | null = null;
  #started = 0;
  readonly #waiting = new Set<() => void>();

  private constructor(machine: Machine) {
    this.#machine = machine;
    this.#folder = mkdtempSync(path.join(tmpdir(), 'sluice-image-'));
  }

  /** Starts a new instance of the built image, which itself is not changed. */
  static async start(machine: Machine): Promise<BootedImage> {
    const booted = new BootedImage(machine);
    const folder = booted.#folder;
    const image = machine.disk ?? path.join(projectRoot(), 'build/image/sluice.qcow2');
    // Without its compression, which every read would pay for.
    run('qemu-img', 'convert', '-O', 'qcow2', image, booted.#disk);
    run('qemu-img', 'resize', '-q', booted.#disk, '4G');
    run('ssh-keygen', '-q', '-t', 'ed25519', '-N', '', '-f', path.join(folder, 'key'));
    if (machine.firmware === 'uefi')
      copyFileSync(`${OVMF}/OVMF_VARS_4M.fd`, path.join(folder, 'vars.fd'));
    // What is left of a run that was ended.
    booted.#endNamespaces();
    run('ip', 'netns', 'add', booted.#namespace);
    run('ip', '-n', booted.#namespace, 'link', 'set', 'lo', 'up');
    booted.#beside = (await machine.seed.start?.(booted.#namespace)) ?? null;
    booted.#boot();
    return booted;
  }

  get #namespace(): string {
    return `${this.#machine.name}-vm`;
  }

  get #disk(): string {
    return path.join(this.#folder, 'disk.qcow2');
  }

  #boot(): void {
    const { wires, seed, firmware, cpus = 1, memory = 1024, more = [] } = this.#machine;
    const { device = () => 'virtio-net-pci', guest = '' } = this.#machine;
    const folder = this.#folder;
    for (const { tap } of wires)
      run('ip', '-n', this.#namespace, 'tuntap', 'add', tap, 'mode', 'tap');
    const pflash = (name: string, options: string) => [
      '-drive',
      `if=pflash,format=raw,unit=${name},${options}`,
    ];
    const key = readFileSync(path.join(folder, 'key.pub'), 'utf8').trim();
    const management = [
      // QEMU's namespace leads nowhere.
      'user,id=m',
      `hostfwd=tcp:127.0.0.1:${SSH_PORT}-${guest}:22`,
      // A resolver that is refused asks again and again; one that hears nothing waits.
      seed.network ?? 'restrict=on',
    ];
    const given = seed.options(folder, key);
    this.#beside?.tell();
    const argv = [
      ...[
        '-machine',
        'q35,kernel-irqchip=split',
        '-accel',
        'tcg,thread=multi',
        '-cpu',
        'max,la57=off',
      ],
      ...['-smp', String(cpus), '-m', String(memory)],
      ...['-nographic', '-serial', 'mon:stdio', '-nodefaults'],
      ...(firmware === 'uefi'
        ? [
            ...pflash('0', `readonly=on,file=${OVMF}/OVMF_CODE_4M.fd`),
            ...pflash('1', `file=${path.join(folder, 'vars.fd')}`),
          ]
        : []),
      // What it has written is the host's before it tells the guest so: that outlives QEMU, if not the host.
      ...['-drive', `id=disk,file=${this.#disk},if=none,cache=unsafe`],
      ...['-device', 'virtio-blk-pci,bus=pcie.0,drive=disk'],
      ...given,
      ...['-netdev', management.join(',')],
      ...['-device', `virtio-net-pci,bus=pcie.0,netdev=m,mac=${MANAGEMENT},romfile=`],
      ...more,
      ...wires.flatMap(({ tap, mac }, i) => [
        ...['-netdev', `tap,id=n${i},ifname=${tap},script=no,downscript=no`],
        ...['-device', `${device(i)},netdev=n${i},mac=${mac},romfile=`],
      ]),
    ];
    const netns = ['netns', 'exec', this.#namespace];
    this.#started = Date.now();
    const qemu = spawn('ip', [...netns, ...QEMU, ...argv], {
      stdio: ['ignore', 'pipe', 'inherit'],
    });
    this.#qemu = qemu;
    qemu.stdout.on('data', (chunk: Buffer) => this.#heard(chunk.toString()));
    qemu.on('close', (code, signal) => this.#heard(`\nQEMU ended (${code ?? signal})\n`));
  }

  #heard(text: string): void {
    this.#console += text;
    // Read along as it comes; what is left of a run that was ended.
    const kept = process.env['SLUICE_IMAGE_CONSOLE'];
    if (kept !== undefined) appendFileSync(path.join(kept, `${this.#machine.name}.console`), text);
    for (const look of this.#waiting) look();
  }

  /** Puts the wires' other ends into their namespaces, once QEMU has opened them. */
  connect(): void {
    for (const { namespace, tap, address, gateway } of this.#machine.wires) {
      attempt('ip', 'netns', 'add', namespace);
      run('ip', '-n', this.#namespace, 'link', 'set', tap, 'netns', namespace);
      const inside = (...args: string[]) => run('ip', '-n', namespace, ...args);
      inside('address', 'add', address, 'dev', tap);
      inside('link', 'set', 'lo', 'up');
      inside('link', 'set', tap, 'up');
      inside('route', 'add', 'default', 'via', gateway);
    }
  }

  /**
   * Waits for a text on the serial console after what was waited for last. Throws with its end when QEMU
   * ends, or after `ms`.
   */
  async says(text: string | RegExp, ms: number): Promise<string> {
    return new Promise((resolve, reject) => {
      const settle = (done: () => void): void => {
        clearTimeout(timer);
        this.#waiting.delete(look);
        done();
      };
      const fail = (why: string): void =>
        settle(() => reject(new Error(`${why}: ${String(text)}\n${this.#console.slice(-4000)}`)));
      const look = (): void => {
        const rest = this.#console.slice(this.#seen);
        const found =
          typeof text === 'string'
            ? rest.includes(text)
              ? text
              : null
            : (text.exec(rest)?.[0] ?? null);
        if (found !== null) {
          this.#seen += rest.indexOf(found) + found.length;
          settle(() => resolve(found));
        } else if (rest.includes('QEMU ended')) fail('QEMU ended before the console said');
      };
      const timer = setTimeout(() => fail('the console does not say'), ms);
      this.#waiting.add(look);
      look();
    });
  }

  get console(): string {
    return this.#console;
  }

  /** When its power came last, in ms since the epoch. */
  get started(): number {
    return this.#started;
  }

  /** Its console says something: QEMU has opened the wires. */
  async opened(): Promise<void> {
    await this.says(/./, 60_000);
  }

  /** Runs a command over SSH and gives its stdout; tries again while nobody answers, up to `ms`. */
  async ssh(command: string, ms = 120_000): Promise<string> {
    const until = Date.now() + ms;
    for (;;) {
      const { code, stdout, stderr } = await this.#ssh(['admin@127.0.0.1', command]);
      if (code === 0) return stdout;
      if (code !== 255 || Date.now() > until)
        throw new Error(`${command}: ended with ${code}\n${stdout}${stderr}`);
      await wait(1000);
    }
  }

  /** Puts a file into the home folder of admin. */
  async send(file: string): Promise<void> {
    const name = path.basename(file);
    const { code, stderr } = await this.#ssh(['admin@127.0.0.1', `cat >${name}`], file);
    if (code !== 0) throw new Error(`${file} cannot be sent: ${stderr}`);
  }

  #ssh(args: readonly string[], input?: string) {
    const options = [
      ...['-i', path.join(this.#folder, 'key'), '-p', String(SSH_PORT), '-q'],
      ...['-o', 'StrictHostKeyChecking=accept-new', '-o', 'BatchMode=yes'],
      ...['-o', `UserKnownHostsFile=${path.join(this.#folder, 'known')}`],
      ...['-o', 'ConnectTimeout=60', '-o', 'ServerAliveInterval=30'],
    ];
    const netns = ['netns', 'exec', this.#namespace];
    const from = input === undefined ? '/dev/null' : input;
    const script = 'exec ssh "$@" <"$0"';
    const argv = [...netns, 'sh', '-c', script, from, ...options, ...args];
    return new Promise<{ code: number; stdout: string; stderr: string }>((resolve) => {
      execFile('ip', argv, { maxBuffer: 2 ** 24 }, (error, stdout, stderr) => {
        const code = error === null ? 0 : typeof error.code === 'number' ? error.code : 255;
        resolve({ code, stdout, stderr });
      });
    });
  }

  /** The power goes, at once. */
  async cut(): Promise<void> {
    const qemu = this.#qemu;
    if (qemu === null) return;
    this.#qemu = null;
    if (qemu.exitCode === null && qemu.signalCode === null) {
      const ended = new Promise((resolve) => qemu.once('close', resolve));
      qemu.kill('SIGKILL');
      await ended;
    }
    for (const { namespace, tap } of this.#machine.wires) {
      attempt('ip', '-n', namespace, 'link', 'delete', tap);
      attempt('ip', '-n', this.#namespace, 'link', 'delete', tap);
    }
  }

  /** The power comes back. */
  resume(): void {
    this.#seen = this.#console.length;
    this.#boot();
  }

  #endNamespaces(): void {
    for (const namespace of [this.#namespace, ...this.#machine.wires.map((wire) => wire.namespace)])
      endNamespace(namespace);
  }

  async stop(): Promise<void> {
    await this.cut();
    this.#beside?.end();
    this.#endNamespaces();
    rmSync(this.#folder, { recursive: true });
  }
}
