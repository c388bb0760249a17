// SPDX-License-Identifier: BSD-3-Clause
import type { z } from 'zod';
import type { Span } from '../diagnostics/collect.js';
import { quote } from '../diagnostics/text.js';
import { formatAddress, parseAddress } from '../net/address.js';
import { parseNumber } from '../net/services.js';
import type { Context } from '../rulefile/context.js';
import { readPem, type PemFile } from '../rulefile/pem.js';
import { itemsOf, type Loaded } from '../rulefile/schema.js';
import { secretUse } from '../rulefile/secrets.js';
import type { apiSchema, metricsSchema } from './listener-schema.js';
import type { Endpoint, Listener } from './model.js';
import type { SystemConfig } from './schema.js';

type ApiConfig = Loaded<z.infer<typeof apiSchema>>;
type MetricsConfig = Loaded<z.infer<typeof metricsSchema>>;

/** What listens by the rule file; the second of two at one place is an error. */
export function resolveListeners(
  { api, metrics }: SystemConfig,
  context: Context,
): { readonly api: Listener | null; readonly metrics: Listener | null } {
  const taken = new Set<string>();
  return {
    api: api === undefined ? null : apiOf(api, taken, context),
    metrics: metrics === undefined ? null : metricsOf(metrics, taken, context),
  };
}

function apiOf(config: ApiConfig, taken: Set<string>, context: Context): Listener | null {
  const tokens = [...(config.tokens ?? [])].map(([name, { role, token }]) => ({
    name,
    role,
    secret: secretUse(token, context),
  }));
  const clients = itemsOf(config, 'clients', config.clients ?? []).map(({ text, owner, key }) =>
    readPem(owner, key, text, context),
  );
  if (clients.length === 0 && tokens.length === 0) {
    const message = "nobody could log in: 'clients', 'tokens' or both say who may";
    context.report('listener-form', context.at(config), message);
  }
  const common = commonOf(config, taken, context);
  if (common === null || clients.includes(null)) return null;
  return { ...common, clients: clients as PemFile[], tokens };
}

function metricsOf(config: MetricsConfig, taken: Set<string>, context: Context): Listener | null {
  const common = commonOf(config, taken, context);
  const secret = secretUse(config.token, context);
  if (common === null) return null;
  return { ...common, clients: [], tokens: [{ name: 'metrics', role: 'viewer', secret }] };
}

function commonOf(
  config: Pick<ApiConfig, 'listen' | 'certificate' | 'key'>,
  taken: Set<string>,
  context: Context,
): Pick<Listener, 'listen' | 'certificate' | 'key'> | null {
  const items = itemsOf(config, 'listen', config.listen);
  const listen = items.flatMap(({ text, owner, key }): Endpoint[] => {
    const at = context.at(owner, key);
    const found = endpointOf(text, at, context);
    if (found === null) return [];
    const name = `${found.address} ${found.port}`;
    if (taken.has(name))
      context.report('listener-form', at, `something listens at ${quote(text)} already`);
    taken.add(name);
    const place = { at: context.position(owner, key), excerpt: context.excerpt(owner, key) };
    return [{ ...found, ...place }];
  });
  const certificate = readPem(config, 'certificate', config.certificate, context);
  if (certificate === null) return null;
  return { listen, certificate, key: secretUse(config.key, context) };
}

/** ADDRESS:PORT, of IPv6 in brackets; null after a report. */
function endpointOf(
  text: string,
  at: Span,
  context: Context,
): Pick<Endpoint, 'address' | 'port'> | null {
  const report = (why: string): null => {
    context.report('address-invalid', at, `${quote(text)} is no address with a port: ${why}`);
    return null;
  };
  const [, v6, v4, port = ''] = /^(?:\[([^\]]*)\]|([^:]*)):([0-9]+)$/.exec(text) ?? [];
  const form = v6 ?? v4;
  if (form === undefined) return report('as in 192.0.2.10:8443 or [2001:db8::10]:8443');
  const address = parseAddress(form);
  if (typeof address === 'string') return report(address);
  if ((address.family === 6) !== (v6 !== undefined)) return report('brackets are for IPv6');
  const number = parseNumber(port, 65_535);
  if (!(number >= 1)) return report('a port is 1 to 65535');
  return { address: formatAddress(address), port: number };
}
