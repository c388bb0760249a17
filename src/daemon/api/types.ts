// SPDX-License-Identifier: BSD-3-Clause
import type { Diagnostic, DiagnosticJson } from '../../diagnostics/diagnostic.js';

/** Body of `POST /apply?main=PATH`; the path is the rule file's as the user wrote it. */
export interface ApplyRequest {
  /** The rule file and all it includes, by path. */
  readonly files: Readonly<Record<string, string>>;
  /** Over edits that were made on the appliance since the last apply. */
  readonly replace?: boolean;
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
  readonly diagnostics: readonly Diagnostic[];
}

export interface Refused {
  readonly ok: false;
  readonly message: string;
  readonly diagnostics: readonly Diagnostic[];
}

/** `sluice apply --json`: diagnostics without excerpts. */
export type ApplyJson = (Omit<Applied, 'diagnostics'> | Omit<Refused, 'diagnostics'>) & {
  readonly diagnostics: readonly DiagnosticJson[];
};

export const SHOWS = [
  'interfaces',
  'rules',
  'sessions',
  'drops',
  'graph',
  'routes',
  'neighbors',
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
