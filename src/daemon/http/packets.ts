// SPDX-License-Identifier: BSD-3-Clause
import { once } from 'node:events';
import { setTimeout as wait } from 'node:timers/promises';
import { z } from 'zod';
import { DatapathAway, DatapathRefused, dropNames } from '../../datapath/libsluice.js';
import { MESSAGE_CONSTANTS as M } from '../../tables/messages.js';
import { PACKET_FILTERS, type CaptureBegan } from '../api/packets.js';
import { packetFilter } from '../packets/filter.js';
import { packetShown, readTaken } from '../packets/shown.js';
import { tunnels } from '../show/vpn.js';
import type { Asked, Route } from './route.js';

/** ms between two looks at what the fast path took. */
const LOOK = 50;

/** Live packets: their payload is more than counters. */
export const PACKET_ROUTES: readonly Route[] = [
  {
    method: 'GET',
    path: '/packets',
    role: 'operator',
    summary: 'Live packets as they end their way, a JSON line each after one that says it began.',
    query: {
      ...Object.fromEntries(
        Object.entries(PACKET_FILTERS).map(([key, meaning]) => [
          key,
          z.string().optional().describe(meaning),
        ]),
      ),
      dropped: z.string().optional().describe('Only those that are dropped.'),
      new: z.string().optional().describe('Only those that open a session, or are dropped.'),
      limit: z.string().optional().describe('So many packets.'),
      rate: z.string().optional().describe('Packets a second and worker at the most.'),
      snap: z.string().optional().describe('Bytes of each.'),
    },
    audited: true,
    run: follow,
  },
];

/** Packets until there are as many as were asked for, or the client goes away. */
async function follow({ source, query, response }: Asked): Promise<undefined> {
  const { datapath, names } = source.appliance;
  const reasons = dropNames(source.counting.current);
  const search = new URLSearchParams(query);
  const body = packetFilter(search, names, reasons);
  const { id } = await datapath.json<{ id: number }>(M.OP_CAPTURE_START, { body });
  const argument = BigInt(id);
  let left = Number(query['limit'] ?? 0) || Infinity;
  let gone = false;
  response.on('close', () => (gone = true));
  const line = async (value: unknown): Promise<void> => {
    if (!response.write(`${JSON.stringify(value)}\n`) && !gone)
      await Promise.race([once(response, 'drain'), once(response, 'close')]);
  };
  response.writeHead(200, { 'content-type': 'application/x-ndjson' });
  try {
    await line({ began: new Date().toISOString() } satisfies CaptureBegan);
    while (left > 0 && !isGone()) {
      const taken = readTaken(await datapath.request(M.OP_CAPTURE_TAKE, { argument }));
      if (taken.packets.length === 0) {
        await wait(LOOK);
        continue;
      }
      const shown = await tunnels.data(source, new URLSearchParams());
      const naming = { names, reasons, tunnels: shown.tunnels };
      for (const packet of taken.packets) {
        if (isGone()) break;
        await line(packetShown(packet, naming, taken));
        left--;
      }
    }
  } catch (error) {
    // A datapath that went away ends the stream; the headers are sent.
    if (!(error instanceof DatapathAway) && !(error instanceof DatapathRefused)) throw error;
  } finally {
    await datapath.request(M.OP_CAPTURE_STOP, { argument }).catch(() => undefined);
    response.end();
  }
  return undefined;

  /** A look at the flag that the compiler does not fold: it changes while we wait. */
  function isGone(): boolean {
    return gone;
  }
}
