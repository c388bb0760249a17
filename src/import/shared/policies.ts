// SPDX-License-Identifier: BSD-3-Clause
import type { Box } from './box.js';
import type { Decision } from './decisions.js';
import { flagConditions } from './flags.js';
import { nameOf, Names } from './naming.js';
import { addressValue, bitsOf, flagValue, limitValue, serviceValues } from './values.js';
import type { Value } from './yaml.js';

/** A rule or a policy before groups are found: keys in the order they are written. */
export type Keys = Record<string, Value>;

export interface PolicyText {
  readonly keys: Keys;
  readonly rules: readonly Keys[];
}

/** What a base chain came to. */
export interface BaseChain {
  readonly name: 'INPUT' | 'FORWARD';
  readonly verdict: string;
  readonly decisions: readonly Decision[];
}

/** Interfaces by the bits of boxes; the zone of each has its name. */
export interface Zones {
  of(bits: bigint): readonly { readonly name: string }[];
}

/** Policies of a chain, and rules they multiply out to, beyond which it is one policy with conditions. */
const MOST_POLICIES = 64;
const MOST_MULTIPLIED = 300_000;
const LONGEST_DESCRIPTION = 1000;

/** Writes rules: in policies by zones, or where these would be too many with `in` and `out`. */
export class PolicyWriter {
  readonly #interfaces: Zones;
  readonly #notIn: (name: string) => string;
  readonly #family: 4 | 6;
  readonly #policies = new Names();

  /** `notIn` names the group of what is not in a group. */
  constructor(interfaces: Zones, family: 4 | 6, notIn: (name: string) => string) {
    this.#interfaces = interfaces;
    this.#notIn = notIn;
    this.#family = family;
  }

  write(chains: readonly BaseChain[]): PolicyText[] {
    return chains.flatMap((chain) => {
      const { decisions } = chain;
      const runs = runsOf(decisions);
      const zones = (part: 'in' | 'out') => {
        const kinds = new Set(decisions.map(({ box }) => box[part])).size;
        return (bits: bigint | null) => (bits === null ? kinds : this.#interfaces.of(bits).length);
      };
      const [from, to] = [zones('in'), zones('out')];
      const multiplied = decisions.reduce((sum, { box }) => sum + from(box.in) * to(box.out), 0);
      if (runs.length <= MOST_POLICIES && multiplied <= MOST_MULTIPLIED)
        return runs.map((run) => this.#policy(chain, run, true));
      return decisions.length === 0 ? [] : [this.#policy(chain, decisions, false)];
    });
  }

  #policy(chain: BaseChain, decisions: readonly Decision[], byZone: boolean): PolicyText {
    const base = chain.name.toLowerCase();
    const owner = ownerOf(decisions, chain.name) ?? base;
    const { in: from, out: to } = byZone ? (decisions[0] as Decision).box : { in: null, out: null };
    const keys = {
      name: this.#policies.unique(owner),
      from: from === null ? 'any' : this.#zones(from),
      to: chain.name === 'INPUT' ? 'local' : to === null ? 'any' : this.#zones(to),
    };
    const names = new Names();
    const rules = decisions.flatMap((one) => this.#rules(one, chain, names, byZone));
    return { keys, rules };
  }

  /** One rule, or several where TCP flags take more than one condition. */
  #rules(decision: Decision, chain: BaseChain, names: Names, byZone: boolean): Keys[] {
    const { box, rule } = decision;
    const flags = box.flags === null ? [null] : flagConditions(box.flags);
    return flags.map((condition) => {
      const keys: Keys = { name: names.unique(ruleName(decision, chain)) };
      const family = decision.family ?? this.#family;
      // What names no address would be for the other family too.
      if (typeof decision.family === 'number' && box.src === null && box.dst === null)
        keys.source = family === 4 ? '0.0.0.0/0' : '::/0';
      this.#matches(box, family, keys);
      if (!byZone && box.in !== null) keys.in = this.#zones(box.in);
      if (!byZone && box.out !== null) keys.out = this.#zones(box.out);
      if (condition !== null) keys['tcp-flags'] = flagValue(condition);
      if (decision.allow) keys.action = 'allow';
      else keys.action = decision.with === null ? 'deny' : 'reject';
      if (decision.with !== null && decision.with !== 'auto') keys['reject-with'] = decision.with;
      if (decision.limit !== null) keys.limit = limitValue(decision.limit, decision.over, family);
      if (decision.log) keys.log = true;
      keys.description = describe(decision, rule?.text ?? `:${chain.name} ${chain.verdict}`);
      return keys;
    });
  }

  #matches(box: Box, family: 4 | 6, keys: Keys): void {
    const notIn = this.#notIn;
    if (box.src !== null) keys.source = addressValue(box.src, family, notIn);
    if (box.dst !== null) keys.destination = addressValue(box.dst, family, notIn);
    Object.assign(keys, serviceValues(box, family));
    if (box.mac !== null) keys['source-mac'] = single(box.mac);
    if (box.dscp !== null) keys.dscp = single(bitsOf(box.dscp));
    if (box.schedule !== null) keys.schedule = box.schedule;
  }

  #zones(bits: bigint): Value {
    return single(this.#interfaces.of(bits).map(({ name }) => name));
  }
}

/** Runs of decisions of the same zones. */
function runsOf(decisions: readonly Decision[]): Decision[][] {
  const runs: Decision[][] = [];
  for (const one of decisions) {
    const before = runs.at(-1)?.[0];
    if (before?.box.in === one.box.in && before.box.out === one.box.out) runs.at(-1)?.push(one);
    else runs.push([one]);
  }
  return runs;
}

/** The name of the user chain that most of the decisions are from, if there is one. */
function ownerOf(decisions: readonly Decision[], base: string): string | null {
  const counts = new Map<string, number>();
  for (const { rule } of decisions)
    if (rule !== null) counts.set(rule.chain, (counts.get(rule.chain) ?? 0) + 1);
  for (const [chain, count] of counts)
    if (chain !== base && count * 2 > decisions.length) return nameOf(chain, 50) || null;
  return null;
}

function ruleName({ rule }: Decision, chain: BaseChain): string {
  if (rule === null) return 'policy';
  const comment = rule.comment === null ? '' : nameOf(rule.comment, 40);
  return comment === '' ? `${nameOf(rule.chain, 45) || chain.name}-${rule.number}` : comment;
}

function describe({ rule, prefixes }: Decision, text: string): string {
  const place = rule === null ? '' : `line ${rule.line}: `;
  const logged = prefixes.map((prefix) => ` (logged as ${prefix})`).join('');
  const whole = `${place}${text}${logged}`;
  return whole.length <= LONGEST_DESCRIPTION ? whole : `${whole.slice(0, LONGEST_DESCRIPTION)}…`;
}

function single(list: readonly Value[]): Value {
  return list.length === 1 ? (list[0] as Value) : list;
}
