// SPDX-License-Identifier: BSD-3-Clause
import { formatPrefix, networkOf, parsePrefix } from '../../net/address.js';
import type { Imported, Problem } from '../imported.js';
import { EVERY, isName, protocolOf, serviceOf, type Service } from '../shared/services.js';
import type { GroupRule, Peer, SecurityGroup } from './group.js';
import { isObject, JsonText, numberOf, objects, textOf, wordOf, type Json } from './json.js';
import { writeGroups } from './write.js';

/** A rule file from what `aws ec2 describe-security-groups` prints. */
export function importAws(text: string): Imported {
  const nothing = { text: '', rules: 0, problems: [] };
  let document: JsonText;
  try {
    document = new JsonText(text);
  } catch (error) {
    return { ...nothing, refused: `no JSON: ${(error as Error).message}` };
  }
  const { value } = document;
  const all = isObject(value) ? objects(value['SecurityGroups']) : objects(value);
  return new Reader(document, all).read();
}

class Reader {
  readonly #document: JsonText;
  readonly #all: readonly Json[];
  readonly #known: ReadonlySet<string>;
  readonly #lists = new Set<string>();
  readonly #problems: Problem[] = [];

  constructor(document: JsonText, all: readonly Json[]) {
    this.#document = document;
    this.#all = all;
    this.#known = new Set(all.flatMap((one) => textOf(one['GroupId']) ?? []));
  }

  read(): Imported {
    const groups = new Map<string, SecurityGroup>();
    for (const one of this.#all) {
      const id = textOf(one['GroupId']);
      if (id === null || !isName(id)) this.#leave(one, 'a group without an id is left out');
      else if (groups.has(id)) this.#leave(one, `there is a group ${id} already`);
      else groups.set(id, this.#group(id, one));
    }
    const what = 'AWS security groups';
    return writeGroups(what, [...groups.values()], this.#lists, this.#problems);
  }

  #group(id: string, one: Json): SecurityGroup {
    const egress = one['IpPermissionsEgress'];
    return {
      id,
      name: textOf(one['GroupName']),
      description: textOf(one['Description']),
      ingress: this.#rules(one['IpPermissions']),
      // Those of EC2-Classic say nothing of what leaves.
      egress: Array.isArray(egress)
        ? this.#rules(egress)
        : [{ peers: [{ kind: 'any' }], service: EVERY, description: null, line: 1 }],
    };
  }

  #rules(list: unknown): GroupRule[] {
    return objects(list).flatMap((one) => {
      const service = this.#service(one);
      if (service === null) return [];
      const peers = [
        ...objects(one['IpRanges']).flatMap((range) => this.#prefix(range, 'CidrIp')),
        ...objects(one['Ipv6Ranges']).flatMap((range) => this.#prefix(range, 'CidrIpv6')),
        ...objects(one['PrefixListIds']).flatMap((range) =>
          this.#reference(range, textOf(range['PrefixListId']), 'prefix list'),
        ),
        ...objects(one['UserIdGroupPairs']).flatMap((pair) =>
          this.#reference(pair, textOf(pair['GroupId']) ?? textOf(pair['GroupName']), 'group'),
        ),
      ];
      if (peers.length === 0) return [];
      const said = ['IpRanges', 'Ipv6Ranges', 'PrefixListIds', 'UserIdGroupPairs'].flatMap((key) =>
        objects(one[key]).flatMap((peer) => textOf(peer['Description']) ?? []),
      );
      const description = said.length === 0 ? null : [...new Set(said)].join('; ');
      return [{ peers, service, description, line: this.#document.line(one) }];
    });
  }

  #service(one: Json): Service | null {
    const text = wordOf(one['IpProtocol']);
    if (text === '-1' || text === 'all') return EVERY;
    const protocol = protocolOf(text);
    const service =
      protocol === null
        ? `protocol '${text}'`
        : serviceOf(protocol, numberOf(one['FromPort']), numberOf(one['ToPort']));
    if (typeof service !== 'string') return service;
    return this.#leave(one, `${service} has no equivalent`);
  }

  #prefix(range: Json, key: string): Peer[] {
    const text = textOf(range[key]) ?? '';
    const parsed = parsePrefix(text);
    if (typeof parsed === 'string') {
      this.#leave(range, `'${text}' is not a prefix: ${parsed}`);
      return [];
    }
    const network = formatPrefix(networkOf(parsed));
    return [{ kind: 'prefix', text: network, family: parsed.address.family }];
  }

  /** What the document does not have becomes an empty group to be filled in. */
  #reference(at: Json, id: string | null, what: string): Peer[] {
    if (id === null || !isName(id)) {
      this.#leave(at, `a ${what} without an id is left out`);
      return [];
    }
    if (what === 'group' && this.#known.has(id)) return [{ kind: 'group', id }];
    this.#lists.add(id);
    this.#leave(at, `${what} ${id} is not in the document: its members are to be filled in`);
    return [{ kind: 'list', id }];
  }

  #leave(at: Json, message: string): null {
    this.#problems.push({ line: this.#document.line(at), message });
    return null;
  }
}
