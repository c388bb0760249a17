// SPDX-License-Identifier: BSD-3-Clause
import type { Balancer } from '../../balancer/model.js';
import type { Tunnel } from '../../vpn/model.js';
import type { Diagnostic } from '../../diagnostics/diagnostic.js';
import type { Frr } from '../../routing/model.js';
import type { System } from '../../system/model.js';

/** An interface that is told addresses by its network. */
export interface Learner {
  readonly name: string;
  readonly dhcp: boolean;
  readonly v6: {
    /** Asks for an address; routers are heard in any case. */
    readonly dhcp: boolean;
    /** Length of the prefix to ask for. */
    readonly prefix: number | null;
  } | null;
}

/** A group as the compile thread tells it. */
export interface GroupTold {
  /** null for the files that rules name themselves. */
  readonly name: string | null;
  readonly kind: 'addresses' | 'services' | 'built-in' | 'inline';
  /** Ranges of each family after merging; services: entries of the set. */
  readonly v4: number;
  readonly v6: number;
  readonly services: number;
  /** Absolute paths. */
  readonly files: readonly string[];
}

export interface FileTold {
  readonly file: string;
  readonly entries: number;
  /** ISO time at which the members in force were read. */
  readonly loaded: string;
}

/** What sluiced itself needs of the model in force. */
export interface GroupsTold {
  readonly balancers: readonly Balancer[];
  readonly tunnels: readonly Tunnel[];
  /** null where nothing is in force. */
  readonly system: System | null;
  /** null where FRR does not run. */
  readonly frr: Frr | null;
  readonly learners: readonly Learner[];
  /** Ports that are left to the kernel, by PCI or MAC address. */
  readonly management: readonly string[];
  /** In the order of the rule file, address groups first. */
  readonly groups: readonly GroupTold[];
  readonly files: readonly FileTold[];
  /** Why a restart of sluiced will not find the model. */
  readonly unkept?: string;
}

export const NO_GROUPS: GroupsTold = {
  balancers: [],
  learners: [],
  management: [],
  tunnels: [],
  system: null,
  frr: null,
  groups: [],
  files: [],
};

/** What a look at a file of addresses found. */
export interface FileRead {
  readonly file: string;
  readonly state: 'same' | 'new' | 'bad';
  readonly entries: number;
  readonly diagnostics: readonly Diagnostic[];
}

/** Reads files of addresses again, and takes what was learnt; the rule file stays as it was applied. */
export interface ReloadJob {
  readonly id: number;
  readonly op: 'reload';
  /** The one in force, which the tables keep. */
  readonly generation: number;
  /** Absolute paths, or null for all. */
  readonly files: readonly string[] | null;
}

export interface ReloadOutcome {
  readonly files: readonly FileRead[];
  /** null where no file has new members and nothing is learnt, or it cannot be compiled. */
  readonly image: Uint8Array | null;
  /** Why new members cannot be compiled. */
  readonly problem: string | null;
  /** ms */
  readonly stages: { readonly read: number; readonly compile: number };
}
