// SPDX-License-Identifier: BSD-3-Clause
import { columns } from '../../diagnostics/columns.js';
import { MESSAGE_CONSTANTS as M } from '../../tables/messages.js';
import type { Shown } from './source.js';

export interface NeighborShown {
  readonly address: string;
  readonly interface?: string;
  readonly state: 'incomplete' | 'ready' | 'failed';
  readonly mac?: string;
}

interface Neighbors {
  readonly neighbors: readonly NeighborShown[];
}

/** Neighbours that sessions or routes use. */
export const neighbors: Shown<Neighbors> = {
  data: ({ appliance }) => appliance.datapath.json<Neighbors>(M.OP_NEIGHBORS),
  text: (data) =>
    columns(data.neighbors, [
      ['address', ({ address }) => address],
      ['interface', (one) => one.interface ?? null],
      ['state', ({ state }) => state],
      ['mac', ({ mac }) => mac ?? null],
    ]),
};
