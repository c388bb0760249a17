// SPDX-License-Identifier: BSD-3-Clause
import type { Show } from '../api/types.js';
import { archive } from './archive.js';
import { balancers } from './balancers.js';
import { drops } from './drops.js';
import { engines } from './engines.js';
import { graph } from './graph.js';
import { groups } from './groups.js';
import { helpers } from './helpers.js';
import { interfaces } from './interfaces.js';
import { log } from './log.js';
import { natBlocks, natPools, natTranslations } from './nat.js';
import { neighbors } from './neighbors.js';
import { routes } from './routes.js';
import { routing } from './routing.js';
import { rules } from './rules.js';
import { sessions } from './sessions.js';
import type { Shown, Source } from './source.js';
import { sas, tunnels } from './vpn.js';
import { vpnLog } from './vpn-log.js';
import { version } from './version.js';

/** One show as a JSON document, or as text for people. */
type Ask = (source: Source, query: URLSearchParams, text: boolean) => Promise<string>;

export const ALL_SHOWS: Readonly<Record<Show, Ask>> = {
  archive: ask(archive),
  drops: ask(drops),
  graph: ask(graph),
  groups: ask(groups),
  helpers: ask(helpers),
  interfaces: ask(interfaces),
  log: ask(log),
  balancers: ask(balancers),
  'vpn tunnels': ask(tunnels),
  'vpn sas': ask(sas),
  'vpn engines': ask(engines),
  'vpn log': ask(vpnLog),
  'nat pools': ask(natPools),
  'nat translations': ask(natTranslations),
  'nat blocks': ask(natBlocks),
  neighbors: ask(neighbors),
  routes: ask(routes),
  routing: ask(routing),
  rules: ask(rules),
  sessions: ask(sessions),
  version: ask(version),
};

function ask<T>(shown: Shown<T>): Ask {
  return async (source, query, text) => {
    const data = await shown.data(source, query);
    return text ? shown.text(data) : JSON.stringify(data);
  };
}
