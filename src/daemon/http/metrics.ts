// SPDX-License-Identifier: BSD-3-Clause
import { DatapathAway } from '../../datapath/libsluice.js';
import { familiesOf, type Figures } from '../../telemetry/families.js';
import { ViciAway } from '../../vpn/vici.js';
import { CONTENT_TYPE, openMetrics } from '../../telemetry/openmetrics.js';
import { balancers } from '../show/balancers.js';
import { drops } from '../show/drops.js';
import { interfaces } from '../show/interfaces.js';
import { natPools } from '../show/nat.js';
import { rules } from '../show/rules.js';
import type { Source } from '../show/source.js';
import { engines } from '../show/engines.js';
import { tunnels } from '../show/vpn.js';
import type { Route } from './route.js';

/** What Prometheus and its like read. */
export const METRICS_ROUTES: readonly Route[] = [
  {
    method: 'GET',
    path: '/metrics',
    role: 'viewer',
    summary: 'All counters as OpenMetrics text.',
    run: async ({ source, response }) => {
      const { user, system } = process.cpuUsage();
      const text = openMetrics(
        familiesOf(await figuresOf(source), {
          cpuSeconds: (user + system) / 1e6,
          resident: process.memoryUsage.rss(),
          started: Date.now() / 1000 - process.uptime(),
        }),
      );
      response.writeHead(200, { 'content-type': CONTENT_TYPE });
      response.end(text);
      return undefined;
    },
  },
];

/** Null while the datapath is away. */
async function figuresOf(source: Source): Promise<Figures | null> {
  const query = new URLSearchParams();
  try {
    const { counting } = source;
    const { generation, boot } = counting.current.head();
    return {
      ...(await drops.data(source, query)),
      ...(await rules.data(source, query)),
      ...(await interfaces.data(source, query)),
      pools: (await natPools.data(source, query)).pools,
      balancers: (await balancers.data(source, query)).balancers,
      vpn: {
        tunnels: await tunnelsOf(source, query),
        engines: (await engines.data(source, query)).engines,
      },
      workers: Array.from({ length: counting.workers }, (_, i) => counting.record('worker', i, 0)),
      generation,
      boot,
    };
  } catch (error) {
    if (error instanceof DatapathAway) return null;
    throw error;
  }
}

/** None while IKE goes away or comes: the other figures are told all the same. */
async function tunnelsOf(
  source: Source,
  query: URLSearchParams,
): Promise<Figures['vpn']['tunnels']> {
  try {
    return (await tunnels.data(source, query)).tunnels;
  } catch (error) {
    if (error instanceof ViciAway) return [];
    throw error;
  }
}
