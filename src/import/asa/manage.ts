// SPDX-License-Identifier: BSD-3-Clause
import { parseNumber } from '../../net/services.js';
import type { Keys, PolicyText } from '../shared/policies.js';
import type { Remarks } from '../shared/remarks.js';
import type { Entry } from './acl.js';
import type { Interfaces } from './interfaces.js';
import { Words, type Block } from './lines.js';
import { ICMP, icmpTypeOf } from './names.js';
import type { Objects } from './objects.js';
import type { PolicyWriter } from './policies.js';
import { addressTexts, prefixed, type Addresses } from './spans.js';

/** `ssh`, `icmp` and lists of the control plane: what may come to the box itself. */
export function manageRules(
  blocks: readonly Block[],
  interfaces: Interfaces,
  control: ReadonlyMap<string, readonly Entry[]>,
  writer: PolicyWriter,
  objects: Objects,
  remarks: Remarks,
): PolicyText[] {
  const rules = new Map<string, Keys[]>();
  const closed = new Set<string>();
  const add = (zone: string, kind: string, keys: Keys): void => {
    const list = rules.get(zone) ?? [];
    rules.set(zone, [...list, { name: `${kind}-${list.length + 1}`, ...keys }]);
  };
  for (const { line, text, words } of blocks) {
    const rest = new Words(words, 1);
    const problem = (why: string): void => remarks.problem(line, `${text}: ${why}: it is left out`);
    if (words[0] === 'ssh') {
      const source = sourceOf(rest, objects);
      const iface = interfaces.named(rest.next());
      if (source === null || iface === undefined || !rest.done) problem('no equivalent');
      // Its port is not the fast path's, and takes SSH.
      else if (!iface.management)
        add(iface.zone, 'ssh', {
          ...source,
          service: 'tcp/22',
          action: 'allow',
          description: `line ${line}: ${text}`,
        });
    } else if (words[0] === 'icmp' && words[1] !== 'unreachable') {
      const action = rest.next();
      const source = sourceOf(rest, objects);
      const type = rest.done || interfaces.named(rest.peek()) !== undefined ? null : rest.next();
      const iface = interfaces.named(rest.next());
      const number = type === null ? null : icmpTypeOf(type, ICMP);
      if (
        source === null ||
        iface === undefined ||
        !rest.done ||
        (type !== null && number === null)
      )
        problem('no equivalent');
      else if (action !== 'permit' && action !== 'deny') problem('no equivalent');
      else if (!iface.management) {
        closed.add(iface.zone);
        const service = number === null ? 'icmp' : `icmp/${number}`;
        add(iface.zone, 'icmp', {
          ...source,
          service,
          action: action === 'permit' ? 'allow' : 'deny',
          description: `line ${line}: ${text}`,
        });
      }
    } else if (words[0] === 'icmp') {
      if (parseNumber(words[3] ?? '', 1000) < 0) problem('no equivalent');
      else problem('the rate of ICMP errors is the appliance’s own');
    }
  }
  return interfaces.filtered.flatMap(({ zone, addresses }) => {
    const list = [...(rules.get(zone) ?? [])];
    if (!closed.has(zone) && addresses.length > 0)
      list.push({
        name: 'ping',
        service: ['icmp/echo-request', 'icmpv6/echo-request'],
        action: 'allow',
        description: 'Without icmp permit or deny an interface answers.',
      });
    list.push(...writer.rules(control.get(zone) ?? []));
    return list.length === 0 ? [] : [writer.local(`${zone}.local`.slice(0, 60), zone, list)];
  });
}

/** ADDRESS MASK, `host ADDRESS`, `any` or a prefix, as the `source` of a rule. */
function sourceOf(words: Words, objects: Objects): Keys | null {
  const first = words.next();
  if (first === 'any') return { source: '0.0.0.0/0' };
  let set: Addresses | null;
  if (first === 'host') set = objects.host(words.next());
  else if (first.includes('/')) set = prefixed(first);
  else set = objects.subnet(first, words.next());
  const [text] = set === null ? [] : addressTexts(set);
  return text === undefined ? null : { source: text };
}
