// SPDX-License-Identifier: BSD-3-Clause
import { columns } from '../../diagnostics/columns.js';
import { parseNumber } from '../../net/services.js';
import { MESSAGE_CONSTANTS as M } from '../../tables/messages.js';
import { FilterError } from '../session-filter.js';
import type { Shown } from './source.js';

export interface RouteShown {
  readonly prefix: string;
  readonly kind: 'local' | 'connected' | 'gateway' | 'blackhole' | 'none';
  readonly via?: string;
  readonly interface?: string;
  /** Who put it there: static, connected, bgp, kernel, … */
  readonly protocol?: string;
  readonly metric?: number;
}

interface Routes {
  readonly routes: readonly RouteShown[];
  /** Routes there are, shown or not. */
  readonly total: number;
}

/** Routes shown unless `limit` says otherwise; 0 is all. */
const LIMIT = '1000';

export const routes: Shown<Routes> = {
  data: ({ appliance }, query) => {
    const limit = parseNumber(query.get('limit') ?? LIMIT, 0xffffffff);
    if (limit < 0) throw new FilterError('limit is a number');
    return appliance.datapath.json<Routes>(M.OP_ROUTES, { argument: BigInt(limit) });
  },
  text: (data) => {
    const table = columns(data.routes, [
      ['prefix', ({ prefix }) => prefix],
      ['kind', ({ kind }) => kind],
      ['via', ({ via }) => via ?? null],
      ['interface', (one) => one.interface ?? null],
      ['protocol', ({ protocol }) => protocol ?? null],
      ['metric', ({ metric }) => metric ?? null],
    ]);
    const hidden = data.total - data.routes.length;
    return hidden > 0 ? `${table}${hidden} more: --limit N, 0 for all\n` : table;
  },
};
