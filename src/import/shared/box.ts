// SPDX-License-Identifier: BSD-3-Clause
import {
  coversRanges,
  intersectRanges,
  subtractRanges,
  type Range,
  type Ranges,
} from './ranges.js';

/** Addresses of one end: those in `set` (null: all) and in every set of `inc`, in none of `exc`. */
export interface Side {
  readonly set: Ranges | null;
  /** Names of ipsets, whose members are not looked at here. */
  readonly inc: readonly string[];
  readonly exc: readonly string[];
}

/** How often a rule may match; over it the next rule is asked. */
export interface Limit {
  readonly rate?: string;
  readonly burst?: number;
  readonly sessions?: number;
  readonly ratePerSource?: string;
  readonly sessionsPerSource?: number;
  /** Prefix length sources are counted by. */
  readonly sourcePrefix?: number;
}

/**
 * Packets that a rule is about: each part a set of values, null for all. Parts of a protocol (ports,
 * ICMP types, flags) are set only where `proto` has no protocol without them.
 */
export interface Box {
  /** Bits of interfaces. */
  readonly in: bigint | null;
  readonly out: bigint | null;
  readonly src: Side | null;
  readonly dst: Side | null;
  readonly proto: Ranges | null;
  readonly sport: Ranges | null;
  readonly dport: Ranges | null;
  /** ICMP type * 256 + code. */
  readonly icmp: Ranges | null;
  /** A bit for each of the 256 values of the TCP flags. */
  readonly flags: bigint | null;
  /** A bit for each DSCP. */
  readonly dscp: bigint | null;
  readonly mac: readonly string[] | null;
  readonly schedule: string | null;
  readonly limits: readonly Limit[];
}

export const EVERYTHING: Box = {
  in: null,
  out: null,
  src: null,
  dst: null,
  proto: null,
  sport: null,
  dport: null,
  icmp: null,
  flags: null,
  dscp: null,
  mac: null,
  schedule: null,
  limits: [],
};

const BITS = ['in', 'out', 'flags', 'dscp'] as const;
const RANGES = ['proto', 'sport', 'dport', 'icmp'] as const;
const SIDES = ['src', 'dst'] as const;
/** In this order packets of other protocols go before parts of a protocol are looked at. */
const PARTS = [
  'in',
  'out',
  'src',
  'dst',
  'proto',
  'sport',
  'dport',
  'icmp',
  'flags',
  'dscp',
] as const;

/** What is in both boxes, or null for nothing. */
export function intersect(a: Box, b: Box): Box | null {
  if (a === EVERYTHING) return b;
  if (b === EVERYTHING) return a;
  if (areApart(a, b)) return null;
  const box: { -readonly [K in keyof Box]: Box[K] } = { ...a };
  for (const part of BITS) {
    const [x, y] = [a[part], b[part]];
    box[part] = x === null ? y : y === null ? x : x & y;
    if (box[part] === 0n) return null;
  }
  for (const part of RANGES) {
    const [x, y] = [a[part], b[part]];
    box[part] = x === null || x === y ? y : y === null ? x : intersectRanges(x, y);
    if (box[part]?.length === 0) return null;
  }
  for (const part of SIDES) {
    const side = intersectSides(a[part], b[part]);
    if (side !== null && isNobody(side)) return null;
    box[part] = side;
  }
  if (b.mac !== null)
    box.mac = a.mac === null ? b.mac : a.mac.filter((one) => b.mac?.includes(one));
  if (box.mac?.length === 0) return null;
  if (b.schedule !== null)
    box.schedule =
      a.schedule === null || a.schedule === b.schedule ? b.schedule : `${a.schedule}+${b.schedule}`;
  if (b.limits.length > 0) box.limits = [...a.limits, ...b.limits];
  return box;
}

/** Most boxes have nothing in common, which mostly addresses and ports tell. No loop: this is hot. */
function areApart(a: Box, b: Box): boolean {
  return (
    (a.dport !== null && b.dport !== null && apart(a.dport, b.dport)) ||
    (a.src !== null && b.src !== null && apart(a.src.set, b.src.set)) ||
    (a.dst !== null && b.dst !== null && apart(a.dst.set, b.dst.set)) ||
    (a.in !== null && b.in !== null && a.in !== b.in && (a.in & b.in) === 0n) ||
    (a.out !== null && b.out !== null && a.out !== b.out && (a.out & b.out) === 0n) ||
    (a.proto !== null && b.proto !== null && apart(a.proto, b.proto))
  );
}

/** Whether all of one set is before all of the other. */
function apart(x: Ranges | null, y: Ranges | null): boolean {
  if (x === null || y === null || x === y || x.length === 0 || y.length === 0) return false;
  const [xFirst, xLast] = [x[0] as Range, x[x.length - 1] as Range];
  const [yFirst, yLast] = [y[0] as Range, y[y.length - 1] as Range];
  return xLast[1] < yFirst[0] || yLast[1] < xFirst[0];
}

/** What there can be at all, where a box says null. */
export interface Space {
  /** A bit for each interface. */
  readonly interfaces: bigint;
  /** The last address of the family. */
  readonly lastAddress: bigint;
}

/** Boxes without overlap that hold what of `from` is not in `except`; null where none can say it. */
export function subtract(from: Box, except: Box, space: Space): Box[] | null {
  if (except.mac !== null || except.schedule !== null || except.limits.length > 0)
    return intersect(from, except) === null ? [from] : null;
  const overlap = intersect(from, except);
  if (overlap === null) return [from];
  const left: Box[] = [];
  let rest = from;
  for (const part of PARTS) {
    const hole = except[part];
    if (hole === null) continue;
    for (const piece of outside(rest, part, except, space)) left.push(piece);
    rest = { ...rest, [part]: overlap[part] };
  }
  return left;
}

/** Whether all of `inner` is in `outer`; false where that cannot be told. */
export function covers(outer: Box, inner: Box): boolean {
  if (outer === EVERYTHING) return true;
  if (outer.limits.length > 0) return false;
  for (const part of BITS) {
    const [o, i] = [outer[part], inner[part]];
    if (o !== null && (i === null || (i & ~o) !== 0n)) return false;
  }
  for (const part of RANGES) {
    const [o, i] = [outer[part], inner[part]];
    if (o !== null && o !== i && (i === null || !coversRanges(o, i))) return false;
  }
  for (const part of SIDES) if (!coversSide(outer[part], inner[part])) return false;
  if (outer.mac !== null && !(inner.mac?.every((one) => outer.mac?.includes(one)) ?? false))
    return false;
  return outer.schedule === null || outer.schedule === inner.schedule;
}

function outside(box: Box, part: (typeof PARTS)[number], except: Box, space: Space): Box[] {
  if (part === 'src' || part === 'dst') {
    const sides = outsideSide(box[part], except[part] as Side, space.lastAddress);
    return sides.map((side) => ({ ...box, [part]: side }));
  }
  if (part === 'in' || part === 'out' || part === 'flags' || part === 'dscp') {
    const had =
      box[part] ?? (part === 'flags' ? ALL_FLAGS : part === 'dscp' ? ALL_DSCP : space.interfaces);
    const left = had & ~(except[part] as bigint);
    return left === 0n ? [] : [{ ...box, [part]: left }];
  }
  const had = box[part] ?? [[0n, part === 'proto' ? 255n : 65535n] as const];
  const left = subtractRanges(had, except[part] as Ranges);
  return left.length === 0 ? [] : [{ ...box, [part]: left }];
}

export const ALL_FLAGS = (1n << 256n) - 1n;
export const ALL_DSCP = (1n << 64n) - 1n;

function outsideSide(side: Side | null, except: Side, last: bigint): Side[] {
  const pieces: Side[] = [];
  let rest = side ?? { set: null, inc: [], exc: [] };
  if (except.set !== null) {
    const set = subtractRanges(rest.set ?? [[0n, last]], except.set);
    if (set.length > 0) pieces.push({ ...rest, set });
    rest = { ...rest, set: rest.set === null ? except.set : intersectRanges(rest.set, except.set) };
  }
  for (const name of except.inc) {
    pieces.push({ ...rest, exc: withName(rest.exc, name) });
    rest = { ...rest, inc: withName(rest.inc, name) };
  }
  for (const name of except.exc) {
    pieces.push({ ...rest, inc: withName(rest.inc, name) });
    rest = { ...rest, exc: withName(rest.exc, name) };
  }
  return pieces.filter((piece) => !isNobody(piece));
}

function intersectSides(a: Side | null, b: Side | null): Side | null {
  if (a === null || a === b) return b;
  if (b === null) return a;
  return {
    set: a.set === null ? b.set : b.set === null ? a.set : intersectRanges(a.set, b.set),
    inc: b.inc.reduce(withName, a.inc),
    exc: b.exc.reduce(withName, a.exc),
  };
}

function coversSide(outer: Side | null, inner: Side | null): boolean {
  if (outer === null || outer === inner) return true;
  if (inner === null) return false;
  if (outer.set !== null && (inner.set === null || !coversRanges(outer.set, inner.set)))
    return false;
  return (
    outer.inc.every((name) => inner.inc.includes(name)) &&
    outer.exc.every((name) => inner.exc.includes(name))
  );
}

function isNobody({ set, inc, exc }: Side): boolean {
  return set?.length === 0 || inc.some((name) => exc.includes(name));
}

function withName(names: readonly string[], name: string): readonly string[] {
  return names.includes(name) ? names : [...names, name];
}
