// SPDX-License-Identifier: BSD-3-Clause
import { z } from 'zod';
import { MOST_SECRET } from '../../vpn/secrets.js';
import { MESSAGE_CONSTANTS as M } from '../../tables/messages.js';
import { ENGINE_ACTIONS, TUNNEL_ACTIONS, type SecretShown } from '../api/vpn.js';
import { RequestError, type Route } from './route.js';

/** Bytes of an engine's name. */
const MOST_NAME = 47;

const said = z.strictObject({ tunnel: z.string(), action: z.enum(TUNNEL_ACTIONS) });
const switched = z.strictObject({
  engine: z.string().min(1).max(MOST_NAME),
  action: z.enum(ENGINE_ACTIONS),
});
const stored = z.strictObject({
  name: z.string(),
  value: z.string().min(1).max(MOST_SECRET).describe('It is never told again.'),
});

/** Tunnels, and the secrets they are proved by. */
export const VPN_ROUTES: readonly Route[] = [
  {
    method: 'POST',
    path: '/vpn',
    role: 'admin',
    summary: 'Starts a tunnel, ends it, or gives it new keys.',
    body: said,
    audited: true,
    run: async ({ source, body }) => {
      const { tunnel, action } = body as z.infer<typeof said>;
      await source.appliance.vpn.act(tunnel, action);
      return { tunnel, action };
    },
  },
  {
    method: 'POST',
    path: '/vpn/engine',
    role: 'admin',
    summary: 'Takes a crypto engine out, its SAs going to the next one, or in again.',
    body: switched,
    audited: true,
    run: async ({ source, body }) => {
      const { engine, action } = body as z.infer<typeof switched>;
      const argument = action === 'enable' ? 1n : 0n;
      await source.appliance.datapath.request(M.OP_ENGINE, { body: Buffer.from(engine), argument });
      return { engine, action };
    },
  },
  {
    method: 'GET',
    path: '/secrets',
    role: 'admin',
    summary: 'Names of the secrets that are stored, and of those that are named.',
    run: ({ source }) => ({ secrets: source.appliance.vpn.secretsShown() satisfies SecretShown[] }),
  },
  {
    method: 'POST',
    path: '/secrets',
    role: 'admin',
    summary: 'Stores a secret.',
    body: stored,
    audited: true,
    run: async ({ source, body }) => {
      const { name, value } = body as z.infer<typeof stored>;
      source.appliance.vpn.secrets.put(name, value);
      await source.appliance.secretChanged();
      return { ok: true };
    },
  },
  {
    method: 'DELETE',
    path: '/secrets/{name}',
    role: 'admin',
    summary: 'Deletes a secret that nothing in force needs.',
    audited: true,
    run: ({ source, params }) => {
      const { vpn } = source.appliance;
      const { name = '' } = params;
      const user = vpn.userOf(name);
      if (user !== null) throw new RequestError(409, `${user} needs it`);
      if (!vpn.secrets.delete(name)) throw new RequestError(404, `there is no secret '${name}'`);
      return { ok: true };
    },
  },
];
