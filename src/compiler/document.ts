// SPDX-License-Identifier: BSD-3-Clause
import { z } from 'zod';
import { schedulesSchema } from '../firewall/schedules.js';
import { groupsSchema, policiesSchema } from '../firewall/schema.js';
import { balancersSchema } from '../balancer/schema.js';
import { natSchema } from '../nat/schema.js';
import { interfacesSchema, zonesSchema } from '../interfaces/schema.js';
import { routingSchema } from '../routing/schema.js';
import { systemSchema } from '../system/schema.js';
import { layoutOf, type Layout } from '../rulefile/layout.js';
import { withWords, type Loaded } from '../rulefile/schema.js';
import { vpnSchema } from '../vpn/schema.js';
import { settingsSchema } from './settings.js';

const assertion = withWords(z.string().max(512), { what: 'an assertion' });

/** The whole language: every other form of it (types, JSON Schema, reference) comes from here. */
export const documentSchema = withWords(
  z.strictObject({
    version: withWords(z.literal(1), { what: 'the version', code: 'version-unknown' }).describe(
      'Version of the language, always 1.',
    ),
    system: systemSchema.optional(),
    settings: settingsSchema.optional(),
    interfaces: interfacesSchema.optional(),
    zones: zonesSchema.optional(),
    groups: groupsSchema.optional(),
    schedules: schedulesSchema.optional(),
    policies: policiesSchema.optional(),
    nat: natSchema.optional(),
    balancers: balancersSchema.optional(),
    vpn: vpnSchema.optional(),
    routing: routingSchema.optional(),
    assert: z
      .array(assertion)
      .optional()
      .describe(
        'What must hold: `IFACE PROTO SRC[:PORT] DST[:PORT] => allow|deny|reject [POLICY/RULE] [out IFACE]`.',
      ),
    inactive: z
      .array(withWords(z.string().min(1).max(4096), { what: 'the words that lead to a place' }))
      .optional()
      .describe(
        'What is written and left out, by the words that `set` takes: `policies office-out rules browse`.',
      ),
  }),
  {
    what: 'a rule file',
    planned: { cluster: 'high availability' },
  },
);

/** A rule file as loaded: what is written, with names not yet resolved. */
export type Document = Loaded<z.infer<typeof documentSchema>>;

let layout: Layout | undefined;

/** Where rule files may include others. */
export function documentLayout(): Layout {
  return (layout ??= layoutOf(documentSchema));
}
