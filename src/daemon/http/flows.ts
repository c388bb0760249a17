// SPDX-License-Identifier: BSD-3-Clause
import { z } from 'zod';
import { MOST_FLOWS, type FlowAsked } from '../api/flows.js';
import { flowsOfLog } from '../flows.js';
import type { Source } from '../show/source.js';

/** Flows as a request has them. */
export const flowsSchema = z
  .array(
    z.strictObject({
      packet: z.string().max(512),
      count: z.int().min(1).max(1_000_000_000),
    }),
  )
  .max(MOST_FLOWS);

/** Those of a request and of the log's last minutes; null where neither is asked for. */
export function flowsAsked(
  { log }: Source,
  given: readonly FlowAsked[] | undefined,
  minutes: number | null,
): readonly FlowAsked[] | null {
  if (given === undefined && minutes === null) return null;
  return [...(given ?? []), ...(minutes === null ? [] : flowsOfLog(log.recent, minutes))];
}
