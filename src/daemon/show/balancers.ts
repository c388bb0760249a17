// SPDX-License-Identifier: BSD-3-Clause
import type { Entry } from '../../balancer/health/state.js';
import { columns } from '../../diagnostics/columns.js';
import { MESSAGE_CONSTANTS as M } from '../../tables/messages.js';
import type { BackendState } from '../balancing.js';
import type { BackendName } from '../names.js';
import { endpoint } from './sessions.js';
import type { Shown } from './source.js';

/** As OP_BACKENDS tells of each that had a session. */
export interface BackendsTold {
  readonly backends: readonly {
    readonly backend: number;
    readonly sessions: number;
    readonly opened: number;
    readonly packets: number;
    readonly bytes: number;
  }[];
}

export interface CheckShown {
  /** ISO time at which the answer was there. */
  readonly at: string;
  readonly good: boolean;
  readonly why: string;
  readonly ms: number;
}

export interface BackendShown extends Omit<BackendName, 'slot'> {
  readonly state: BackendState;
  /** Its part of new sessions at the moment, beside those of the others. */
  readonly share: number;
  /** ISO time since when it is up or down; null without a verdict. */
  readonly since: string | null;
  /** Newest first; empty where it is not checked. */
  readonly checks: readonly CheckShown[];
  /** Live now. */
  readonly sessions: number;
  /** Since the datapath started. */
  readonly opened: number;
  /** New sessions a second, over the last seconds. */
  readonly new_per_second: number;
  /** Of sessions that ended. */
  readonly packets: number;
  readonly bytes: number;
}

export interface BalancerShown {
  readonly name: string;
  readonly scheduler: string;
  readonly mode: string;
  readonly backends: readonly BackendShown[];
}

export interface BalancersShown {
  readonly balancers: readonly BalancerShown[];
  /** ms by which the latest check since the last look began behind its time. */
  readonly checks_late_ms: number;
}

export const balancers: Shown<BalancersShown> = {
  data: async ({ appliance }) => {
    const { balancing, names, datapath } = appliance;
    const { backends } = await datapath.json<BackendsTold>(M.OP_BACKENDS);
    const told = new Map(backends.map((one) => [one.backend, one]));
    const { of, late } = await balancing.look();
    return {
      checks_late_ms: Math.round(late * 10) / 10,
      balancers: names.balancers.map(({ name, scheduler, mode, backends: all }) => ({
        name,
        scheduler,
        mode,
        backends: all.map((one) => {
          const { slot, ...backend } = one;
          const { sessions = 0, opened = 0, packets = 0, bytes = 0 } = told.get(slot) ?? {};
          const { state, share, health } = of(name, one);
          const since = health?.up == null ? null : new Date(health.since).toISOString();
          const checks = (health?.history ?? []).map(shown);
          const new_per_second = balancing.rates.of(slot, opened);
          const counts = { sessions, opened, new_per_second, packets, bytes };
          return { ...backend, state, share, since, checks, ...counts };
        }),
      })),
    };
  },
  text: ({ balancers: all }) =>
    columns(
      all.flatMap(({ name, backends, ...one }) =>
        backends.map((backend) => ({ ...one, balancer: name, ...backend })),
      ),
      [
        ['balancer', ({ balancer }) => balancer],
        ['mode', ({ mode }) => mode],
        ['scheduler', ({ scheduler }) => scheduler],
        ['backend', ({ name }) => name],
        ['address', ({ address, port }) => (port === null ? address : endpoint(address, port))],
        ['state', ({ state }) => state],
        ['weight', ({ weight }) => weight],
        ['sessions', ({ sessions }) => sessions],
        ['new/s', ({ new_per_second }) => new_per_second],
        ['opened', ({ opened }) => opened],
        ['packets', ({ packets }) => packets],
        ['bytes', ({ bytes }) => bytes],
        ['last check', ({ checks: [last] }) => (last === undefined ? '-' : lastText(last))],
      ],
    ),
};

function shown({ at, good, why, took }: Entry): CheckShown {
  return { at: new Date(at).toISOString(), good, why, ms: Math.round(took * 10) / 10 };
}

function lastText({ at, why }: CheckShown): string {
  const ago = Math.max(0, Math.round((Date.now() - Date.parse(at)) / 1000));
  return `${why}, ${ago} s ago`;
}
