// SPDX-License-Identifier: BSD-3-Clause
import { fileAt } from '../../diagnostics/position.js';
import type { Action, Policy, ServiceSet } from '../../firewall/model.js';
import type { Interface } from '../../interfaces/model.js';
import { isEmpty, subtract, union } from '../../net/algebra.js';
import type { AddressSet } from '../../net/sets.js';
import { condense } from '../algebra.js';
import { Book, type Entry } from '../book.js';
import { Budget } from '../budget.js';
import { intersectAreas, type ServiceArea } from '../services.js';
import { intersectSpans } from '../spans.js';
import { setsOf, Universe, type Area } from '../universe.js';
import { decide, type Decided, type Passage } from './decide.js';
import { EVERY, HOSTS, LINK_LOCAL, sourcesOf, waysOf, type Network, type Way } from './network.js';
import { openingServices } from './opening.js';
import type { Question } from './question.js';
import { sampleOf, type Sample } from './sample.js';
import { addressWords, conditionWords, serviceWords } from './words.js';

/** Bounds the parts of an answer, and so its time and memory: at most about half a minute. */
const STEPS = 100_000_000;
const FAMILIES = [4, 6] as const;

export type Verdict = 'yes' | 'no' | 'depends';

/** A rule that decides a part; `condition` says what of the packet, or of the moment, it asks for. */
export interface Decider {
  readonly policy: string;
  readonly name: string;
  readonly file: string;
  readonly line: number;
  readonly action: Action;
  readonly condition: string | null;
}

/** Every combination of its sources, destinations and services has one answer, for one reason. */
export interface Part {
  readonly answer: Verdict;
  /** Interface and zone the packets enter by; null is the appliance itself. */
  readonly in: string | null;
  readonly from: string;
  /** Interface they leave by, `local`, or null for none. */
  readonly out: string | null;
  readonly to: string | null;
  readonly source: readonly string[];
  readonly destination: readonly string[];
  readonly service: readonly string[];
  /** In the order they are asked; the last decides where the others do not. */
  readonly rules: readonly Decider[];
  /** What says no where it is no rule. */
  readonly reason: string | null;
  readonly sample: Sample | null;
}

export interface Answer {
  readonly answer: Verdict | 'partly';
  readonly parts: readonly Part[];
}

/** Where packets come from, with the sources that are asked about. */
interface Entrance {
  readonly iface: Interface | null;
  readonly sources: AddressSet;
  /** Set where what comes from there is refused whatever it is. */
  readonly refused: string | null;
}

/**
 * Answers a question over all addresses, protocols and ports of packets that can open a session
 * between two hosts. Throws BudgetError when the answer takes too many parts.
 */
export function answerQuestion(
  question: Question,
  network: Network,
  implicit: readonly Policy[],
): Answer {
  return new Asking(question, network, implicit).answer();
}

class Asking {
  readonly #question: Question;
  readonly #policies: readonly Policy[];
  readonly #ways: readonly Way[];
  readonly #entrances: readonly Entrance[];
  readonly #book: Book;
  readonly #universe: Universe;
  readonly #budget = new Budget(STEPS);

  constructor(question: Question, network: Network, implicit: readonly Policy[]) {
    this.#question = question;
    this.#policies = [...implicit, ...network.policies];
    const ways = waysOf(network);
    this.#entrances = entrances(question, ways);
    this.#ways = asked(question, ways);
    const rules = this.#policies.flatMap((policy) => policy.rules.filter((one) => one.enabled));
    const sets = setsOf(rules);
    const own = [
      ...this.#ways.map((way) => way.destinations),
      ...this.#entrances.flatMap(({ sources }) => [sources, subtract(sources, LINK_LOCAL)]),
      ...this.#ways.map((way) => subtract(way.destinations, LINK_LOCAL)),
      LINK_LOCAL,
    ];
    const services: ServiceSet[] = question.services === null ? [] : [question.services];
    this.#universe = new Universe({
      addresses: [...sets.addresses, ...own],
      services: [...sets.services, ...services],
    });
    this.#book = new Book(this.#policies, this.#universe);
    this.#budget.next(STEPS);
  }

  answer(): Answer {
    const list = this.#question.form === 'list';
    const parts: Part[] = [];
    for (const entrance of this.#entrances)
      for (const way of this.#ways) {
        if (list && (way.to === null || entrance.refused !== null)) continue;
        for (const family of FAMILIES) parts.push(...this.#passage(entrance, way, family));
      }
    const order: readonly Verdict[] = ['yes', 'depends', 'no'];
    const told = list ? parts.filter((part) => part.answer !== 'no') : parts;
    const sorted = told.toSorted((a, b) => order.indexOf(a.answer) - order.indexOf(b.answer));
    return { answer: summary(parts), parts: sorted };
  }

  #passage({ iface, sources, refused }: Entrance, way: Way, family: 4 | 6): Part[] {
    const universe = this.#universe;
    const opening = openingServices(family, universe);
    const svc = intersectAreas(universe.services(this.#question.services, family), opening);
    const src = universe.spans(sources, family);
    const dst = universe.spans(way.destinations, family);
    if (svc === undefined || svc === null || src?.length === 0 || dst?.length === 0) return [];
    const { to } = way;
    const passage: Passage = {
      from: iface === null ? 'local' : (iface.zone ?? ''),
      to: to === 'local' ? 'local' : (to?.zone ?? ''),
      in: iface?.name ?? null,
      out: to === null || to === 'local' ? null : to.name,
    };
    const part = (areas: readonly Area[], told: Told): Part[] =>
      condense(areas, family, universe, this.#budget).map((area) =>
        this.#part(area, family, passage, opening, told),
      );
    const whole: Area = { src, dst, svc };
    if (refused !== null) return part([whole], { answer: 'no', rules: [], reason: refused });
    if (to === null) return part([whole], { answer: 'no', rules: [], reason: 'no-route' });
    const { areas, stopped } = this.#forwarded(sources, way, whole, family);
    const policy = decide(areas, family, passage, this.#book, this.#policies, this.#budget);
    const groups = new Map<string, Decided[]>();
    for (const one of policy) {
      const key = `${one.rules.map((rule) => `${rule.policy}/${rule.index}`).join()} ${one.settled}`;
      const group = groups.get(key);
      if (group === undefined) groups.set(key, [one]);
      else group.push(one);
    }
    const found = [...groups.values()].flatMap((group) =>
      part(
        group.map((one) => one.area),
        this.#verdict(group[0] as Decided),
      ),
    );
    return [...found, ...part(stopped, { answer: 'no', rules: [], reason: 'link-local' })];
  }

  /** RFC 3927 section 2.7, RFC 4291 section 2.5.6: link-local addresses go no further than the box. */
  #forwarded(sources: AddressSet, way: Way, whole: Area, family: 4 | 6) {
    if (way.to === 'local') return { areas: [whole], stopped: [] };
    const universe = this.#universe;
    const src = universe.spans(subtract(sources, LINK_LOCAL), family);
    const dst = universe.spans(subtract(way.destinations, LINK_LOCAL), family);
    const link = universe.spans(LINK_LOCAL, family);
    const areas = src?.length === 0 || dst?.length === 0 ? [] : [{ ...whole, src, dst }];
    // Told where such addresses were named: nobody else asks about them.
    const { sources: named, to } = this.#question;
    const stopped: Area[] = [];
    if (named !== null) stopped.push({ ...whole, src: intersectSpans(whole.src, link) });
    if (to.addresses !== null)
      stopped.push({ ...whole, src, dst: intersectSpans(whole.dst, link) });
    return {
      areas,
      stopped: stopped.filter((one) => one.src?.length !== 0 && one.dst?.length !== 0),
    };
  }

  #verdict({ rules, settled }: Decided): Told {
    const answers = rules.map(({ rule }): Verdict => {
      if (rule.action !== 'allow') return 'no';
      return (rule.extra?.limit ?? null) === null ? 'yes' : 'depends';
    });
    if (!settled) answers.push('no');
    const [first = 'no'] = answers;
    const answer = answers.every((one) => one === first) ? first : 'depends';
    return { answer, rules, reason: settled ? null : 'policy-default' };
  }

  #part(area: Area, family: 4 | 6, passage: Passage, opening: ServiceArea, told: Told): Part {
    const { from, to, in: entry, out } = passage;
    return {
      answer: told.answer,
      in: entry,
      from,
      out: to === 'local' ? 'local' : out,
      to: to === '' ? null : to,
      source: addressWords(area.src, family, this.#universe),
      destination: addressWords(area.dst, family, this.#universe),
      service: serviceWords(area.svc ?? opening, opening, family, this.#universe),
      rules: told.rules.map((one) => this.#decider(one)),
      reason: told.reason,
      sample: entry === null ? null : sampleOf(area, family, this.#universe),
    };
  }

  #decider({ policy, rule }: Entry): Decider {
    const { name: of = '', rules = [], places } = this.#policies[policy] ?? {};
    const index = rules.indexOf(rule);
    const line = places?.lines[index] ?? 0;
    const file = places === undefined ? '' : fileAt(places, index);
    const condition = conditionWords(rule);
    return { policy: of, name: rule.name, file, line, action: rule.action, condition };
  }
}

interface Told {
  readonly answer: Verdict;
  readonly rules: readonly Entry[];
  readonly reason: string | null;
}

function summary(parts: readonly Part[]): Answer['answer'] {
  const [first] = parts;
  if (first === undefined) return 'no';
  if (parts.every((part) => part.answer === first.answer)) return first.answer;
  return 'partly';
}

function both(a: AddressSet, b: AddressSet): AddressSet {
  return subtract(a, subtract(EVERY, b));
}

/** The ways of the destinations asked about. */
function asked({ to: { addresses, zone } }: Question, ways: readonly Way[]): Way[] {
  const wanted = addresses === null ? HOSTS : both(HOSTS, addresses);
  const fits = ({ to }: Way): boolean => {
    if (zone === null) return true;
    if (zone === 'any') return to !== 'local';
    return to === 'local' ? zone === 'local' : to?.zone === zone;
  };
  return ways
    .filter(fits)
    .map((way) => ({ ...way, destinations: both(wanted, way.destinations) }))
    .filter((way) => !isEmpty(way.destinations));
}

function entrances({ from, byRoute, sources }: Question, ways: readonly Way[]): Entrance[] {
  const wanted = sources === null ? HOSTS : both(HOSTS, sources);
  const routed = (to: Way['to']) => ways.find((way) => way.to === to)?.destinations ?? NOTHING;
  if (from === null)
    return [{ iface: null, sources: both(wanted, routed('local')), refused: null }];
  const found = from.map((iface): Entrance => ({
    iface,
    sources: both(wanted, byRoute ? routed(iface) : sourcesOf(iface, ways)),
    refused: null,
  }));
  // Sources that were named and come from nowhere asked about are answered too.
  const missed = subtract(wanted, union(NOTHING, ...found.map((one) => one.sources)));
  // Who names a subnet does not mean the box's own address in it.
  const others = subtract(missed, routed('local'));
  const left = found.every((one) => isEmpty(one.sources)) ? missed : others;
  if (sources !== null && !isEmpty(left))
    for (const iface of byRoute ? from.slice(0, 1) : from)
      found.push({ iface, sources: left, refused: 'reverse-path' });
  return found.filter((one) => !isEmpty(one.sources));
}

const NOTHING: AddressSet = { v4: new Uint32Array(0), v6: new BigUint64Array(0) };
