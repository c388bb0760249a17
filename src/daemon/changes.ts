// SPDX-License-Identifier: BSD-3-Clause
import { createHash } from 'node:crypto';
import { longestAscending } from '../compiler/edit/compare.js';
import type { DecodedImage, ImageRecord } from '../tables/decode.js';
import { CONSTANTS as C, type SectionName } from '../tables/layout.js';
import type { ChangedRule, RuleChanges } from './api/types.js';

/** A rule as it matches and acts, whatever numbers its sets have. */
interface Meaning {
  readonly rule: ChangedRule;
  readonly text: string;
}

/** Which rules differ between two images, by (policy, name). `before` is null for a box without rules. */
export function ruleChanges(before: DecodedImage | null, after: DecodedImage): RuleChanges {
  const old = before === null ? new Map<string, Meaning>() : meanings(before);
  const now = meanings(after);
  const common = [...now.keys()].filter((key) => old.has(key));
  const places = new Map([...old.keys()].map((key, i) => [key, i]));
  const stay = longestAscending(common.map((key) => places.get(key) as number));
  const pick = (from: ReadonlyMap<string, Meaning>, keys: Iterable<string>): ChangedRule[] =>
    [...keys].map((key) => (from.get(key) as Meaning).rule);
  return {
    added: pick(
      now,
      [...now.keys()].filter((key) => !old.has(key)),
    ),
    removed: pick(
      old,
      [...old.keys()].filter((key) => !now.has(key)),
    ),
    changed: pick(
      now,
      common.filter((key) => now.get(key)?.text !== old.get(key)?.text),
    ),
    moved: pick(
      now,
      common.filter((_, i) => !stay.has(i)),
    ),
  };
}

/** By policy and name, in match order. */
function meanings(image: DecodedImage): Map<string, Meaning> {
  const policies = image.records('policies').map(({ name }) => image.string(name));
  const describe = new Describer(image);
  const files = new Map<number, string>();
  return new Map(
    image.records('rules').map((record) => {
      const { policy: index, file, line } = record;
      const path = files.get(file) ?? image.string(file);
      files.set(file, path);
      const policy = policies[index] ?? '';
      const rule = { policy, rule: image.string(record.name), file: path, line };
      return [`${policy}\0${rule.rule}`, { rule, text: describe.rule(record) }];
    }),
  );
}

/** Puts into words what rules refer to; sets that many rules share are read once. */
class Describer {
  readonly #image: DecodedImage;
  readonly #known = new Map<string, string>();

  constructor(image: DecodedImage) {
    this.#image = image;
  }

  rule(rule: ImageRecord<'rules'>): string {
    const { action, flags, source, destination, service, extra } = rule;
    return [
      action,
      flags,
      this.#addresses(source),
      this.#addresses(destination),
      this.#services(service),
      this.#extra(extra),
    ].join();
  }

  #addresses(id: number): string {
    if (id === C.SET_ANY) return 'any';
    return this.#once(`a${id}`, () => {
      const { first4, count4, first6, count6 } = this.#one('address_sets', id);
      return this.#digest(['ranges4', first4, count4], ['ranges6', first6, count6]);
    });
  }

  #services(id: number): string {
    if (id === C.SET_ANY) return 'any';
    return this.#once(`s${id}`, () => {
      const { first, count } = this.#one('service_sets', id);
      return this.#digest(['services', first, count]);
    });
  }

  #extra(index: number): string {
    if (index === C.EXTRA_NONE) return '';
    const { first_mac, first_iface, schedule, ...rest } = this.#one('rule_extras', index);
    const lists = this.#digest(
      ['rule_macs', first_mac, rest.macs],
      ['rule_ifaces', first_iface, rest.in + rest.out],
    );
    return [...Object.values(rest).map(String), lists, this.#schedule(schedule)].join();
  }

  #schedule(index: number): string {
    if (index === C.SCHEDULE_NONE) return '';
    return this.#once(`t${index}`, () => {
      const { first_window, windows, timezone } = this.#one('schedules', index);
      const { name } = this.#one('timezones', timezone);
      return this.#image.string(name) + this.#digest(['schedule_windows', first_window, windows]);
    });
  }

  #one<N extends SectionName>(section: N, index: number): ImageRecord<N> {
    const record = this.#image.records(section)[index];
    if (record === undefined) throw new RangeError(`${section}[${index}]`);
    return record;
  }

  #once(key: string, make: () => string): string {
    const text = this.#known.get(key) ?? make();
    this.#known.set(key, text);
    return text;
  }

  #digest(...parts: readonly (readonly [SectionName, first: number, count: number])[]): string {
    const hash = createHash('sha256');
    for (const [section, first, count] of parts) {
      hash.update(`${section} ${count} `);
      hash.update(this.#image.bytes(section, first, count));
    }
    return hash.digest('base64');
  }
}
