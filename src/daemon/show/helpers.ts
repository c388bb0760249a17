// SPDX-License-Identifier: BSD-3-Clause
import { columns } from '../../diagnostics/columns.js';
import { MESSAGE_CONSTANTS as M } from '../../tables/messages.js';
import type { Shown } from './source.js';

/** As OP_HELPERS tells; what is no number of the moment counts since the start. */
export interface HelpersShown {
  /** Sessions that helpers read, and sessions that were announced in such. */
  readonly sessions: number;
  readonly children: number;
  /** Commands of FTP that changed their length. */
  readonly rewritten: number;
  /** Flows that are expected, some of them perhaps in vain by now, and how many may be. */
  readonly expected: number;
  readonly most: number;
  /** Flows that were announced, came, did not come in time, were withdrawn, and found no room. */
  readonly opened: number;
  readonly taken: number;
  readonly expired: number;
  readonly withdrawn: number;
  readonly refused: number;
}

export const helpers: Shown<HelpersShown> = {
  data: async ({ appliance }) => appliance.datapath.json<HelpersShown>(M.OP_HELPERS),
  text: (data) =>
    columns(
      [data],
      [
        ['sessions', ({ sessions }) => sessions],
        ['children', ({ children }) => children],
        ['expected', ({ expected, most }) => `${expected}/${most}`],
        ['announced', ({ opened }) => opened],
        ['came', ({ taken }) => taken],
        ['expired', ({ expired }) => expired],
        ['withdrawn', ({ withdrawn }) => withdrawn],
        ['refused', ({ refused }) => refused],
      ],
    ),
};
