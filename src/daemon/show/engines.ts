// SPDX-License-Identifier: BSD-3-Clause
import { columns } from '../../diagnostics/columns.js';
import { MESSAGE_CONSTANTS as M } from '../../tables/messages.js';
import type { Shown } from './source.js';

/** As OP_SAS tells, in the order in which they are preferred where nothing was measured. */
export interface EngineShown {
  readonly name: string;
  /** `cpu`: at once, on the worker; `lookaside`: by queues of its own. */
  readonly kind: 'cpu' | 'lookaside';
  readonly state: 'ready' | 'disabled' | 'failed';
  /** What it does, with the cycles that a packet of 512 bytes took at the start; 0: not measured. */
  readonly cycles: Readonly<Record<string, number>>;
  /** SAs that use it now. */
  readonly sas: number;
  /** Operations it did not do, and SAs it lost for that. */
  readonly failures: number;
  readonly failovers: number;
}

export const engines: Shown<{ readonly engines: readonly EngineShown[] }> = {
  data: async ({ appliance }) => {
    const { engines: all } = await appliance.datapath.json<{ engines: EngineShown[] }>(M.OP_SAS);
    return { engines: all };
  },
  text: (data) =>
    columns(data.engines, [
      ['engine', ({ name }) => name],
      ['kind', ({ kind }) => kind],
      ['state', ({ state }) => state],
      ['aes-gcm', ({ cycles }) => cycles['aes-gcm'] ?? null],
      ['chacha20-poly1305', ({ cycles }) => cycles['chacha20-poly1305'] ?? null],
      ['aes-cbc-hmac', ({ cycles }) => cycles['aes-cbc-hmac'] ?? null],
      ['SAs', ({ sas }) => sas],
      ['failures', ({ failures }) => failures],
      ['failovers', ({ failovers }) => failovers],
    ]),
};
