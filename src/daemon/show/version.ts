// SPDX-License-Identifier: BSD-3-Clause
import { readFileSync } from 'node:fs';
import path from 'node:path';
import { projectRoot } from '../../datapath/root.js';
import { MESSAGE_CONSTANTS as M } from '../../tables/messages.js';
import type { Shown } from './source.js';

export interface VersionShown {
  readonly sluice: string;
  readonly dpdk: string;
  /** Of the table image. */
  readonly layout: number;
  /** Of the control socket and the shared counters. */
  readonly protocol: number;
  /** Of the tables in force, 0 for none. */
  readonly generation: number;
  /** ISO time at which it is undone unless it is confirmed before, or null. */
  readonly confirm_until: string | null;
}

export const version: Shown<VersionShown> = {
  data: async ({ appliance }) => {
    const file = readFileSync(path.join(projectRoot(), 'package.json'), 'utf8');
    const { version: sluice } = JSON.parse(file) as { version: string };
    const told = await appliance.datapath.json<Omit<VersionShown, 'sluice' | 'confirm_until'>>(
      M.OP_VERSION,
    );
    const waiting = appliance.unconfirmed;
    const until = waiting === null ? null : new Date(waiting.until).toISOString();
    return { sluice, ...told, confirm_until: until };
  },
  text: ({ sluice, dpdk, layout, protocol, generation, confirm_until }) =>
    [
      `sluice      ${sluice}`,
      `dpdk        ${dpdk}`,
      `layout      ${layout}`,
      `protocol    ${protocol}`,
      `generation  ${generation === 0 ? 'none' : generation}`,
      ...(confirm_until === null ? [] : [`unconfirmed, goes back at ${confirm_until}`]),
      '',
    ].join('\n'),
};
