// SPDX-License-Identifier: BSD-3-Clause
import type { Model } from '../compiler/model.js';
import { balancerKey } from '../compiler/image-nat.js';
import { natBySlot, ruleKey, rulesBySlot, slotOf, type Slots } from '../compiler/slots.js';
import type { OfflineDatapath, OfflineResult } from '../datapath/offline.js';
import { BUILT_IN_RULES } from '../firewall/built-in.js';
import { formatAddress } from '../net/address.js';
import { readAddress } from '../tables/address.js';
import { CONSTANTS as C } from '../tables/layout.js';
import { MESSAGE_CONSTANTS as M } from '../tables/messages.js';

export interface RuleName {
  readonly name: string;
  readonly policy: string;
  readonly file: string;
  readonly line: number;
}

/** What became of a packet, in the words of the rule file. */
export interface Verdict {
  readonly in: string;
  readonly verdict: 'allow' | 'deny' | 'reject';
  readonly rule: RuleName | null;
  readonly reason: string | null;
  readonly out: string | null;
}

/** Names of a model's or an image's slots. */
export interface SlotNames {
  /** null for what is built in. */
  rule(slot: number): RuleName | null;
  /** null for none. */
  interface(slot: number): string | null;
  zone(slot: number): string;
  /** The tunnel that an interface leads into; null for none. */
  tunnel(slot: number): string | null;
  /** The name of a backend; null for none. */
  backend(slot: number): string | null;
  /** How packets reach it when they keep their destination; null when they get the backend's. */
  oneWay(slot: number): string | null;
}

/** How a mode reaches its backends, where it leaves the destination as it is. */
export function oneWayOf(mode: string | undefined): string | null {
  return ONE_WAY.get(mode ?? '') ?? null;
}

const ONE_WAY = new Map([
  ['direct', 'as it is to'],
  ['ipip', 'in IP to'],
  ['gue', 'in GUE to'],
]);

const VERDICTS = ['allow', 'deny', 'reject'] as const;

/** Names of the slots a model was compiled with. */
export function modelNames({ model, slots }: { model: Model; slots: Slots }): SlotNames {
  const rules = rulesBySlot(model, slots);
  const nat = natBySlot(model, slots);
  const interfaces = new Map(
    model.interfaces.map(({ name }) => [slotOf(slots.interfaces, name), name]),
  );
  const tunnels = new Map(
    model.tunnels.map((one) => [slotOf(slots.interfaces, one.interface), one.name]),
  );
  const zones = new Map<number, string>([
    [C.ZONE_NONE, 'none'],
    [C.ZONE_LOCAL, 'local'],
    ...model.zones.map(({ name }) => [slotOf(slots.zones, name), name] as const),
  ]);
  const backends = new Map(
    model.balancers.flatMap((balancer) =>
      balancer.backends.map(({ name }) => {
        const slot = slotOf(slots.backends, ruleKey(balancer.name, name));
        return [slot, { name, mode: balancer.mode }] as const;
      }),
    ),
  );
  const balancers = new Map(
    model.balancers.map((one) => [slotOf(slots.rules, balancerKey(one.name)), one]),
  );
  return {
    rule: (slot) => {
      const balancer = balancers.get(slot);
      if (balancer !== undefined) {
        const { name, at } = balancer;
        return { name, policy: 'balancer', file: at.file, line: at.line };
      }
      const found = rules.get(slot);
      if (found === undefined) {
        const own = nat.get(slot);
        if (own === undefined) return null;
        return { name: own.name, policy: 'nat', file: own.at.file, line: own.at.line };
      }
      const { policy, rule, file, line } = found;
      return { name: rule.name, policy: policy.name, file, line };
    },
    interface: (slot) => interfaces.get(slot) ?? null,
    zone: (slot) => zones.get(slot) ?? `zone slot ${slot}`,
    tunnel: (slot) => tunnels.get(slot) ?? null,
    backend: (slot) => backends.get(slot)?.name ?? null,
    oneWay: (slot) => oneWayOf(backends.get(slot)?.mode),
  };
}

/** Turns slots and reasons of results into names. */
export class Names {
  readonly #slots: SlotNames;
  readonly #datapath: Pick<OfflineDatapath, 'reason'>;

  constructor(slots: SlotNames, datapath: Pick<OfflineDatapath, 'reason'>) {
    this.#slots = slots;
    this.#datapath = datapath;
  }

  verdict(result: OfflineResult, entered: string): Verdict {
    return {
      in: this.iface(result.in) ?? entered,
      verdict: VERDICTS[result.verdict] ?? 'deny',
      rule: this.rule(result.rule),
      reason: this.#datapath.reason(result.reason),
      out: this.#out(result),
    };
  }

  rule(slot: number): RuleName | null {
    return this.#slots.rule(slot);
  }

  /** Who decided, a built-in rule too. */
  decider(slot: number): string {
    const rule = this.rule(slot);
    if (rule === null) return BUILT_IN_RULES.get(slot) ?? `rule slot ${slot}`;
    return `${rule.policy}/${rule.name} (${rule.file}:${rule.line})`;
  }

  iface(slot: number): string | null {
    return this.#slots.interface(slot);
  }

  zone(slot: number): string {
    return this.#slots.zone(slot);
  }

  /** The tunnel a packet goes into. */
  tunnel({ fate, out }: OfflineResult): string | null {
    return fate === M.FATE_FORWARDED ? this.#slots.tunnel(out) : null;
  }

  backend(slot: number): string | null {
    return this.#slots.backend(slot);
  }

  oneWay(slot: number): string | null {
    return this.#slots.oneWay(slot);
  }

  #out({ fate, out }: OfflineResult): string | null {
    if (fate === M.FATE_LOCAL) return 'local';
    return fate === M.FATE_FORWARDED ? this.iface(out) : null;
  }
}

/** The next hop of a result as text, or null where the destination is on the link. */
export function nextHop({ next_hop, family }: OfflineResult): string | null {
  const address = readAddress(next_hop, family);
  return address.value === 0n ? null : formatAddress(address);
}
