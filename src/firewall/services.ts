// SPDX-License-Identifier: BSD-3-Clause
import {
  hasPorts,
  isServiceForm,
  parsePortRange,
  parseService,
  PROTOCOLS,
} from '../net/services.js';
import { didYouMean } from '../diagnostics/suggest.js';
import { quote } from '../diagnostics/text.js';
import type { Context } from '../rulefile/context.js';
import { itemsOf } from '../rulefile/schema.js';
import { MOST_GROUP_DEPTH, MOST_SERVICES } from './limits.js';
import type { Service, ServiceSet } from './model.js';
import type { RuleConfig, ServicesConfig } from './schema.js';

type Groups = ReadonlyMap<string, ServicesConfig>;
type SourcePort = NonNullable<RuleConfig['source-port']>;
type PortRange = readonly [number, number];
/** What services are read of. */
type Serviced = Partial<Pick<RuleConfig, 'service' | 'source-port'>>;

const ANY_PORT: PortRange = [0, 65535];

/**
 * Turns services as written into sets; the same text gives the same object. undefined means that
 * something was wrong, and is reported.
 */
export class ServiceSets {
  readonly #groups: Groups;
  readonly #context: Context;
  readonly #byGroup = new Map<string, ServiceSet | undefined>();
  readonly #byText = new Map<string, ServiceSet>();
  readonly #open: string[] = [];

  constructor(groups: Groups | undefined, context: Context) {
    this.#groups = groups ?? new Map<string, ServicesConfig>();
    this.#context = context;
  }

  /** The set of a rule's service and source ports; null where the rule names neither. */
  ofRule(rule: Serviced): ServiceSet | null | undefined {
    const { service, 'source-port': sourcePort } = rule;
    const named = service === undefined || service === 'any' ? null : service;
    if (named === null && sourcePort === undefined) return null;
    const text = `${[named ?? '*'].flat().join('\n')}\n<\n${[sourcePort ?? '*'].flat().join('\n')}`;
    const known = this.#byText.get(text);
    if (known !== undefined) return known;
    const set = this.#fresh(rule, named, sourcePort);
    if (set !== undefined) this.#byText.set(text, set);
    return set;
  }

  /** The set of a group that exists. */
  group(name: string): ServiceSet | undefined {
    if (this.#byGroup.has(name)) return this.#byGroup.get(name);
    this.#open.push(name);
    const set = this.#union(this.#groups.get(name) as ServicesConfig, this.#groups, name);
    this.#open.pop();
    this.#byGroup.set(name, set);
    return set;
  }

  #fresh(
    rule: Serviced,
    named: ServicesConfig | null,
    sourcePort: SourcePort | undefined,
  ): ServiceSet | undefined {
    const set = named === null ? allPorted() : this.#union(named, rule, 'service');
    if (sourcePort === undefined) return set;
    const ports = this.#ports(rule, sourcePort);
    if (set === undefined || ports === undefined) return undefined;
    if (!set.services.some((service) => hasPorts(service.protocol))) {
      const message = 'no service of this rule has source ports';
      this.#context.report('source-port-unported', this.#context.at(rule, 'source-port'), message, {
        hint: 'source ports are for tcp, udp and sctp',
      });
      return undefined;
    }
    const services = set.services.flatMap((service) =>
      hasPorts(service.protocol) ? ports.map((source) => ({ ...service, source })) : [service],
    );
    return this.#bounded({ services }, rule, 'source-port');
  }

  #ports(rule: Serviced, value: SourcePort): PortRange[] | undefined {
    const found: PortRange[] = [];
    const several = typeof value === 'object';
    for (const [i, item] of (several ? value : [value]).entries()) {
      const range = parsePortRange(String(item));
      if (typeof range !== 'string') found.push(range);
      else {
        const span = several ? this.#context.at(value, i) : this.#context.at(rule, 'source-port');
        const message = `${quote(String(item))} is not a source port: ${range}`;
        this.#context.report('service-invalid', span, message);
      }
    }
    return found.length === (several ? value.length : 1) ? found : undefined;
  }

  #union(value: ServicesConfig, owner: object, key: string): ServiceSet | undefined {
    const items = itemsOf(owner, key, value);
    const [only] = items;
    if (items.length === 1 && only !== undefined && this.#groups.has(only.text)) {
      return this.#member(only.text, only.owner, only.key);
    }
    const services: Service[] = [];
    const seen = new Set<number>();
    let whole = true;
    for (const item of items) {
      const found = this.#groups.has(item.text)
        ? this.#member(item.text, item.owner, item.key)?.services
        : this.#literal(item.text, item.owner, item.key);
      if (found === undefined) whole = false;
      else for (const service of found) addOnce(service, services, seen);
    }
    return whole ? this.#bounded({ services }, owner, key) : undefined;
  }

  #member(name: string, owner: object, key: string | number): ServiceSet | undefined {
    const from = this.#open.indexOf(name);
    const span = () => this.#context.at(owner, key);
    if (from >= 0) {
      const way = [...this.#open.slice(from), name].join(' -> ');
      this.#context.report('group-cycle', span(), `the group contains itself: ${way}`);
      return undefined;
    }
    if (this.#open.length > MOST_GROUP_DEPTH) {
      this.#context.report(
        'too-deep',
        span(),
        `groups are nested more than ${MOST_GROUP_DEPTH} deep`,
      );
      return undefined;
    }
    return this.group(name);
  }

  #literal(text: string, owner: object, key: string | number): [Service] | undefined {
    const parsed = parseService(text);
    if (typeof parsed !== 'string') return [{ ...parsed, source: ANY_PORT }];
    // A group whose value was refused is not unknown.
    if (this.#context.wrote(this.#groups, text)) return undefined;
    const span = this.#context.at(owner, key);
    if (isServiceForm(text)) {
      this.#context.report('service-invalid', span, `${quote(text)} is not a service: ${parsed}`);
    } else {
      this.#context.report('unknown-group', span, `there is no service group ${quote(text)}`, {
        hint: () => didYouMean(text, [...this.#groups.keys(), ...Object.keys(PROTOCOLS)]),
      });
    }
    return undefined;
  }

  #bounded(set: ServiceSet, owner: object, key: string): ServiceSet | undefined {
    if (set.services.length <= MOST_SERVICES) return set;
    const message = `the set has ${set.services.length} services; the limit is ${MOST_SERVICES}`;
    this.#context.report('too-large', this.#context.at(owner, key), message);
    return undefined;
  }
}

function allPorted(): ServiceSet {
  const services = [PROTOCOLS.tcp, PROTOCOLS.udp, PROTOCOLS.sctp].map((protocol): Service => ({
    protocol,
    source: ANY_PORT,
    destination: ANY_PORT,
  }));
  return { services };
}

/** Entries of groups have any source port, so protocol and destination say which they are. */
function addOnce(service: Service, services: Service[], seen: Set<number>): void {
  const [low, high] = service.destination;
  const id = (service.protocol * 65536 + low) * 65536 + high;
  if (seen.has(id)) return;
  seen.add(id);
  services.push(service);
}
