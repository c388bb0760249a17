// SPDX-License-Identifier: BSD-3-Clause
import { columns } from '../../diagnostics/columns.js';
import { MESSAGE_CONSTANTS as M, MESSAGES } from '../../tables/messages.js';
import type { RecordOf } from '../../tables/records.js';
import type { Counting } from '../counting.js';
import { moment, type Shown } from './source.js';

export interface RuleShown {
  /** null for what is built in. */
  readonly policy: string | null;
  readonly rule: string;
  /** Packets the rule was chosen for; the rest of their sessions counts under packets and bytes. */
  readonly hits: number;
  /** Live now. */
  readonly sessions: number;
  /** Of sessions, live ones too. */
  readonly packets: number;
  readonly bytes: number;
  readonly last_hit: string | null;
  readonly file: string | null;
  readonly line: number | null;
}

/** As OP_RULES tells of the live sessions of a rule slot. */
interface LiveCounts {
  readonly rule: number;
  readonly sessions: number;
  readonly packets: number;
  readonly bytes: number;
}

type Counts = RecordOf<typeof MESSAGES.rule_counter>;

/** Slots read at once: a rule's slot is seldom alone. */
const RUN = 1024;

/** Rules of the running model in match order, the built-in ones last. */
export const rules: Shown<{ readonly rules: readonly RuleShown[] }> = {
  data: async ({ appliance, counting }) => {
    const count = counter(counting);
    const counted = appliance.names.rules.map((rule) => ({ rule, counts: count(rule.slot) }));
    // Sessions add to the counters when they end; the live ones are looked at after those, so that
    // one which ends between is missing for a moment and never counted twice.
    const told = await appliance.datapath.json<LiveCounts[]>(M.OP_RULES);
    const live = new Map(told.map((one) => [one.rule, one]));
    return {
      rules: counted.map(({ rule: { slot, policy, name, file, line }, counts }) => {
        const { hits, packets, bytes, last } = counts;
        const now = live.get(slot);
        return {
          policy,
          rule: name,
          hits: Number(hits),
          sessions: now?.sessions ?? 0,
          packets: Number(packets) + (now?.packets ?? 0),
          bytes: Number(bytes) + (now?.bytes ?? 0),
          last_hit: moment(last),
          file,
          line,
        };
      }),
    };
  },
  text: (data) =>
    columns(data.rules, [
      ['policy', ({ policy }) => policy],
      ['rule', ({ rule }) => rule],
      ['hits', ({ hits }) => hits],
      ['sessions', ({ sessions }) => sessions],
      ['packets', ({ packets }) => packets],
      ['bytes', ({ bytes }) => bytes],
      ['last hit', ({ last_hit }) => last_hit],
      ['place', ({ file, line }) => (file === null ? null : `${file}:${line}`)],
    ]),
};

/** A function that gives the sum of a slot over the workers, reading runs of slots at once. */
function counter(counting: Counting): (slot: number) => Counts {
  const runs = new Map<number, Counts[]>();
  return (slot) => {
    const first = slot - (slot % RUN);
    const run = runs.get(first) ?? sums(counting, first);
    runs.set(first, run);
    return run[slot - first] as Counts;
  };
}

function sums(counting: Counting, first: number): Counts[] {
  const total = counting.records('rule', 0, first, RUN);
  for (let worker = 1; worker < counting.workers; worker++)
    for (const [i, more] of counting.records('rule', worker, first, RUN).entries()) {
      const sum = total[i] as Counts;
      sum.hits += more.hits;
      sum.packets += more.packets;
      sum.bytes += more.bytes;
      if (more.last > sum.last) sum.last = more.last;
    }
  return total;
}
