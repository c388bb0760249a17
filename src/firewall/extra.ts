// SPDX-License-Identifier: BSD-3-Clause
import { didYouMean } from '../diagnostics/suggest.js';
import { quote } from '../diagnostics/text.js';
import type { Prefix } from '../net/sets.js';
import type { Context } from '../rulefile/context.js';
import { itemsOf } from '../rulefile/schema.js';
import { rateOf } from '../rulefile/values.js';
import { DSCP, parseDscp } from './dscp.js';
import type { Limit, RuleExtra } from './model.js';
import type { RuleConfig } from './schema.js';

/** Names that extras refer to. */
export interface ExtraNames {
  readonly interfaces: ReadonlyMap<string, { readonly management: boolean }>;
  readonly schedules: ReadonlyMap<string, unknown>;
  /** By name the server of each forward; null where it has an error of its own. */
  readonly forwards: ReadonlyMap<string, Prefix | null>;
  /** The same of balancers: their backends. */
  readonly balancers: ReadonlyMap<string, readonly Prefix[] | null>;
}

const FLAGS: ReadonlyMap<string, number> = new Map(
  ['fin', 'syn', 'rst', 'psh', 'ack', 'urg', 'ece', 'cwr'].map((name, i) => [name, 1 << i]),
);

const KEYS = [
  'source-mac',
  'in',
  'out',
  'tcp-flags',
  'dscp',
  'schedule',
  'reject-with',
  'limit',
  'set',
  'helper',
] as const;

/** What a rule has beyond the usual; null for the most, undefined after an error. */
export function extraOf(
  rule: RuleConfig,
  names: ExtraNames,
  context: Context,
): RuleExtra | null | undefined {
  const logRate = typeof rule.log === 'object' ? rule.log.limit : undefined;
  const translator = translatorOf(rule);
  if (logRate === undefined && translator === null && KEYS.every((key) => rule[key] === undefined))
    return null;
  return new Reader(rule, names, context).read(logRate);
}

/** The forward or balancer a rule names as its destination. */
export function translatorOf({
  destination,
}: RuleConfig): { readonly kind: 'forward' | 'balancer'; readonly name: string } | null {
  if (typeof destination !== 'object' || !('forward' in destination || 'balancer' in destination))
    return null;
  const { forward, balancer, include, 'from-file': files, except } = destination;
  if (include !== undefined || files !== undefined || except !== undefined) return null;
  if (forward !== undefined)
    return balancer === undefined ? { kind: 'forward', name: forward } : null;
  return balancer === undefined ? null : { kind: 'balancer', name: balancer };
}

class Reader {
  readonly #rule: RuleConfig;
  readonly #names: ExtraNames;
  readonly #context: Context;
  #whole = true;

  constructor(rule: RuleConfig, names: ExtraNames, context: Context) {
    this.#rule = rule;
    this.#names = names;
    this.#context = context;
  }

  read(logRate: string | undefined): RuleExtra | undefined {
    const rule = this.#rule;
    const extra: RuleExtra = {
      sourceMacs: this.#macs(),
      in: this.#interfaces('in'),
      out: this.#interfaces('out'),
      tcpFlags: this.#tcpFlags(),
      dscp: this.#dscp(),
      schedule: this.#schedule(),
      forward: this.#translator('forward', this.#names.forwards),
      balancer: this.#translator('balancer', this.#names.balancers),
      limit: this.#limit(),
      rejectWith: this.#rejectWith(),
      setDscp:
        rule.set?.dscp === undefined ? null : this.#codePoint(rule.set.dscp, rule.set, 'dscp'),
      setMss: rule.set?.mss ?? null,
      helper: this.#helper(),
      logRate: logRate === undefined ? null : rateOf(logRate),
    };
    if (rule.set !== undefined && rule.action !== 'allow')
      this.#fail(rule, 'set', 'only an allowed packet can be changed');
    return this.#whole ? extra : undefined;
  }

  #macs(): number[] {
    const { 'source-mac': macs } = this.#rule;
    const numbers = [macs ?? []].flat().map((text) => parseInt(text.replaceAll(':', ''), 16));
    return [...new Set(numbers)].sort((a, b) => a - b);
  }

  #interfaces(key: 'in' | 'out'): readonly string[] {
    const value = this.#rule[key];
    if (value === undefined) return [];
    const { interfaces } = this.#names;
    for (const { text, owner, key: place } of itemsOf(this.#rule, key, value)) {
      const known = interfaces.get(text);
      if (known !== undefined) {
        if (known.management)
          this.#fail(
            owner,
            place,
            `${quote(text)} is a management interface, apart from all zones`,
          );
        continue;
      }
      this.#whole = false;
      if (this.#context.wrote(interfaces, text)) continue;
      const message = `there is no interface ${quote(text)}`;
      this.#context.report('unknown-interface', this.#context.at(owner, place), message, {
        hint: () => didYouMean(text, interfaces.keys()),
      });
    }
    return [...new Set([value].flat())];
  }

  #tcpFlags(): RuleExtra['tcpFlags'] {
    const flags = this.#rule['tcp-flags'];
    if (flags === undefined) return null;
    const not = flags.not !== undefined;
    if (not && (flags.set !== undefined || flags.clear !== undefined))
      this.#fail(flags, 'not', "'not' stands alone");
    const { set, clear } = flags.not ?? flags;
    const value = bitsOf(set);
    const cleared = bitsOf(clear);
    if ((value & cleared) !== 0)
      this.#fail(this.#rule, 'tcp-flags', 'a flag cannot be both set and clear');
    if ((value | cleared) === 0) this.#fail(this.#rule, 'tcp-flags', 'no flag is named');
    return { mask: value | cleared, value, not };
  }

  #dscp(): bigint | null {
    const { dscp } = this.#rule;
    if (dscp === undefined) return null;
    let bits = 0n;
    const several = typeof dscp === 'object';
    for (const [i, item] of (several ? dscp : [dscp]).entries()) {
      const point = several
        ? this.#codePoint(item, dscp, i)
        : this.#codePoint(item, this.#rule, 'dscp');
      bits |= 1n << BigInt(point);
    }
    return bits;
  }

  #codePoint(value: string, owner: object, key: string | number): number {
    const point = parseDscp(value);
    if (point !== null) return point;
    this.#whole = false;
    const message = `${quote(value)} is no DSCP: a name like ef or af31, or 0 to 63`;
    this.#context.report('wrong-value', this.#context.at(owner, key), message, {
      hint: () => didYouMean(value, DSCP.keys()),
    });
    return 0;
  }

  #schedule(): string | null {
    const { schedule } = this.#rule;
    if (schedule === undefined) return null;
    const { schedules } = this.#names;
    if (schedules.has(schedule)) return schedule;
    this.#whole = false;
    if (!this.#context.wrote(schedules, schedule))
      this.#context.report(
        'unknown-schedule',
        this.#context.at(this.#rule, 'schedule'),
        `there is no schedule ${quote(schedule)}`,
        { hint: () => didYouMean(schedule, schedules.keys()) },
      );
    return null;
  }

  #translator(kind: 'forward' | 'balancer', known: ReadonlyMap<string, unknown>): string | null {
    const found = translatorOf(this.#rule);
    if (found?.kind !== kind) return null;
    if (known.has(found.name)) return found.name;
    this.#whole = false;
    const owner = this.#rule.destination as object;
    this.#context.report(
      kind === 'forward' ? 'unknown-forward' : 'unknown-balancer',
      this.#context.at(owner, kind),
      `there is no ${kind} ${quote(found.name)}`,
      { hint: () => didYouMean(found.name, known.keys()) },
    );
    return null;
  }

  #limit(): Limit | null {
    const { limit } = this.#rule;
    if (limit === undefined) return null;
    const { rate, burst, 'rate-per-source': perSource } = limit;
    if (rate === undefined && perSource === undefined && limit.sessions === undefined) {
      if (limit['sessions-per-source'] === undefined)
        this.#fail(this.#rule, 'limit', 'no limit is given');
    }
    if (burst !== undefined && rate === undefined && perSource === undefined)
      this.#fail(limit, 'burst', "'burst' belongs to a rate");
    return {
      rate: rate === undefined ? null : rateOf(rate, burst),
      sourceRate: perSource === undefined ? null : rateOf(perSource, burst),
      sessions: limit.sessions ?? 0,
      sourceSessions: limit['sessions-per-source'] ?? 0,
      sourceLength: {
        v4: limit['source-prefix']?.v4 ?? 32,
        v6: limit['source-prefix']?.v6 ?? 64,
      },
      over: limit.over,
    };
  }

  #rejectWith(): RuleExtra['rejectWith'] {
    const { 'reject-with': answer = 'auto', action } = this.#rule;
    if (answer !== 'auto' && action !== 'reject')
      this.#fail(this.#rule, 'reject-with', "only a rule with 'action: reject' answers");
    return answer;
  }

  #helper(): RuleExtra['helper'] {
    const { helper = null, action, state, service } = this.#rule;
    if (helper === null) return null;
    if (action !== 'allow' || state === 'none')
      this.#fail(this.#rule, 'helper', 'only sessions of an allowing rule have a helper');
    else if (service === undefined)
      this.#fail(
        this.#rule,
        'helper',
        "'service' is missing: a helper reads all of the rule's sessions",
      );
    return helper;
  }

  #fail(owner: object, key: string | number, message: string): void {
    this.#whole = false;
    this.#context.report('rule-form', this.#context.at(owner, key), message);
  }
}

function bitsOf(names: string | readonly string[] | undefined): number {
  return [names ?? []].flat().reduce((bits, name) => bits | (FLAGS.get(name) ?? 0), 0);
}
