// SPDX-License-Identifier: BSD-3-Clause
import { columns, span } from '../../diagnostics/columns.js';
import { PROTOCOLS } from '../../net/services.js';
import { MESSAGE_CONSTANTS as M } from '../../tables/messages.js';
import { sessionFilter } from '../session-filter.js';
import type { Shown, Source } from './source.js';

/** As OP_SESSIONS tells of one. */
interface Told {
  readonly source: string;
  readonly destination: string;
  readonly source_port: number;
  readonly destination_port: number;
  readonly protocol: number;
  readonly state: string;
  readonly rule: number;
  /** Of a rule with a helper: whether the helper reads it, or it was announced in one that it does. */
  readonly helper?: 'parent' | 'child';
  readonly in: number;
  readonly out: number;
  readonly from: number;
  readonly to: number;
  readonly worker: number;
  readonly packets_forward: number;
  readonly packets_reply: number;
  readonly bytes_forward: number;
  readonly bytes_reply: number;
  readonly age_ms: number;
  readonly idle_ms: number;
  /** What the other side sees, of sessions that translate. */
  readonly nat?: {
    readonly source: string;
    readonly source_port: number;
    readonly destination: string;
    readonly destination_port: number;
  };
}

export interface SessionShown extends Omit<
  Told,
  'rule' | 'in' | 'out' | 'from' | 'to' | 'protocol'
> {
  readonly protocol: string;
  readonly rule: string;
  readonly in: string;
  readonly out: string;
  readonly from: string;
  readonly to: string;
}

/** Sessions shown unless `limit` says otherwise; 0 is all. */
const LIMIT = '1000';

export const sessions: Shown<{
  readonly sessions: readonly SessionShown[];
  /** Whether there may be more than were asked for. */
  readonly more: boolean;
}> = {
  data: (source, query) => liveSessions(source, query, false),
  text: (data) => {
    const table = columns(data.sessions, [
      ['protocol', ({ protocol }) => protocol],
      ['source', ({ source, source_port }) => endpoint(source, source_port)],
      ['destination', ({ destination, destination_port: p }) => endpoint(destination, p)],
      ['way', ({ from, to }) => `${from}>${to}`],
      ['state', ({ state }) => state],
      ['rule', ({ rule, helper }) => (helper === 'child' ? `${rule} (child)` : rule)],
      ['packets', (one) => `${one.packets_forward}/${one.packets_reply}`],
      ['bytes', (one) => `${one.bytes_forward}/${one.bytes_reply}`],
      ['age', ({ age_ms }) => span(age_ms)],
      ['idle', ({ idle_ms }) => span(idle_ms)],
    ]);
    return data.more ? `${table}there may be more: --limit N, 0 for all\n` : table;
  },
};

/** Live sessions, or those that translate, as a query asks for. */
export async function liveSessions(
  { appliance }: Source,
  query: URLSearchParams,
  translated: boolean,
): Promise<{ readonly sessions: readonly SessionShown[]; readonly more: boolean }> {
  const { names, datapath } = appliance;
  const limit = query.get('limit') ?? LIMIT;
  const body = sessionFilter(query, limit, names, translated);
  const told = await datapath.json<Told[]>(M.OP_SESSIONS, { body });
  const sessions = told.map((one) => ({
    ...one,
    protocol: protocolName(one.protocol),
    rule: names.rule(one.rule),
    in: names.interface(one.in) ?? 'local',
    out: names.interface(one.out) ?? 'local',
    from: names.zone(one.from),
    to: names.zone(one.to),
  }));
  return { sessions, more: limit !== '0' && told.length >= Number(limit) };
}

/** The protocol's name as rules write it, else its number. */
export function protocolName(number: number): string {
  for (const [name, value] of Object.entries(PROTOCOLS)) if (value === number) return name;
  return String(number);
}

export function endpoint(address: string, port: number): string {
  return address.includes(':') ? `[${address}]:${port}` : `${address}:${port}`;
}
