// SPDX-License-Identifier: BSD-3-Clause
import { didYouMean } from '../../diagnostics/suggest.js';
import { quote } from '../../diagnostics/text.js';
import type { Service, ServiceSet } from '../../firewall/model.js';
import type { Interface } from '../../interfaces/model.js';
import { parseMember } from '../../net/address.js';
import { union } from '../../net/algebra.js';
import { AddressSetBuilder } from '../../net/builder.js';
import { hasPorts, parsePortRange, parseService } from '../../net/services.js';
import type { AddressSet } from '../../net/sets.js';
import type { Network } from './network.js';

/** Names that questions may use besides zones and interfaces. */
export interface Names {
  readonly addresses: ReadonlyMap<string, AddressSet>;
  readonly services: ReadonlyMap<string, ServiceSet>;
}

/** A question as it is understood. */
export interface Question {
  /** `who` and `what` ask for a list of what is reached. */
  readonly form: 'can' | 'list';
  /** Where packets come from; null is the appliance itself. */
  readonly from: readonly Interface[] | null;
  /** Only addresses are given, so each comes from where its route leads. */
  readonly byRoute: boolean;
  /** null is any source that fits. */
  readonly sources: AddressSet | null;
  readonly to: Target;
  /** null is all. */
  readonly services: ServiceSet | null;
}

export interface Target {
  /** Addresses; null is any. */
  readonly addresses: AddressSet | null;
  /** What the way must lead to: a zone, `local`, `any` (all but `local`) or null for all. */
  readonly zone: string | null;
}

/** Why a question cannot be read, and the part of the text that is meant. */
export class QuestionError extends Error {
  readonly index: number;
  readonly length: number;

  constructor(message: string, { text, index }: Word) {
    super(message);
    this.index = index;
    this.length = Math.max(1, text.length);
  }
}

interface Word {
  readonly text: string;
  readonly index: number;
}

export const FORMS = [
  'can FROM [SRC] reach DST [SERVICE]?',
  'who can reach DST [SERVICE]?',
  'what can FROM [SRC] reach [SERVICE]?',
  'what can reach DST?',
];

/** Reads a question; throws QuestionError. */
export function parseQuestion(text: string, network: Network, names: Names): Question {
  return new Reader(text, network, names).read();
}

class Reader {
  readonly #words: Word[];
  readonly #end: Word;
  readonly #network: Network;
  readonly #names: Names;
  #at = 0;

  constructor(text: string, network: Network, names: Names) {
    const asked = text.replace(/[?\s]+$/, '');
    this.#words = [...asked.matchAll(/[^\s,]+/g)].map((one) => ({
      text: one[0],
      index: one.index,
    }));
    this.#end = { text: '', index: asked.length };
    this.#network = network;
    this.#names = names;
  }

  read(): Question {
    const first = this.#next();
    if (first.text === 'can') {
      const from = this.#from();
      this.#expect('reach');
      const to = this.#target(this.#next());
      return { form: 'can', ...from, to, services: this.#services() };
    }
    if (first.text !== 'who' && first.text !== 'what')
      throw new QuestionError(`a question is one of: ${FORMS.join(' ')}`, first);
    this.#expect('can');
    if (first.text === 'what' && this.#peek().text !== 'reach') {
      const from = this.#from();
      this.#expect('reach');
      const to: Target = { addresses: null, zone: null };
      return { form: 'list', ...from, to, services: this.#services() };
    }
    this.#expect('reach');
    const to = this.#target(this.#next());
    const from = this.#network.interfaces.filter((one) => one.zone !== null);
    return { form: 'list', from, byRoute: false, sources: null, to, services: this.#services() };
  }

  #peek(): Word {
    return this.#words[this.#at] ?? this.#end;
  }

  #next(): Word {
    const word = this.#peek();
    this.#at++;
    return word;
  }

  #expect(text: string): void {
    const word = this.#next();
    if (word.text !== text) {
      const found = word.text === '' ? 'the question ends' : `there is ${quote(word.text)}`;
      throw new QuestionError(`'${text}' is expected here and ${found}`, word);
    }
  }

  #from(): Pick<Question, 'from' | 'byRoute' | 'sources'> {
    const word = this.#next();
    const used = this.#network.interfaces.filter((one) => one.zone !== null);
    const place = this.#place(word, used);
    const sets = place === undefined ? [this.#addresses(word, 'a zone, an interface')] : [];
    while (this.#peek().text !== 'reach' && this.#peek().text !== '')
      sets.push(this.#addresses(this.#next(), 'an address'));
    const sources = sets.length === 0 ? null : union(...sets);
    const byRoute = place === undefined;
    return { from: byRoute ? used : place, byRoute, sources };
  }

  /** The interfaces of a zone or of that name; null for the appliance. */
  #place({ text }: Word, used: readonly Interface[]): readonly Interface[] | null | undefined {
    if (text === 'any') return used;
    if (text === 'local') return null;
    if (this.#network.zones.some(({ name }) => name === text))
      return used.filter(({ zone }) => zone === text);
    const iface = used.find(({ name }) => name === text);
    return iface === undefined ? undefined : [iface];
  }

  #target(word: Word): Target {
    if (word.text === 'any' || word.text === 'local') return { addresses: null, zone: word.text };
    if (this.#network.zones.some(({ name }) => name === word.text))
      return { addresses: null, zone: word.text };
    const sets = [this.#addresses(word, 'a zone')];
    // More addresses may follow; services look otherwise.
    while (this.#isAddress(this.#peek().text)) sets.push(this.#addresses(this.#next(), 'a zone'));
    return { addresses: union(...sets), zone: null };
  }

  #isAddress(text: string): boolean {
    return this.#names.addresses.has(text) || typeof parseMember(text) !== 'string';
  }

  #addresses(word: Word, orElse: string): AddressSet {
    const group = this.#names.addresses.get(word.text);
    if (group !== undefined) return group;
    const range = parseMember(word.text);
    if (typeof range !== 'string') {
      const builder = new AddressSetBuilder();
      builder.addRange(range);
      return builder.build();
    }
    if (word.text === '') throw new QuestionError(`the question ends before ${orElse}`, word);
    if (/[:/]|^[0-9][0-9.]*(-|$)/.test(word.text))
      throw new QuestionError(`${quote(word.text)} is not an address: ${range}`, word);
    const { zones, interfaces } = this.#network;
    const known = [...zones, ...interfaces].map(({ name }) => name);
    const hint = didYouMean(word.text, [...known, ...this.#names.addresses.keys()]);
    throw new QuestionError(
      `there is no zone, interface or address group ${quote(word.text)}${hint === null ? '' : `, ${hint}`}`,
      word,
    );
  }

  #services(): ServiceSet | null {
    const services: Service[] = [];
    let protocol: number | null = null;
    for (let word = this.#next(); word.text !== ''; word = this.#next()) {
      if (word.text === 'any') continue;
      const group = this.#names.services.get(word.text);
      if (group !== undefined) {
        services.push(...group.services);
        continue;
      }
      const ports = protocol === null ? '' : parsePortRange(word.text);
      if (protocol !== null && typeof ports !== 'string') {
        services.push({ protocol, source: [0, 65535], destination: ports });
        continue;
      }
      const service = parseService(word.text);
      if (typeof service === 'string') throw this.#noService(word, service);
      services.push({ ...service, source: [0, 65535] });
      protocol = hasPorts(service.protocol) ? service.protocol : null;
    }
    return services.length === 0 ? null : { services };
  }

  #noService(word: Word, problem: string): QuestionError {
    if (word.text.includes('/'))
      return new QuestionError(`${quote(word.text)} is not a service: ${problem}`, word);
    const hint = didYouMean(word.text, this.#names.services.keys());
    return new QuestionError(
      `there is no service group ${quote(word.text)}${hint === null ? '' : `, ${hint}`}`,
      word,
    );
  }
}
