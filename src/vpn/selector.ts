// SPDX-License-Identifier: BSD-3-Clause
import type { Span } from '../diagnostics/collect.js';
import { formatPrefix, networkOf, parsePrefix } from '../net/address.js';
import { parseService } from '../net/services.js';
import type { Prefix } from '../net/sets.js';

/** A traffic selector: what of a prefix, protocol and ports is to go through a tunnel. */
export interface Selector {
  readonly prefix: Prefix;
  /** null for all. */
  readonly service: { readonly protocol: number; readonly ports: readonly [number, number] } | null;
  /** As charon takes it. */
  readonly text: string;
  readonly span: Span;
}

/** Reads PREFIX or PREFIX[SERVICE], one service as rules have it. A string says why it is none. */
export function readSelector(text: string): Omit<Selector, 'span'> | string {
  const bracket = text.endsWith(']') ? text.indexOf('[') : -1;
  const prefix = parsePrefix(bracket < 0 ? text : text.slice(0, bracket));
  if (typeof prefix === 'string') return prefix;
  const network = networkOf(prefix);
  if (bracket < 0) return { prefix: network, service: null, text: formatPrefix(network) };
  const service = parseService(text.slice(bracket + 1, -1));
  if (typeof service === 'string') return service;
  const { protocol, destination } = service;
  const [low, high] = destination;
  const ports = low === 0 && high === 65535 ? '' : low === high ? `/${low}` : `/${low}-${high}`;
  return {
    prefix: network,
    service: { protocol, ports: [low, high] },
    text: `${formatPrefix(network)}[${protocol}${ports}]`,
  };
}
