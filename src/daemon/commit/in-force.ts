// SPDX-License-Identifier: BSD-3-Clause
import type { Logger } from 'pino';
import type { Diagnostic } from '../../diagnostics/diagnostic.js';
import { systemSecrets, type System } from '../../system/model.js';
import type { DecodedImage } from '../../tables/decode.js';
import { Secrets } from '../../vpn/secrets.js';
import { Archives } from '../archive/archives.js';
import { Balancing } from '../balancing.js';
import type { DatapathProcess } from '../datapath-process.js';
import { GroupFiles } from '../groups/group-files.js';
import type { GroupsTold } from '../groups/messages.js';
import { Idle } from '../idle.js';
import type { Journal } from '../journal/journal.js';
import { Learning } from '../learning/learning.js';
import { Names } from '../names.js';
import { FrrDaemons } from '../routing/frr.js';
import { Vpn } from '../vpn/vpn.js';

export interface Directories {
  readonly run: string;
  readonly state: string;
}

/** What the model in force says of the appliance itself, and of one that may follow. */
export interface SystemFollower {
  /** What would be wrong with it, where interfaces have these addresses; nothing is changed. */
  readonly refuses: (
    system: System,
    addresses: ReadonlySet<string>,
  ) => Promise<readonly Diagnostic[]>;
  /** `management`: ports that are left to the kernel, by PCI or MAC address. */
  readonly take: (system: System | null, management: readonly string[]) => void;
  /** A secret is another now. */
  readonly changed: () => void;
}

export interface Running {
  readonly generation: number;
  readonly hash: string;
  readonly image: Uint8Array;
}

/** When files of addresses, or those interfaces have learnt, are others now. */
export interface MembersChanged {
  readonly files: (files: readonly string[], noticed: number) => void;
  readonly learnt: () => void;
}

/** What runs as sluiced knows it, and all that follows it. */
export class InForce {
  readonly names = new Names();
  readonly groups: GroupFiles;
  readonly balancing: Balancing;
  readonly vpn: Vpn;
  readonly frr: FrrDaemons;
  readonly learning: Learning;
  readonly archives: Archives;
  readonly system: SystemFollower;
  readonly #log: Logger;
  readonly #idle = new Idle();
  #running: Running | null = null;

  constructor(
    { run, state }: Directories,
    journal: Journal,
    datapath: DatapathProcess,
    system: SystemFollower,
    changed: MembersChanged,
    log: Logger,
  ) {
    this.#log = log;
    this.system = system;
    this.groups = new GroupFiles(log, changed.files);
    this.balancing = new Balancing(run, datapath, log);
    this.learning = new Learning(run, log, changed.learnt);
    const secrets = new Secrets(state);
    this.vpn = new Vpn(run, secrets, log);
    this.archives = new Archives(state, journal, (name) => secrets.read(name), log);
    this.frr = new FrrDaemons(run, log);
  }

  get running(): Running | null {
    return this.#running;
  }

  /** 0 for none. */
  get generation(): number {
    return this.#running?.generation ?? 0;
  }

  take(running: Running, decoded: DecodedImage): void {
    this.#running = running;
    this.names.take(decoded);
    this.#idle.worked();
  }

  follow(groups: GroupsTold): void {
    this.groups.take(groups);
    this.balancing.take(this.names.balancers, groups.balancers);
    this.vpn.take(groups.tunnels, this.names.interfaceSlots);
    this.frr.take(groups.frr);
    this.system.take(groups.system, groups.management);
    this.vpn.alsoNeeded = groups.system === null ? [] : systemSecrets(groups.system);
    this.learning.take(groups.learners);
    this.archives.take(groups.system?.archive ?? []);
    if (groups.unkept !== undefined)
      this.#log.error({ event: 'model-not-kept', message: groups.unkept });
  }

  async close(): Promise<void> {
    this.groups.close();
    this.learning.close();
    this.archives.close();
    await this.balancing.close();
    await this.vpn.close();
    await this.frr.close();
  }
}

export function hashOf(image: DecodedImage): string {
  return Buffer.from(image.modelHash).toString('hex');
}
