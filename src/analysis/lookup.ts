// SPDX-License-Identifier: BSD-3-Clause
import type { Budget } from './budget.js';
import type { ServiceArea } from './services.js';
import type { Spans } from './spans.js';
import { inArea, type Area, type Point } from './universe.js';

/** Rule lists up to this length are searched one by one. */
const FEW = 16;

/** What rules of a kind have in common: address bits from the top, and how much of the service. */
interface Kind {
  readonly src: number;
  readonly dst: number;
  readonly service: 'any' | 'protocol' | 'port';
}

/** Finds the rules of an ordered list that match a point, in one family. */
export class Lookup {
  readonly #areas: readonly (Area | null)[];
  readonly #kinds = new Map<string, Kind>();
  readonly #buckets = new Map<number, number[]>();

  /** Areas by their place in the list; null never matches. */
  constructor(areas: readonly (Area | null)[]) {
    this.#areas = areas;
    if (areas.length <= FEW) return;
    for (const [i, area] of areas.entries()) if (area !== null) this.#add(i, area);
  }

  /** The first place in [from, to) whose rule matches and is wanted, or `to`. */
  first(
    point: Point,
    from: number,
    to: number,
    budget: Budget,
    wanted: (place: number) => boolean,
  ): number {
    if (from >= to) return to;
    if (this.#areas.length <= FEW) {
      budget.take(to - from);
      for (let i = from; i < to; i++) if (this.#matches(i, point) && wanted(i)) return i;
      return to;
    }
    let best = to;
    for (const kind of this.#kinds.values()) {
      const service = kind.service === 'any' ? 0 : point.protocol + 1;
      const port = kind.service === 'port' ? point.dport + 1 : 0;
      const list = this.#buckets.get(hash(kind, point.src, point.dst, service, port));
      budget.take(1);
      if (list === undefined) continue;
      for (let k = from === 0 ? 0 : after(list, from); k < list.length; k++) {
        const i = list[k] as number;
        if (i >= best) break;
        budget.take(1);
        if (this.#matches(i, point) && wanted(i)) {
          best = i;
          break;
        }
      }
    }
    return best;
  }

  #matches(i: number, point: Point): boolean {
    const area = this.#areas[i];
    return area !== null && area !== undefined && inArea(area, point);
  }

  #add(i: number, { src, dst, svc }: Area): void {
    const [service, protocol, port] = serviceKind(svc);
    const kind: Kind = { src: commonBits(src), dst: commonBits(dst), service };
    this.#kinds.set(`${kind.src}/${kind.dst}/${kind.service}`, kind);
    const id = hash(kind, src?.[0] ?? 0, dst?.[0] ?? 0, protocol, port);
    const list = this.#buckets.get(id);
    if (list === undefined) this.#buckets.set(id, [i]);
    else list.push(i);
  }
}

/** How many bits from the top all numbers have in common, by fours. */
function commonBits(spans: Spans): number {
  if (spans === null) return 0;
  const differ = (spans[0] as number) ^ (spans[spans.length - 1] as number);
  return Math.clz32(differ) & ~3;
}

function serviceKind(svc: ServiceArea | null): [Kind['service'], number, number] {
  let only = -1;
  for (let i = 0; i < (svc?.length ?? 0); i++) {
    if (svc?.[i] === undefined) continue;
    if (only >= 0) return ['any', 0, 0];
    only = i;
  }
  const rects = svc?.[only];
  if (rects === undefined) return ['any', 0, 0];
  const port = rects[2] as number;
  for (let i = 0; i < rects.length; i += 4)
    if (rects[i + 2] !== port || rects[i + 3] !== port) return ['protocol', only + 1, 0];
  return ['port', only + 1, port + 1];
}

/** Rules of different kinds may share a bucket: all that is in one is tried anyway. */
function hash(kind: Kind, src: number, dst: number, protocol: number, port: number): number {
  let h = kind.src * 64 + kind.dst;
  h = Math.imul(h ^ (kind.src === 0 ? 0 : src >>> (32 - kind.src)), 0x9e3779b1);
  h ^= h >>> 15;
  h = Math.imul(h ^ (kind.dst === 0 ? 0 : dst >>> (32 - kind.dst)), 0x85ebca6b);
  h ^= h >>> 13;
  h = Math.imul(h ^ (protocol << 17) ^ port, 0xc2b2ae35);
  return h ^ (h >>> 16);
}

/** The first index of an ascending list whose value is at least `from`. */
function after(list: readonly number[], from: number): number {
  let low = 0;
  let high = list.length;
  while (low < high) {
    const middle = (low + high) >>> 1;
    if ((list[middle] as number) < from) low = middle + 1;
    else high = middle;
  }
  return low;
}
