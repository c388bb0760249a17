// SPDX-License-Identifier: BSD-3-Clause
import { formatPrefix, networkOf, parsePrefix } from '../../net/address.js';
import { PROTOCOLS } from '../../net/services.js';
import type { Imported, Problem } from '../imported.js';
import { EVERY, isName, protocolOf, serviceOf, type Service } from '../shared/services.js';
import type { GroupRule, Peer, SecurityGroup } from './group.js';
import { isObject, JsonText, numberOf, objects, textOf, wordOf, type Json } from './json.js';
import { writeGroups } from './write.js';

/**
 * A rule file from security groups of OpenStack: documents of the Neutron API, or what `openstack
 * security group list|show` and `security group rule list` print with `-f json`.
 */
export function importOpenstack(text: string): Imported {
  let document: JsonText;
  try {
    document = new JsonText(text);
  } catch (error) {
    const refused = `no JSON: ${(error as Error).message}`;
    return { text: '', rules: 0, problems: [], refused };
  }
  return new Reader(document).read();
}

/** By any of the names that clients and API have for it. */
function field(one: Json, ...names: readonly string[]): unknown {
  for (const name of names) if (one[name] !== undefined && one[name] !== null) return one[name];
  return null;
}

class Reader {
  readonly #document: JsonText;
  readonly #lists = new Set<string>();
  readonly #problems: Problem[] = [];
  #known: ReadonlySet<string> = new Set();

  constructor(document: JsonText) {
    this.#document = document;
  }

  read(): Imported {
    const { value } = this.#document;
    const found = new Map<string, { readonly one: Json; readonly rules: Json[] }>();
    const add = (id: string, one: Json, rules: readonly Json[]): void => {
      const known = found.get(id);
      if (known === undefined) found.set(id, { one, rules: [...rules] });
      else known.rules.push(...rules);
    };
    for (const one of this.#candidates(value)) {
      const of = textOf(field(one, 'security_group_id', 'Security Group'));
      if (of !== null && isName(of)) add(of, {}, [one]);
      else {
        const id = textOf(field(one, 'id', 'ID'));
        if (id === null || !isName(id)) this.#leave(one, 'a group without an id is left out');
        else add(id, one, this.#rulesOf(one));
      }
    }
    this.#known = new Set(found.keys());
    const groups = [...found].map(([id, { one, rules }]) => this.#group(id, one, rules));
    const what = 'OpenStack security groups';
    return writeGroups(what, groups, this.#lists, this.#problems);
  }

  #candidates(value: unknown): readonly Json[] {
    if (Array.isArray(value)) return objects(value);
    if (!isObject(value)) return [];
    const one = value['security_group'];
    if (isObject(one)) return [one];
    for (const key of ['security_groups', 'security_group_rules'])
      // A group as `show` prints it has rules of its own under the same name.
      if (Array.isArray(value[key]) && field(value, 'id', 'ID') === null)
        return objects(value[key]);
    return [value];
  }

  #rulesOf(one: Json): readonly Json[] {
    const rules = field(one, 'security_group_rules', 'rules', 'Rules');
    if (typeof rules === 'string') return this.#spelt(one, rules);
    if (rules === null)
      this.#leave(one, 'the group is listed without its rules, which `security group show` has');
    return objects(rules);
  }

  /** Older clients: a line a rule, KEY='VALUE', … */
  #spelt(one: Json, text: string): Json[] {
    return text
      .split('\n')
      .filter((line) => line.trim() !== '')
      .map((line) => {
        const rule: Record<string, unknown> = {};
        for (const [, key = '', value = ''] of line.matchAll(/([\w ]+)='([^']*)'/g))
          rule[key.trim()] = value;
        if (rule['direction'] === undefined) this.#leave(one, `no rule: ${line.trim()}`);
        return rule;
      });
  }

  #group(id: string, one: Json, rules: readonly Json[]): SecurityGroup {
    const ingress: GroupRule[] = [];
    const egress: GroupRule[] = [];
    for (const rule of rules) {
      const direction = textOf(field(rule, 'direction', 'Direction'))?.toLowerCase();
      const list = direction === 'ingress' ? ingress : direction === 'egress' ? egress : null;
      if (list === null) {
        if (Object.keys(rule).length > 0)
          this.#leave(rule, 'a rule without a direction is left out');
        continue;
      }
      const read = this.#rule(rule);
      if (read !== null) list.push(read);
    }
    return {
      id,
      name: textOf(field(one, 'name', 'Name')),
      description: textOf(field(one, 'description', 'Description')),
      ingress,
      egress,
    };
  }

  #rule(rule: Json): GroupRule | null {
    const six = wordOf(field(rule, 'ethertype', 'Ethertype')).toLowerCase() === 'ipv6';
    const service = this.#service(rule, six);
    const peer = service && this.#peer(rule, six ? 6 : 4);
    if (service === null || peer === null) return null;
    const description = textOf(field(rule, 'description', 'Description'));
    return { peers: [peer], service, description, line: this.#document.line(rule) };
  }

  #service(rule: Json, six: boolean): Service | null {
    const text = wordOf(field(rule, 'protocol', 'IP Protocol')).toLowerCase();
    if (['any', 'none', '', '0', 'ip'].includes(text)) return EVERY;
    const number = protocolOf(text);
    // Neutron takes `icmp` for what the rule's family has.
    const protocol = number === PROTOCOLS.icmp && six ? PROTOCOLS.icmpv6 : number;
    const range = /^(-?\d*):(-?\d*)$/.exec(textOf(field(rule, 'Port Range')) ?? '');
    const typed = /^type=(\d+)(?::code=(\d+))?$/.exec(textOf(field(rule, 'Port Range')) ?? '');
    const from = numberOf(field(rule, 'port_range_min') ?? typed?.[1] ?? range?.[1]);
    const to = numberOf(field(rule, 'port_range_max') ?? typed?.[2] ?? range?.[2]);
    const service = protocol === null ? `protocol '${text}'` : serviceOf(protocol, from, to);
    if (typeof service !== 'string') return service;
    return this.#leave(rule, `${service} has no equivalent`);
  }

  #peer(rule: Json, family: 4 | 6): Peer | null {
    const group = textOf(field(rule, 'remote_group_id', 'Remote Security Group'));
    const list = textOf(field(rule, 'remote_address_group_id', 'Remote Address Group'));
    for (const [id, what] of [
      [group, 'group'],
      [list, 'address group'],
    ] as const) {
      if (id === null || id === 'None') continue;
      if (!isName(id)) return this.#leave(rule, `${what} '${id}' is no id`);
      if (what === 'group' && this.#known.has(id)) return { kind: 'group', id };
      this.#lists.add(id);
      this.#leave(rule, `${what} ${id} is not in the document: its members are to be filled in`);
      return { kind: 'list', id };
    }
    const text = textOf(field(rule, 'remote_ip_prefix', 'IP Range'));
    if (text === null || text === 'None')
      return { kind: 'prefix', text: family === 4 ? '0.0.0.0/0' : '::/0', family };
    const parsed = parsePrefix(text.includes('/') ? text : `${text}/${family === 4 ? 32 : 128}`);
    if (typeof parsed === 'string')
      return this.#leave(rule, `'${text}' is not a prefix: ${parsed}`);
    const network = formatPrefix(networkOf(parsed));
    return { kind: 'prefix', text: network, family: parsed.address.family };
  }

  #leave(at: Json, message: string): null {
    this.#problems.push({ line: this.#document.line(at), message });
    return null;
  }
}
