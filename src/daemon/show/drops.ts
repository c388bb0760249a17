// SPDX-License-Identifier: BSD-3-Clause
import { dropNames } from '../../datapath/libsluice.js';
import { columns } from '../../diagnostics/columns.js';
import type { Shown } from './source.js';

export interface DropShown {
  readonly reason: string;
  readonly packets: number;
}

/** Why packets were dropped since the datapath started: every reason there is; the text has those that came up. */
export const drops: Shown<{ readonly drops: readonly DropShown[] }> = {
  data: ({ counting }) => {
    const names = dropNames(counting.current);
    const packets = names.map(() => 0);
    for (let worker = 0; worker < counting.workers; worker++)
      for (const [id, record] of counting.records('drop', worker, 0, names.length).entries())
        packets[id] = (packets[id] ?? 0) + Number(record.packets);
    const shown = names.map((reason, id) => ({ reason, packets: packets[id] ?? 0 }));
    return { drops: shown.slice(1) };
  },
  text: (data) => {
    const some = data.drops.filter(({ packets }) => packets > 0);
    const table = columns(some, [
      ['reason', ({ reason }) => reason],
      ['packets', ({ packets }) => packets],
    ]);
    return `${table}${data.drops.length - some.length} other reasons: none\n`;
  },
};
