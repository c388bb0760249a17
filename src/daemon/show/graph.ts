// SPDX-License-Identifier: BSD-3-Clause
import { columns } from '../../diagnostics/columns.js';
import { MESSAGE_CONSTANTS as M } from '../../tables/messages.js';
import type { Shown } from './source.js';

export interface NodeShown {
  readonly node: string;
  readonly worker: number;
  readonly calls: number;
  readonly packets: number;
  /** TSC cycles, 0 where the build does not count them. */
  readonly cycles: number;
}

/** The pipeline's nodes by worker, with what went through them. */
export const graph: Shown<{ readonly nodes: readonly NodeShown[] }> = {
  data: async ({ appliance }) => ({
    nodes: await appliance.datapath.json<NodeShown[]>(M.OP_GRAPH),
  }),
  text: (data) =>
    columns(data.nodes, [
      ['node', ({ node }) => node],
      ['worker', ({ worker }) => worker],
      ['calls', ({ calls }) => calls],
      ['packets', ({ packets }) => packets],
      ['packets/call', ({ calls, packets }) => (calls === 0 ? null : (packets / calls).toFixed(1))],
      ['cycles/packet', (one) => (one.packets === 0 ? null : Math.round(one.cycles / one.packets))],
    ]),
};
