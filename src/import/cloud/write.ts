// SPDX-License-Identifier: BSD-3-Clause
import type { Imported, Problem } from '../imported.js';
import { entry, flow, printable, scalar, type Value } from '../shared/yaml.js';
import { both, serviceText } from '../shared/services.js';
import type { GroupRule, Peer, SecurityGroup } from './group.js';

/** A rule of a policy: addresses null for any. */
interface Written {
  readonly source: readonly string[] | null;
  readonly destination: readonly string[] | null;
  readonly service: string | null;
  readonly description: string | null;
}

const MOST_TEXT = 1000;

/**
 * A rule file from security groups: a zone for each, named by its id, and one for all that lies
 * outside. What passes between two groups is what the one lets out and the other in.
 */
export function writeGroups(
  what: string,
  groups: readonly SecurityGroup[],
  lists: ReadonlySet<string>,
  problems: readonly Problem[],
): Imported {
  const ids = new Set(groups.map(({ id }) => id));
  let outside = 'outside';
  while (ids.has(outside)) outside += '-';
  const policies: string[] = [];
  let rules = 0;
  const used = new Set<string>();
  const fresh = (name: string): string => {
    let one = name;
    for (let i = 2; used.has(one); i++) one = `${name}-${i}`;
    used.add(one);
    return one;
  };
  const policy = (name: string, from: readonly string[], to: string, list: readonly Written[]) => {
    if (from.length === 0) return;
    const sources = from.length === 1 ? (from[0] as string) : from;
    policies.push(
      `  - name: ${scalar(fresh(name))}`,
      entry('from', sources, '    '),
      entry('to', to, '    '),
      `    rules:${list.length === 0 ? ' []' : ''}`,
      ...list.map(ruleLine),
    );
    rules += list.length;
  };
  for (const group of groups) {
    // From whoever lets all out, rules say the same; who is named in one, or lets out less, is apart.
    const named = new Set(group.ingress.flatMap(({ peers }) => peers.flatMap(groupIn)));
    const apart = groups.filter((one) => named.has(one.id) || !letsAllOut(one));
    const together = groups.filter((one) => !apart.includes(one)).map(({ id }) => id);
    policy(`${short(group.id)}.in`, [outside, ...together], group.id, entering(group, null));
    for (const from of apart) {
      const list = letsAllOut(from) ? entering(group, from.id) : between(from, group);
      policy(`${short(group.id)}.from.${short(from.id)}`, [from.id], group.id, list);
    }
    policy(`${short(group.id)}.out`, [group.id], outside, leaving(group));
  }
  const text = [
    `# Imported from ${what}: a zone for each group. Such a document does not say which addresses`,
    '# interfaces have, nor where routes lead: what is marked FILL IN stands in for it.',
    'version: 1',
    '',
    'interfaces:',
    '  # FILL IN: addresses',
    entry('outside', { zone: outside }, '  '),
    // Names of interfaces have 15 characters.
    ...groups.map(({ id }, i) => entry(`group${i + 1}`, { zone: id }, '  ')),
    '',
    'zones:',
    `  ${scalar(outside)}: {}`,
    ...groups.map(zoneLine),
    '',
    'settings: { reverse-path: off }',
    '',
    ...listLines(lists),
    policies.length === 0 ? 'policies: []' : 'policies:',
    ...policies,
    '',
  ].join('\n');
  const done = { text, rules, problems };
  return groups.length === 0 ? { ...done, refused: 'no security group in it' } : done;
}

function zoneLine({ id, name, description }: SecurityGroup): string {
  const said = [name, description].filter((one) => one !== null).join(': ');
  const value: Value = said === '' ? {} : { description: cut(said) };
  return `  ${scalar(id)}: ${flow(value)}`;
}

function listLines(lists: ReadonlySet<string>): string[] {
  if (lists.size === 0) return [];
  return [
    'groups:',
    '  addresses:',
    '    # FILL IN: their members',
    ...[...lists].map((id) => `    ${scalar(id)}: []`),
    '',
  ];
}

function ruleLine({ source, destination, service, description }: Written, i: number): string {
  const one = (list: readonly string[]): Value => (list.length === 1 ? (list[0] as string) : list);
  return `      - ${flow({
    name: `r${i + 1}`,
    ...(source === null ? {} : { source: one(source) }),
    ...(destination === null ? {} : { destination: one(destination) }),
    ...(service === null ? {} : { service }),
    action: 'allow',
    ...(description === null ? {} : { description: cut(description) }),
  })}`;
}

/** Names have 63 characters. */
function short(id: string): string {
  return id.slice(0, 26);
}

function cut(text: string): string {
  return printable(text).slice(0, MOST_TEXT);
}

function groupIn(peer: Peer): string[] {
  return peer.kind === 'group' ? [peer.id] : [];
}

/** Every protocol to everybody of both families. */
function letsAllOut({ egress }: SecurityGroup): boolean {
  const free = egress
    .filter(({ service }) => service.protocol === null)
    .flatMap(({ peers }) => peers);
  if (free.some(({ kind }) => kind === 'any')) return true;
  const all = (text: string): boolean =>
    free.some((peer) => peer.kind === 'prefix' && peer.text === text);
  // A group of IPv4 alone has no members that speak IPv6.
  return all('0.0.0.0/0') && (all('::/0') || !egress.some(({ peers }) => peers.some(isSix)));
}

function isSix(peer: Peer): boolean {
  return peer.kind === 'prefix' && peer.family === 6;
}

/**
 * The addresses of a rule's peers as they are seen from zone `zone` (null: none of a group): undefined
 * when the rule is not for it, null for any.
 */
function addresses(
  { peers }: GroupRule,
  zone: string | null,
): readonly string[] | null | undefined {
  if (peers.some((peer) => peer.kind === 'any' || (peer.kind === 'group' && peer.id === zone)))
    return null;
  const list = peers.flatMap((peer) =>
    peer.kind === 'prefix' ? [peer.text] : peer.kind === 'list' ? [peer.id] : [],
  );
  return list.length === 0 ? undefined : list;
}

function entering({ ingress }: SecurityGroup, from: string | null): Written[] {
  return ingress.flatMap((rule) => {
    const source = addresses(rule, from);
    if (source === undefined) return [];
    const { service, description } = rule;
    return [{ source, destination: null, service: serviceText(service), description }];
  });
}

function leaving({ egress }: SecurityGroup): Written[] {
  return egress.flatMap((rule) => {
    const destination = addresses(rule, null);
    if (destination === undefined) return [];
    const { service, description } = rule;
    return [{ source: null, destination, service: serviceText(service), description }];
  });
}

function between(from: SecurityGroup, to: SecurityGroup): Written[] {
  return from.egress.flatMap((out) => {
    const destination = addresses(out, to.id);
    if (destination === undefined) return [];
    return to.ingress.flatMap((rule) => {
      const source = addresses(rule, from.id);
      const service = both(out.service, rule.service);
      if (source === undefined || service === null || unlike(source, destination)) return [];
      const { description } = rule;
      return [{ source, destination, service: serviceText(service), description }];
    });
  });
}

/** Addresses of one family here and of the other there fit no packet. */
function unlike(a: readonly string[] | null, b: readonly string[] | null): boolean {
  const families = (list: readonly string[] | null): ReadonlySet<number> | null =>
    list === null || list.some((text) => !text.includes('/'))
      ? null
      : new Set(list.map((text) => (text.includes(':') ? 6 : 4)));
  const [one, other] = [families(a), families(b)];
  return one !== null && other !== null && ![...one].some((family) => other.has(family));
}
