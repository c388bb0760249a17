// SPDX-License-Identifier: BSD-3-Clause
import type { Usage } from './arguments.js';

export interface Command {
  readonly usage: Usage;
  readonly run: (args: string[]) => Promise<number>;
}

/** Loaded when asked for: start-up counts, and most commands need little of the rest. */
export const COMMANDS = new Map<string, () => Promise<Command>>([
  ['check', () => import('./check.js')],
  ['compile', () => import('./compile.js')],
  ['import', () => import('./import.js')],
  ['ask', () => import('./ask.js')],
  ['trace', () => import('./trace.js')],
  ['monitor', () => import('./monitor.js')],
  ['replay', () => import('./replay.js')],
  ['apply', () => import('./apply.js')],
  ['confirm', () => import('./confirm.js')],
  ['shell', () => import('./shell/main.js')],
  ['show', () => import('./show.js')],
  ['clear', () => import('./clear.js')],
  ['balancer', () => import('./balancer.js')],
  ['vpn', () => import('./vpn.js')],
  ['secret', () => import('./secret.js')],
  ['pki', () => import('./pki.js')],
  ['reload', () => import('./reload.js')],
  ['doctor', () => import('./doctor.js')],
  ['system', () => import('./system.js')],
]);
