// SPDX-License-Identifier: BSD-3-Clause
import { columns } from '../../diagnostics/columns.js';
import { MESSAGE_CONSTANTS as M } from '../../tables/messages.js';
import type { BackendName } from '../names.js';
import { endpoint } from './sessions.js';
import type { Shown } from './source.js';

/** As OP_BACKENDS tells of each that had a session. */
interface Told {
  readonly backends: readonly {
    readonly backend: number;
    readonly sessions: number;
    readonly opened: number;
    readonly packets: number;
    readonly bytes: number;
  }[];
}

export interface BackendShown extends Omit<BackendName, 'slot'> {
  /** Live now. */
  readonly sessions: number;
  /** Since the datapath started. */
  readonly opened: number;
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

export const balancers: Shown<{ readonly balancers: readonly BalancerShown[] }> = {
  data: async ({ appliance }) => {
    const { backends } = await appliance.datapath.json<Told>(M.OP_BACKENDS);
    const told = new Map(backends.map((one) => [one.backend, one]));
    return {
      balancers: appliance.names.balancers.map((balancer) => ({
        ...balancer,
        backends: balancer.backends.map(({ slot, ...backend }) => {
          const { sessions = 0, opened = 0, packets = 0, bytes = 0 } = told.get(slot) ?? {};
          return { ...backend, sessions, opened, packets, bytes };
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
        ['weight', ({ weight }) => weight],
        ['sessions', ({ sessions }) => sessions],
        ['opened', ({ opened }) => opened],
        ['packets', ({ packets }) => packets],
        ['bytes', ({ bytes }) => bytes],
      ],
    ),
};
