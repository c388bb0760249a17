// SPDX-License-Identifier: BSD-3-Clause

/** A flow to ask old and new tables about. */
export interface FlowAsked {
  /** Its first packet, as `trace --packets` writes one; `-` for the interface: that of its source. */
  readonly packet: string;
  /** How often it was seen. */
  readonly count: number;
}

/** What becomes of a flow. */
export interface FlowOutcome {
  readonly verdict: 'allow' | 'deny' | 'reject';
  /** POLICY/RULE, or what is built in. */
  readonly rule: string;
  readonly file: string | null;
  readonly line: number | null;
  readonly out: string | null;
  /** Why it is dropped, where it is. */
  readonly reason: string | null;
}

export interface FlowChange extends FlowAsked {
  readonly before: FlowOutcome;
  readonly after: FlowOutcome;
}

/** Of a preview that was given flows. */
export interface FlowsTold {
  /** Flows that were asked about, and how often they were seen. */
  readonly flows: number;
  readonly seen: number;
  /** Flows nobody can tell where they enter, or whose packet cannot be read. */
  readonly unplaced: number;
  /** Another verdict, most first; then the same verdict by another rule or another way, most first. */
  readonly changed: readonly FlowChange[];
}

/** Flows that are asked about at once. */
export const MOST_FLOWS = 100_000;
