// SPDX-License-Identifier: BSD-3-Clause
import { EVERYTHING, intersect, type Box, type Limit, type Space } from './box.js';
import { isAll } from './addresses.js';
import { complement, coversRanges, type Ranges } from './ranges.js';

/** What conditions are of, whatever else is known around them. */
export interface Around {
  readonly family: 4 | 6;
  readonly space: Space;
}

/** Why a rule matches no first packet of a flow; only `other` is a loss. */
export type Never = 'sessions' | 'invalid' | 'loopback' | 'fragments' | 'other';

/** The conditions of one rule, put together match by match. */
export class Conditions<A extends Around> {
  readonly around: A;
  readonly line: number;
  /** One after the other: what any of them holds is meant. */
  boxes: Box[] = [EVERYTHING];
  never: Never | null = null;
  /** Set when `never` is `other`: why. */
  neverWhy = '';
  /** Packets that pass the rule by, though in its boxes. */
  readonly skips: Box[] = [];
  /** The rule matches only what is over this limit. */
  over: Limit | null = null;
  /** Conditions without equivalent, as written. */
  readonly unknown: string[] = [];
  /** What is not quite the same. */
  readonly remarks: string[] = [];
  states: Set<string> | null = null;
  comment: string | null = null;

  constructor(around: A, line: number) {
    this.around = around;
    this.line = line;
  }

  and(part: Partial<Box>): void {
    this.either([part]);
  }

  either(parts: readonly Partial<Box>[]): void {
    this.boxes = this.boxes.flatMap((box) =>
      parts.flatMap((part) => intersect(box, { ...EVERYTHING, ...part }) ?? []),
    );
  }

  /** Addresses of one end. */
  addresses(end: 'src' | 'dst', ranges: Ranges, negated: boolean): void {
    const { family, space } = this.around;
    if (isAll(ranges, family)) {
      if (negated) this.boxes = [];
      return;
    }
    const set = negated ? complement(ranges, space.lastAddress) : ranges;
    this.and({ [end]: { set, inc: [], exc: [] } });
  }

  /** A range of 16 bits of a header that all protocols of the rule have. */
  ports(part: 'sport' | 'dport', ranges: Ranges, negated: boolean): void {
    const values = negated ? complement(ranges, 65535n) : ranges;
    if (values.length === 0) this.boxes = [];
    else if (!coversRanges(values, [[0n, 65535n]])) this.and({ [part]: values });
  }

  /** Whether all packets of the rule are of one of these protocols. */
  isOf(...protocols: readonly number[]): boolean {
    return this.boxes.every(
      ({ proto }) =>
        proto !== null &&
        proto.every(([low, high]) => low === high && protocols.includes(Number(low))),
    );
  }

  cannot(what: string): void {
    this.unknown.push(what);
  }

  state(names: readonly string[], negated: boolean): void {
    const ALL = ['NEW', 'ESTABLISHED', 'RELATED', 'INVALID', 'UNTRACKED'];
    const meant = negated ? ALL.filter((name) => !names.includes(name)) : names;
    const before = this.states;
    this.states = new Set(meant.filter((name) => before === null || before.has(name)));
  }
}
