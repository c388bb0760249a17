// SPDX-License-Identifier: BSD-3-Clause

/** An interface of the file to be written, which is a zone of its own too. */
export interface Iface {
  /** As the rule file calls it. */
  readonly name: string;
  /** As the kernel calls it. */
  readonly kernel: string;
}

/** Interfaces the fast path can have zones for, `local` and `none` aside. */
export const MOST_INTERFACES = 250;

/** Bridges, tunnels and machines' ends: seldom the way to the rest of the world. */
const INNER = /^(br|docker|virbr|lxc|lxd|veth|vnet|tap|tun|wg|cni|flannel|cali|kube|dummy|ifb)/;
const OUTER = /^(ppp|wan|ext|inet|internet|red|net|out|uplink|pppoe)/i;

export class Interfaces {
  readonly list: Iface[] = [];
  /** Where everything goes that has no other way. */
  readonly outer: Iface;
  /** Patterns with names for more interfaces than can be. */
  readonly left: number;
  readonly #byKernel = new Map<string, number>();

  /** `patterns` end in `+` where they are for many; `hints`: what speaks for one as the way out. */
  constructor(patterns: ReadonlySet<string>, hints: ReadonlyMap<string, number>) {
    const names = [...patterns].filter((one) => !one.endsWith('+') && one !== 'lo');
    for (const pattern of patterns) {
      if (!pattern.endsWith('+') || pattern === '+') continue;
      const stem = pattern.slice(0, -1);
      if ('lo'.startsWith(stem) && stem === 'lo') continue;
      // A pattern without a name in the file stands for one interface that fits it.
      if (!names.some((name) => name.startsWith(stem)))
        names.push(stem.length < 15 ? `${stem}0` : stem);
    }
    this.left = Math.max(0, names.length - MOST_INTERFACES);
    for (const name of names.slice(0, MOST_INTERFACES)) this.#add(name);
    const outside = this.list.filter(({ kernel }) => !INNER.test(kernel));
    if (this.list.length < 2 || outside.length === 0) {
      for (let i = 0; this.list.length < 2 || outside.length === 0; i++) {
        if (this.#byKernel.has(`eth${i}`)) continue;
        outside.push(this.#add(`eth${i}`));
      }
    }
    const score = ({ kernel }: Iface): number =>
      (hints.get(kernel) ?? 0) * 10 + (OUTER.test(kernel) ? 2 : 0) - (INNER.test(kernel) ? 3 : 0);
    this.outer = this.list.reduce((best, one) => (score(one) > score(best) ? one : best));
  }

  /** A bit for each interface. */
  get all(): bigint {
    return (1n << BigInt(this.list.length)) - 1n;
  }

  /** Bits of the interfaces a pattern of `-i` or `-o` names. */
  bits(pattern: string): bigint {
    if (!pattern.endsWith('+')) {
      const at = this.#byKernel.get(pattern);
      return at === undefined ? 0n : 1n << BigInt(at);
    }
    const stem = pattern.slice(0, -1);
    let bits = 0n;
    for (const [i, { kernel }] of this.list.entries())
      if (kernel.startsWith(stem)) bits |= 1n << BigInt(i);
    return bits;
  }

  /** The interfaces of bits. */
  of(bits: bigint): Iface[] {
    return this.list.filter((_, i) => ((bits >> BigInt(i)) & 1n) === 1n);
  }

  #add(kernel: string): Iface {
    const plain = kernel.replace(/[^A-Za-z0-9_.-]/g, '_').slice(0, 15);
    const base = /^[A-Za-z0-9_]/.test(plain) ? plain : `i${plain.slice(0, 14)}`;
    const taken = (name: string): boolean =>
      ['any', 'local', 'lo', 'include'].includes(name) ||
      this.list.some((one) => one.name === name);
    let name = base;
    for (let i = 2; taken(name); i++) name = `${base.slice(0, 14 - String(i).length)}_${i}`;
    const iface = { name, kernel };
    this.#byKernel.set(kernel, this.list.push(iface) - 1);
    return iface;
  }
}
