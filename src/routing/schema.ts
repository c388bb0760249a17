// SPDX-License-Identifier: BSD-3-Clause
import { z } from 'zod';
import { withWords, type Loaded } from '../rulefile/schema.js';

const staticRoute = withWords(
  z.strictObject({
    to: withWords(z.string(), { what: 'a prefix' }).describe(
      'Destination prefix; `0.0.0.0/0` and `"::/0"` are the default routes.',
    ),
    via: withWords(z.string(), { what: 'a gateway address' })
      .optional()
      .describe('Address of the gateway, a neighbour on a connected subnet.'),
    interface: withWords(z.string(), { refers: ['interfaces'] })
      .optional()
      .describe('Interface to leave by; needed where `via` is link-local or missing.'),
    distance: withWords(z.int().min(1).max(255), { what: 'a distance' })
      .default(1)
      .describe('Administrative distance, 1 to 255; the lowest wins.'),
  }),
  {
    what: 'a static route',
    identity: 'to',
    planned: { track: 'tracked routes', ways: 'multipath routes' },
  },
);

export const routingSchema = withWords(
  z.strictObject({
    static: z.array(staticRoute).optional().describe('Static routes.'),
    frr: withWords(z.string().regex(/./).max(4096), { what: 'the path of a file', file: true })
      .optional()
      .describe(
        'A file of FRR itself (`frr.conf`), relative to this one: its daemons run while there is one, and what they learn is routed by.',
      ),
  }),
  { what: 'routing', planned: { bgp: 'BGP', ospf: 'OSPF' } },
).describe('Routes beyond those of connected subnets.');

export type StaticRouteConfig = Loaded<z.infer<typeof staticRoute>>;

/** The part of a rule file that is about routes. */
export interface RoutingConfig {
  readonly routing?: Loaded<z.infer<typeof routingSchema>> | undefined;
}
