// SPDX-License-Identifier: BSD-3-Clause
import { createHash } from 'node:crypto';
import type { Diagnostic } from '../diagnostics/diagnostic.js';
import type { Policy, Rule } from '../firewall/model.js';
import type { Balancer } from '../balancer/model.js';
import type { NatRule } from '../nat/model.js';
import { CONSTANTS, SECTIONS } from '../tables/layout.js';
import { encodeImage } from '../tables/encode.js';
import { SectionWriter, StringsWriter, type Text } from '../tables/section.js';
import { Digest } from './digest.js';
import { columnsOf, DISABLED } from './image-columns.js';
import { ExtrasWriter, SchedulesWriter } from './image-extras.js';
import { writeNetwork } from './image-interfaces.js';
import { AddressSets, ServiceSets, SetMemory, type Content } from './image-sets.js';
import { LimitError, figure } from './limits.js';
import type { Model } from './model.js';
import { MaglevTables } from '../balancer/maglev.js';
import { BalancersWriter } from './image-balancers.js';
import { natPolicy, TranslationsWriter } from './image-nat.js';
import { ikePeers, writeSelectors, writeTunnels } from './image-tunnels.js';
import { buildParts, type Pair, type Part, type PartPolicy, type PartZone } from './parts.js';
import { assignSlots, slotOf, type Assigned, type Slots } from './slots.js';

/** 32-bit words of a rule. */
const RULE_WORDS = 10;

/** Bytes an image may have; the datapath reads no more. */
export const MAX_IMAGE_BYTES = 2 ** 30;

export interface CompileStats {
  readonly rules: number;
  readonly addressSets: number;
  readonly serviceSets: number;
  readonly ranges: number;
  readonly parts: number;
  readonly pairs: number;
}

export type Compiled =
  | {
      readonly ok: true;
      readonly image: Uint8Array;
      readonly slots: Slots;
      readonly stats: CompileStats;
    }
  | { readonly ok: false; readonly diagnostics: readonly Diagnostic[] };

/**
 * The table image of a model: a pure function. `slots` are those of the commit before (`noSlots()` at
 * first) and come back as this one's. `generation` is 1..2^53-1. A model beyond a limit of the image
 * gives a diagnostic, whose place is in `file` where nothing nearer is known. `tables` spare those of
 * balancers that stayed, `sets` the looking at sets that did.
 */
export function compileModel(
  model: Model,
  options: {
    readonly generation: number;
    readonly slots: Slots;
    readonly file?: string;
    readonly tables?: MaglevTables;
    readonly sets?: SetMemory;
  },
): Compiled {
  const sets = options.sets ?? new SetMemory();
  try {
    return compile(
      model,
      options.generation,
      assignSlots(options.slots, model, options.generation, sets.numbers),
      options.tables ?? new MaglevTables(),
      sets,
    );
  } catch (error) {
    if (!(error instanceof LimitError)) throw error;
    return { ok: false, diagnostics: [error.diagnostic(options.file ?? '')] };
  }
}

function compile(
  model: Model,
  generation: number,
  { slots, rules: numbers }: Assigned,
  tables: MaglevTables,
  sets: SetMemory,
): Compiled {
  sets.renew();
  const strings = new StringsWriter(sets.texts);
  const network = writeNetwork(model, slots, strings);
  const extras = new ExtrasWriter(slots, new SchedulesWriter(model.schedules, strings));
  const rules = new RulesWriter(numbers, strings, extras, sets);
  const fitting: PartPolicy[] = [];
  for (const policy of model.policies) {
    const written = rules.add(policy);
    if (written.rules > 0) fitting.push(written);
  }
  const zones = partZones(model, slots);
  const { parts, pairs } = buildParts(zones, fitting);
  const balancers = new BalancersWriter(model.balancers, slots, strings, tables);
  const nat = buildNat(zones, model, rules, parts, balancers);

  const partRecords = new SectionWriter(SECTIONS.parts, parts.length);
  const partPolicies = new SectionWriter(SECTIONS.part_policies);
  for (const { hash, policies } of [...parts, ...nat.parts]) {
    partRecords.add({ hash, first_policy: partPolicies.count, policies: policies.length });
    for (const policy of policies) partPolicies.add({ policy });
  }
  const pairRecords = new SectionWriter(SECTIONS.pairs, pairs.length);
  const pairParts = new SectionWriter(SECTIONS.pair_parts);
  const places = new Map<readonly number[], number>();
  const placeOf = (list: readonly number[]): number => {
    let first = places.get(list);
    if (first === undefined) {
      first = pairParts.count;
      places.set(list, first);
      for (const part of list) pairParts.add({ part });
    }
    return first;
  };
  for (const { hash, from, to, parts: list } of pairs) {
    const leaving = nat.departures.get(from * CONSTANTS.MAX_ZONES + to);
    const arriving = nat.arrivals.get(from);
    pairRecords.add({
      hash: mixed(hash, leaving?.hash, arriving?.hash),
      first_part: placeOf(list),
      parts: list.length,
      first_nat: leaving === undefined ? 0 : placeOf(leaving.parts),
      nat_parts: leaving?.parts.length ?? 0,
      from,
      to,
    });
  }

  const arrivals = new SectionWriter(SECTIONS.arrivals);
  for (const [zone, { parts: list }] of nat.arrivals)
    arrivals.add({ first_part: placeOf(list), parts: list.length, zone, reserved: 0 });
  const proxies = new SectionWriter(SECTIONS.proxies);
  const proxied = model.nat.proxied.map(({ interface: name, addresses }) => ({
    set: rules.addresses.id(addresses),
    iface: slotOf(slots.interfaces, name),
    reserved: 0,
  }));
  for (const record of proxied.toSorted((a, b) => a.iface - b.iface)) proxies.add(record);

  const peers = ikePeers(model.tunnels, rules.addresses);
  const tunnels = writeTunnels(model.tunnels, slots, strings);

  const addresses = rules.addresses.sections();
  const services = rules.services.sections();
  const sections = {
    strings: strings.bytes,
    settings: settings(model, peers).bytes,
    zones: network.zones.bytes,
    interfaces: network.interfaces.bytes,
    addresses: network.addresses.bytes,
    ranges4: addresses.ranges4,
    ranges6: addresses.ranges6,
    address_sets: addresses.sets,
    services: services.services,
    service_sets: services.sets,
    policies: rules.policies.bytes,
    rules: rules.rules.bytes,
    parts: partRecords.bytes,
    part_policies: partPolicies.bytes,
    pairs: pairRecords.bytes,
    pair_parts: pairParts.bytes,
    routes: network.routes.bytes,
    rule_extras: extras.extras.bytes,
    rule_macs: extras.macs.bytes,
    rule_ifaces: extras.ifaces.bytes,
    schedules: extras.schedules.schedules.bytes,
    schedule_windows: extras.schedules.windows.bytes,
    timezones: extras.schedules.timezones.bytes,
    timezone_changes: extras.schedules.changes.bytes,
    translations: rules.translations.translations.bytes,
    arrivals: arrivals.bytes,
    proxies: proxies.bytes,
    balancers: balancers.balancers.bytes,
    backends: balancers.backends.bytes,
    maglev: balancers.maglev.bytes,
    tunnels: tunnels.bytes,
    selectors: writeSelectors(model.tunnels, slots).bytes,
  };
  const size = Object.values(sections).reduce((sum, bytes) => sum + bytes.length, 4096);
  if (size > MAX_IMAGE_BYTES)
    throw new LimitError(
      `the tables take ${figure(size)} bytes, at most ${figure(MAX_IMAGE_BYTES)} are possible`,
    );
  return {
    ok: true,
    image: encodeImage(sections, BigInt(generation)),
    slots,
    stats: {
      rules: rules.rules.count,
      addressSets: addresses.count,
      serviceSets: services.count,
      ranges: addresses.ranges,
      parts: parts.length,
      pairs: pairs.length,
    },
  };
}

/** The parts NAT rules make, behind those of the policies, and where they are asked. */
function buildNat(
  zones: readonly PartZone[],
  { nat, balancers }: Model,
  rules: RulesWriter,
  before: readonly unknown[],
  tables: BalancersWriter,
): {
  readonly parts: Part[];
  /** By from * MAX_ZONES + to. */
  readonly departures: ReadonlyMap<number, Pair>;
  /** By zone, ascending. */
  readonly arrivals: ReadonlyMap<number, Pair>;
} {
  const source: PartPolicy[] = [];
  const destination: PartPolicy[] = [];
  for (const rule of nat.rules) {
    const written = rules.addNat(rule);
    if (written !== null) (rule.direction === 'source' ? source : destination).push(written);
  }
  for (const one of balancers) destination.push(rules.addBalancer(one, tables));
  const leaving = buildParts(zones, source);
  // Where it goes is not known yet: one zone stands for all.
  const arriving = buildParts(
    zones,
    destination.map((rule) => ({ ...rule, to: ['local'] })),
  );
  const moved = (first: number, { pairs }: { readonly pairs: readonly Pair[] }): Pair[] => {
    const lists = new Map<readonly number[], readonly number[]>();
    return pairs.map((pair) => {
      const list = lists.get(pair.parts) ?? pair.parts.map((part) => part + first);
      lists.set(pair.parts, list);
      return { ...pair, parts: list };
    });
  };
  const departures = moved(before.length, leaving);
  const arrivals = moved(before.length + leaving.parts.length, arriving);
  return {
    parts: [...leaving.parts, ...arriving.parts],
    departures: new Map(departures.map((one) => [one.from * CONSTANTS.MAX_ZONES + one.to, one])),
    arrivals: new Map(arrivals.map((one) => [one.from, one])),
  };
}

/** Of a pair of zones with what NAT does between them. */
function mixed(hash: Uint8Array, ...more: readonly (Uint8Array | undefined)[]): Uint8Array {
  if (more.every((one) => one === undefined)) return hash;
  const digest = new Digest();
  for (const one of [hash, ...more]) digest.words(one ?? [0]);
  return digest.end();
}

/** Writes policies with their enabled rules and the sets these use. */
class RulesWriter {
  readonly addresses: AddressSets;
  readonly services: ServiceSets;
  readonly policies = new SectionWriter(SECTIONS.policies);
  readonly rules = new SectionWriter(SECTIONS.rules);
  readonly translations: TranslationsWriter;
  /** Slots of all rules in file order, disabled ones too. */
  readonly #numbers: Uint32Array;
  readonly #strings: StringsWriter;
  readonly #extras: ExtrasWriter;
  readonly #sets: SetMemory;
  #next = 0;

  constructor(numbers: Uint32Array, strings: StringsWriter, extras: ExtrasWriter, sets: SetMemory) {
    this.#sets = sets;
    this.addresses = new AddressSets(sets);
    this.services = new ServiceSets(sets);
    this.translations = new TranslationsWriter(this.addresses);
    this.#numbers = numbers;
    this.#strings = strings;
    this.#extras = extras;
  }

  add(policy: Policy): PartPolicy {
    const index = this.policies.count;
    const first = this.rules.count;
    const digest = new Digest();
    const keep = policy.keepEstablished ? CONSTANTS.POLICY_KEEP_ESTABLISHED : 0;
    const columns = columnsOf(policy.rules, this.#sets);
    const { names, sources, destinations, services, actions, meaning } = columns;
    const { lines, files } = policy.places;
    const slots = new Uint32Array(actions.length);
    const words = new Uint32Array(actions.length * RULE_WORDS);
    let [file, of, at, written] = [0, '', 0, 0];
    digest.word(keep);
    for (let i = 0; i < actions.length; i++) {
      const slot = this.#numbers[this.#next++] as number;
      if (actions[i] === DISABLED) continue;
      // As the section has its fields, all of 32 bits up to the last: there are ten thousand of them.
      words[at++] = slots[written++] = slot;
      words[at++] = this.#strings.addText(names[i] as Text);
      words[at++] = index;
      words[at++] = this.addresses.of(sources[i] as Content | null);
      words[at++] = this.addresses.of(destinations[i] as Content | null);
      words[at++] = this.services.of(services[i] as Content | null);
      const path = files[files.length === 1 ? 0 : i] as string;
      if (path !== of) [file, of] = [this.#strings.add(path), path];
      words[at++] = file;
      words[at++] = lines[i] as number;
      const extra = columns.extras ? (policy.rules[i] as Rule).extra : null;
      if (extra !== null) digest.word(written);
      words[at++] = extra === null ? CONSTANTS.EXTRA_NONE : this.#extras.add(extra, digest);
      words[at++] = actions[i] as number;
    }
    this.rules.addWords(words.subarray(0, at));
    digest.words([CONSTANTS.EXTRA_NONE, written]);
    digest.raw(slots.subarray(0, written));
    digest.raw(meaning);
    const rules = this.rules.count - first;
    this.policies.add({
      name: this.#strings.add(policy.name),
      first_rule: first,
      rules,
      flags: keep,
    });
    return { index, from: policy.from, to: policy.to, rules, hash: digest.end() };
  }

  /** A NAT rule as a policy of its own, in the order of the model; null where it is disabled. */
  addNat(rule: NatRule): PartPolicy | null {
    const slot = this.#numbers[this.#next++] as number;
    if (!rule.enabled) return null;
    const digest = new Digest();
    const extra = this.translations.add(rule.translation, digest);
    return this.#translating(rule, natPolicy(rule.direction), { slot, extra, digest });
  }

  /** The rule that leads to a balancer, behind those of NAT. */
  addBalancer(one: Balancer, tables: BalancersWriter): PartPolicy {
    const slot = this.#numbers[this.#next++] as number;
    const digest = new Digest();
    const extra = this.translations.addBalancer(one, tables.index(one.name), digest);
    digest.words(tables.hash(one.name));
    const rule = { ...one, source: null, destination: one.addresses, to: [] };
    const flags = one.midstream ? CONSTANTS.RULE_MIDSTREAM : 0;
    digest.words([flags]);
    return this.#translating(rule, natPolicy('balancer'), { slot, extra, digest, flags });
  }

  #translating(
    rule: Pick<NatRule, 'name' | 'at' | 'from' | 'to' | 'source' | 'destination' | 'service'>,
    policy: string,
    {
      slot,
      extra,
      digest,
      flags = 0,
    }: { slot: number; extra: number; digest: Digest; flags?: number },
  ): PartPolicy {
    const index = this.policies.count;
    const source = this.addresses.id(rule.source);
    const destination = this.addresses.id(rule.destination);
    const service = this.services.id(rule.service);
    const first = this.rules.count;
    this.rules.add({
      slot,
      name: this.#strings.add(rule.name),
      policy: index,
      source,
      destination,
      service,
      file: this.#strings.add(rule.at.file),
      line: rule.at.line,
      extra,
      action: CONSTANTS.ACTION_TRANSLATE,
      flags,
      reserved: 0,
    });
    digest.word(slot);
    this.addresses.digest(source, digest);
    this.addresses.digest(destination, digest);
    this.services.digest(service, digest);
    const name = this.#strings.add(policy);
    this.policies.add({ name, first_rule: first, rules: 1, flags: 0 });
    return { index, from: rule.from, to: rule.to, rules: 1, hash: digest.end() };
  }
}

function partZones(model: Model, slots: Slots): PartZone[] {
  const interfaces = new Map<string, number[]>();
  for (const { name, zone } of model.interfaces) {
    if (zone === null) continue;
    const list = interfaces.get(zone) ?? [];
    list.push(slotOf(slots.interfaces, name));
    interfaces.set(zone, list);
  }
  return model.zones.map(({ name }) => ({
    name,
    slot: slotOf(slots.zones, name),
    interfaces: (interfaces.get(name) ?? []).toSorted((a, b) => a - b),
  }));
}

function settings(
  {
    frr,
    settings: { maxSessions, maxRoutes, timeouts, midstreamGrace, fragments, ipv6Extensions: ipv6 },
  }: Model,
  peers: number,
) {
  const section = new SectionWriter(SECTIONS.settings, 1);
  section.add({
    max_sessions: maxSessions,
    max_routes: maxRoutes,
    tcp_opening: timeouts.tcpOpening,
    tcp_established: timeouts.tcpEstablished,
    tcp_closing: timeouts.tcpClosing,
    tcp_closed: timeouts.tcpClosed,
    udp_opening: timeouts.udpOpening,
    udp_established: timeouts.udpEstablished,
    icmp: timeouts.icmp,
    other: timeouts.other,
    midstream_grace: midstreamGrace,
    fragment_timeout: fragments.timeout,
    fragment_datagrams: fragments.datagrams,
    fragment_source: fragments.perSource,
    ike_peers: peers,
    ip6_routing: ipv6.routing.reduce((mask, type) => mask | (1 << type), 0),
    ip6_headers: ipv6.most,
    ip6_flags:
      (ipv6.hopByHop ? 0 : CONSTANTS.IP6_DROP_HOP_BY_HOP) |
      (ipv6.destinationOptions ? 0 : CONSTANTS.IP6_DROP_DESTINATION) |
      (ipv6.other ? 0 : CONSTANTS.IP6_DROP_OTHER),
    frr: digestOf(frr?.text ?? null),
  });
  return section;
}

/** Zero for no text. */
function digestOf(text: string | null): Uint8Array {
  if (text === null) return new Uint8Array(16);
  return createHash('sha256').update(text).digest().subarray(0, 16);
}
