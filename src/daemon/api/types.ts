// SPDX-License-Identifier: BSD-3-Clause
import type { FlowAsked, FlowsTold } from './flows.js';
import type { Diagnostic, DiagnosticJson } from '../../diagnostics/diagnostic.js';

/**
 * Body of `POST /apply?main=PATH`; the path is the rule file's as the user wrote it. With `&preview`
 * nothing changes and the answer is Previewed; with `&confirm=MINUTES` it is undone after these
 * unless `POST /confirm` comes before.
 */
export interface ApplyRequest {
  /** The rule file and all it includes, by path. */
  readonly files: Readonly<Record<string, string>>;
  /** What the paths are relative to: files of addresses are followed from there. */
  readonly directory: string;
  /** Over edits that were made on the appliance since the last apply. */
  readonly replace?: boolean;
  /** Of a preview: flows to tell the verdicts of. */
  readonly flows?: readonly FlowAsked[];
}

/** Answer of `GET /source`: the texts in force, with the newest ones of files of addresses. */
export interface RunningSource {
  readonly main: string;
  readonly files: Readonly<Record<string, string>>;
}

/** Times in ms, by stage. */
export interface ApplyStages {
  readonly read: number;
  readonly schema: number;
  readonly check: number;
  readonly compile: number;
  readonly assert: number;
  readonly stage: number;
  readonly activate: number;
  /** Writing it down, on the disk. */
  readonly journal?: number;
}

export interface Applied {
  readonly ok: true;
  /** Whether anything was pushed: an unchanged model is not. */
  readonly changed: boolean;
  readonly generation: number;
  /** Of the table image. */
  readonly bytes: number;
  readonly stages: ApplyStages;
  readonly sessions: { readonly kept: number; readonly ended: number };
  /** ISO time at which it is undone unless it is confirmed before. */
  readonly confirm_until?: string;
  readonly diagnostics: readonly Diagnostic[];
}

/** What `POST /balancer` makes of a backend. */
export const BACKEND_ACTIONS = {
  enable: 'enabled',
  drain: 'drained',
  disable: 'disabled',
} as const;

/** Body of `POST /balancer`; the answer is how many sessions ended. */
export interface BackendSaid {
  readonly balancer: string;
  readonly backend: string;
  readonly action: keyof typeof BACKEND_ACTIONS;
  /** Of a drain: seconds until the sessions that are left end. */
  readonly deadline?: number;
}

/** Answer of `POST /confirm`. */
export interface Confirmed {
  readonly generation: number;
}

/** A session as previews show it, in the direction of its first packet. */
export interface ExampleSession {
  readonly protocol: string;
  readonly source: string;
  readonly source_port: number;
  readonly destination: string;
  readonly destination_port: number;
  readonly in: string;
  readonly out: string;
  /** What would deny it: POLICY/RULE, or what is built in. */
  readonly decided_by: string;
}

/** Sessions of one rule that would end. */
export interface EndedBy {
  /** null for what is built in. */
  readonly policy: string | null;
  readonly rule: string;
  readonly file: string | null;
  readonly line: number | null;
  readonly count: number;
  readonly examples: readonly ExampleSession[];
}

/** A rule that a commit changes; its place is that of the new file, of the old one where it goes. */
export interface ChangedRule {
  readonly policy: string;
  readonly rule: string;
  readonly file: string | null;
  readonly line: number | null;
}

/** Rules by (policy, name); those that are disabled count as gone. */
export interface RuleChanges {
  readonly added: readonly ChangedRule[];
  readonly removed: readonly ChangedRule[];
  /** Another match or action. */
  readonly changed: readonly ChangedRule[];
  /** The fewest whose moves explain the new order. */
  readonly moved: readonly ChangedRule[];
}

/** A place of the configuration that a commit changes. */
export interface ChangedPlace {
  /** interface, zone, group, schedule, rule, nat, backend, balancer, tunnel, route or other. */
  readonly what: string;
  readonly path: readonly string[];
  readonly change: 'added' | 'removed' | 'changed' | 'moved';
}

/** What an apply would do, as long as routes and sessions stay as they are. */
export interface Previewed extends Omit<Applied, 'stages'> {
  readonly preview: true;
  readonly stages: Omit<ApplyStages, 'activate'> & { readonly preview: number };
  readonly ended_by: readonly EndedBy[];
  readonly rules: RuleChanges;
  /** Where flows were given, or asked of the log. */
  readonly flows?: FlowsTold;
  /** Of a candidate: places that change, routes, backends and tunnels among them. */
  readonly changes?: readonly ChangedPlace[];
  /** Of a candidate: what comparing the rules finds that it does not find in what runs. */
  readonly findings?: readonly Diagnostic[];
}

export interface Refused {
  readonly ok: false;
  readonly message: string;
  readonly diagnostics: readonly Diagnostic[];
}

/** `sluice apply --json`: diagnostics without excerpts. */
export type ApplyJson = (
  Omit<Applied, 'diagnostics'> | Omit<Previewed, 'diagnostics'> | Omit<Refused, 'diagnostics'>
) & {
  readonly diagnostics: readonly DiagnosticJson[];
};

/** A record of the log. */
export interface LogShown {
  /** session-start, session-end, deny, nat-full, nat-block or nat-block-end. */
  readonly event: string;
  /** ISO time. */
  readonly at: string;
  readonly protocol: string;
  readonly source: string;
  readonly source_port: number;
  readonly destination: string;
  /** ICMP: type * 256 + code. */
  readonly destination_port: number;
  readonly in: string;
  readonly out: string | null;
  readonly from: string;
  readonly to: string;
  /** POLICY/RULE, or what is built in. */
  readonly rule: string;
  readonly file: string | null;
  readonly line: number | null;
  /** Of a session that translates: what its other side sees. */
  readonly nat?: {
    readonly source: string;
    readonly source_port: number;
    readonly destination: string;
    readonly destination_port: number;
  };
  /** nat-block: the ports of `destination`, the public address, that `source` has, or had. */
  readonly ports?: string;
  /** Of a denial the drop reason, of an end why the session ended. */
  readonly reason?: string;
  /** At the end of a session. */
  readonly packets_forward?: number;
  readonly packets_reply?: number;
  readonly bytes_forward?: number;
  readonly bytes_reply?: number;
  readonly duration_ms?: number;
}

/** Answer of `POST /reload-groups`. */
export interface Reloaded {
  /** Whether every file is good and in force. */
  readonly ok: boolean;
  /** Whether anything was pushed. */
  readonly changed: boolean;
  /** The same as before: members are no part of the configuration. */
  readonly generation: number;
  readonly files: readonly ReloadedFile[];
  /** Why good files are not in force. */
  readonly problem: string | null;
  /** ms; `notice` is what passed since the first sign of a change. */
  readonly stages: {
    readonly notice: number;
    readonly read: number;
    readonly compile: number;
    readonly stage: number;
    readonly activate: number;
  };
  readonly sessions: { readonly kept: number; readonly ended: number };
}

export interface ReloadedFile {
  readonly file: string;
  readonly state: 'same' | 'new' | 'bad';
  /** Of the members in force. */
  readonly entries: number;
  readonly diagnostics: readonly Diagnostic[];
}

export const SHOWS = [
  'interfaces',
  'rules',
  'groups',
  'helpers',
  'sessions',
  'nat pools',
  'nat translations',
  'nat blocks',
  'balancers',
  'vpn tunnels',
  'vpn sas',
  'vpn engines',
  'vpn log',
  'drops',
  'graph',
  'routes',
  'routing',
  'neighbors',
  'log',
  'archive',
  'version',
] as const;
export type Show = (typeof SHOWS)[number];

/** Filters of `show sessions` and `clear sessions`, as the user wrote them; all given must fit. */
export const SESSION_FILTERS = {
  rule: 'POLICY/RULE that let the session in',
  from: 'zone it came from',
  to: 'zone it goes to',
  source: 'address or prefix',
  destination: 'address or prefix',
  protocol: 'tcp, udp, sctp, icmp, icmpv6 or a number',
  port: 'destination port, 1..65535',
} as const;
export type SessionFilterName = keyof typeof SESSION_FILTERS;
export type SessionFilters = Partial<Record<SessionFilterName, string>>;
