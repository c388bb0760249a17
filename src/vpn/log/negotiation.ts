// SPDX-License-Identifier: BSD-3-Clause
import { causeOf, type Cause } from './causes.js';

/** The last negotiation of a tunnel, as charon's log has it. */
export interface Negotiation {
  readonly tunnel: string;
  /** Local time, of its begin. */
  readonly at: string;
  readonly began: 'we' | 'the peer';
  readonly peer: string;
  readonly outcome: 'up' | 'failed' | 'going on';
  /** RFC 7296: IKE_SA_INIT, IKE_AUTH, or CHILD_SA where both are known and ESP is agreed on. */
  readonly phase: Phase;
  /** What became of it, in words. */
  readonly cause: Cause | null;
  readonly ours: string | null;
  /** null where the peer does not tell. */
  readonly theirs: string | null;
}

type Phase = 'IKE_SA_INIT' | 'IKE_AUTH' | 'CHILD_SA';

interface Sides {
  ours: string | null;
  theirs: string | null;
}

/** One IKE SA in the log. */
interface Trail {
  tunnel: string | null;
  at: string;
  began: Negotiation['began'];
  peer: string;
  up: boolean;
  phase: Phase;
  cause: Cause | null;
  silent: number;
  readonly proposals: Sides;
  readonly selectors: Sides;
}

/** `2026-11-30T06:13:12 12[IKE] <hq|1> text`, the tunnel only once it is known. */
const LINE = /^(\S+) \d+\[([A-Z]{3})\] <(?:(.*)\|)?(\d+)> (.*)$/;
const RESTART = /^\S+ \d+\[DMN\] Starting IKE/;

/** The last negotiation of a tunnel; null without one. `isPeer` tells of addresses whether they are its peer's. */
export function lastNegotiation(
  log: string,
  tunnel: string,
  isPeer: (address: string) => boolean,
): Negotiation | null {
  const trails = trailsOf(log);
  const own = trails.findLast(
    (one) => one.tunnel === tunnel || (one.tunnel === null && isPeer(one.peer)),
  );
  if (own === undefined) return null;
  const { at, began, peer, phase } = own;
  const cause = own.cause ?? waiting(own);
  const sides = cause?.about === 'selectors' ? own.selectors : own.proposals;
  const outcome = own.up ? 'up' : own.cause === null ? 'going on' : 'failed';
  return { tunnel, at, began, peer, outcome, phase, cause: own.up ? null : cause, ...sides };
}

function waiting({ silent }: Trail): Cause | null {
  if (silent === 0) return null;
  return {
    side: 'nobody',
    why: `the peer has been silent so far, asked ${silent + 1} times`,
    change: 'peer, and what is on the way there: UDP ports 500 and 4500 have to pass both ways',
    about: null,
  };
}

function trailsOf(log: string): Trail[] {
  const trails: Trail[] = [];
  let byId = new Map<string, Trail>();
  let selectors: Trail | null = null;
  for (const line of log.split('\n')) {
    // Numbers begin anew with the daemon.
    if (RESTART.test(line)) byId = new Map();
    const [, at = '', , name, id = '', text = ''] = LINE.exec(line) ?? [];
    if (id === '') continue;
    const begun = beginning(text);
    let trail = byId.get(id);
    if (begun !== null && (trail === undefined || trail.began !== 'we')) {
      trail = fresh(at, begun);
      byId.set(id, trail);
      trails.push(trail);
    }
    if (trail === undefined) continue;
    if (name !== undefined) trail.tunnel = name;
    if (text.startsWith(' ') && selectors === trail) {
      if (!text.includes('config:')) add(trail.selectors, text.trim());
    } else selectors = text.startsWith('proposing traffic selectors') ? trail : null;
    if (selectors === trail && text.startsWith('proposing')) turn(trail.selectors, text);
    follow(trail, text);
  }
  return trails;
}

function beginning(text: string): Pick<Trail, 'began' | 'peer'> | null {
  const [, to] = /^initiating IKE_SA .* to (\S+)$/.exec(text) ?? [];
  if (to !== undefined) return { began: 'we', peer: to };
  const [, from] = /^(\S+) is initiating an IKE_SA$/.exec(text) ?? [];
  return from === undefined ? null : { began: 'the peer', peer: from };
}

function fresh(at: string, begun: Pick<Trail, 'began' | 'peer'>): Trail {
  return {
    ...begun,
    at,
    tunnel: null,
    up: false,
    phase: 'IKE_SA_INIT',
    cause: null,
    silent: 0,
    proposals: { ours: null, theirs: null },
    selectors: { ours: null, theirs: null },
  };
}

/** What a line makes of it. */
function follow(trail: Trail, text: string): void {
  const [, which, list] = /^(configured|received) proposals: (.*)$/.exec(text) ?? [];
  if (list !== undefined) {
    const esp = list.startsWith('ESP');
    // What the other exchange was about is no news any more.
    if (esp && trail.proposals.ours?.startsWith('IKE') === true)
      Object.assign(trail.proposals, { ours: null, theirs: null });
    trail.proposals[which === 'configured' ? 'ours' : 'theirs'] = list;
  }
  if (/^received /.test(text)) trail.silent = 0;
  const [, again] = /^retransmit (\d+) of request/.exec(text) ?? [];
  if (again !== undefined) trail.silent = Number(again);
  // One that is tried again later is established by an IKE SA that stands.
  if (
    trail.phase === 'IKE_SA_INIT' &&
    /^(establishing CHILD_SA|looking for peer configs)/.test(text)
  )
    trail.phase = 'IKE_AUTH';
  const [, local, remote] = /^looking for a child config for (.*) === (.*)$/.exec(text) ?? [];
  if (local !== undefined) trail.selectors.theirs = `${remote ?? ''} to ${local}`;
  if (/^IKE_SA .* established between/.test(text)) trail.phase = 'CHILD_SA';
  if (/^CHILD_SA .* established with SPIs/.test(text)) {
    trail.up = true;
    trail.cause = null;
  } else if (!trail.up) trail.cause ??= causeOf(text);
}

/** `proposing traffic selectors for us:`, then `for other:`, each with a selector a line. */
function turn(sides: Sides, text: string): void {
  sides.ours = text.endsWith('for us:') ? '' : `${sides.ours ?? ''} to`;
}

function add(sides: Sides, selector: string): void {
  const before = sides.ours ?? '';
  sides.ours =
    before === '' || before.endsWith('to')
      ? `${before} ${selector}`.trim()
      : `${before}, ${selector}`;
}
