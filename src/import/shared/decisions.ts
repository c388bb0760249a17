// SPDX-License-Identifier: BSD-3-Clause
import { covers, intersect, type Box, type Limit } from './box.js';
import type { Event } from './flatten.js';
import type { Remarks } from './remarks.js';
import type { Rule } from './rule.js';
import type { RejectWith } from './rule.js';

/** A rule to be written; the first that matches decides. */
export interface Decision {
  readonly box: Box;
  readonly allow: boolean;
  readonly with: RejectWith | null;
  /** null is the chain's own verdict. */
  readonly rule: Rule | null;
  readonly limit: Limit | null;
  /** What becomes of packets over the limit. */
  readonly over: 'next' | 'deny';
  readonly log: boolean;
  /** Prefixes of the LOG rules that this logs for. */
  readonly prefixes: readonly string[];
  /** Where rules of both families are written: the one it is for, null for both. */
  readonly family?: 4 | 6 | null;
}

/** LOG rules and limits that are looked after at once, and rules one of them may be cut out of. */
const MOST_OPEN = 64;
const MOST_CUTS = 16;

interface Open<E> {
  readonly event: E;
  /** Without limits: the fast path limits its logs itself. */
  readonly box: Box;
  cuts: number;
}
type Logged = Open<Extract<Event, { kind: 'log' }>>;
type Capped = Open<Extract<Event, { kind: 'cap' }>>;

/** Puts logs and limits onto the decisions they are about. */
export function decisionsOf(events: readonly Event[], remarks: Remarks): Decision[] {
  const done: Decision[] = [];
  let logs: Logged[] = [];
  let caps: Capped[] = [];
  for (const event of events) {
    if (event.kind === 'log') {
      if (logs.length === MOST_OPEN) incomplete(logs.shift() as Logged, remarks);
      logs.push({ event, box: { ...event.box, limits: [] }, cuts: 0 });
      continue;
    }
    if (event.kind === 'cap') {
      if (caps.length === MOST_OPEN) lost((caps.shift() as Capped).event.rule, remarks);
      caps.push({ event, box: event.box, cuts: 0 });
      continue;
    }
    const { box } = event;
    // A rule has one schedule: of two, a denial keeps none, and nothing is allowed.
    if (box.schedule?.includes('+') === true) {
      if (event.rule !== null)
        remarks.problem(
          event.rule.line,
          'two times meet in this rule: it only denies, at all times',
        );
      if (event.allow) continue;
    }
    for (const limited of event.allow ? capped(event, caps, remarks) : [plain(event)])
      done.push(...logged(limited, logs, remarks));
    if (box.limits.length > 0) continue;
    logs = logs.filter((one) => !covers(box, one.box));
    caps = caps.filter((one) => !covers(box, one.box));
  }
  return done;
}

type Decide = Extract<Event, { kind: 'decide' }>;

function plain({ box, allow, with: with_, rule }: Decide): Decision {
  const limit = box.limits.reduce<Limit | null>((all, one) => ({ ...all, ...one }), null);
  return {
    box: {
      ...box,
      limits: [],
      schedule: box.schedule?.includes('+') === true ? null : box.schedule,
    },
    allow,
    with: with_,
    rule,
    limit,
    over: 'next',
    log: false,
    prefixes: [],
  };
}

/** What is allowed, cut along the limits it lies under. */
function capped(event: Decide, caps: readonly Capped[], remarks: Remarks): Decision[] {
  let pieces = [plain(event)];
  for (const cap of caps) {
    const next: Decision[] = [];
    for (const piece of pieces) {
      const both = intersect(piece.box, cap.box);
      if (both === null) {
        next.push(piece);
        continue;
      }
      // A rule has one limit, and one answer to what is over it.
      if ((piece.limit !== null && piece.over === 'next') || cap.cuts > MOST_CUTS * 16) {
        lost(cap.event.rule, remarks);
        next.push(piece);
        continue;
      }
      const limit = { ...cap.event.limit, ...piece.limit };
      next.push({ ...piece, box: both, limit, over: 'deny' });
      if (covers(cap.box, piece.box)) continue;
      cap.cuts++;
      next.push(piece);
    }
    pieces = next;
  }
  return pieces;
}

/** A decision, cut along what is logged of it. */
function logged(decision: Decision, logs: readonly Logged[], remarks: Remarks): Decision[] {
  let pieces = [decision];
  for (const log of logs) {
    const next: Decision[] = [];
    for (const piece of pieces) {
      const both = intersect(piece.box, log.box);
      if (both === null) {
        next.push(piece);
        continue;
      }
      const whole = covers(log.box, piece.box);
      if (!whole && ++log.cuts > MOST_CUTS) {
        incomplete(log, remarks);
        next.push(piece);
        continue;
      }
      const { target } = log.event.rule;
      const prefix = target.kind === 'log' && target.prefix !== null ? [target.prefix] : [];
      const prefixes = [...new Set([...piece.prefixes, ...prefix])];
      next.push({ ...piece, box: both, log: true, prefixes });
      if (!whole) next.push(piece);
    }
    pieces = next;
  }
  return pieces;
}

function incomplete(log: Logged, remarks: Remarks): void {
  remarks.problem(
    log.event.rule.line,
    'LOG is about parts of too many rules that follow: some of it is not logged',
  );
}

function lost(rule: Rule, remarks: Remarks): void {
  remarks.problem(rule.line, 'the limit does not hold for all rules that follow');
}
