// SPDX-License-Identifier: BSD-3-Clause
import { CANDIDATE_ROUTES } from './candidates.js';
import { openApi } from './openapi.js';
import { METRICS_ROUTES } from './metrics.js';
import { PACKET_ROUTES } from './packets.js';
import type { Route } from './route.js';
import { RUNNING_ROUTES } from './running.js';
import { VPN_ROUTES } from './vpn.js';

/** Every route of the API. */
export const ROUTES: readonly Route[] = [
  {
    method: 'GET',
    path: '/openapi.json',
    role: 'viewer',
    summary: 'This document.',
    run: () => openApi(ROUTES),
  },
  ...RUNNING_ROUTES,
  ...METRICS_ROUTES,
  ...PACKET_ROUTES,
  ...VPN_ROUTES,
  ...CANDIDATE_ROUTES,
];
