// SPDX-License-Identifier: BSD-3-Clause
import type { Imported } from '../imported.js';
import { nameLists } from '../shared/groups.js';
import { Names } from '../shared/naming.js';
import type { PolicyText } from '../shared/policies.js';
import { Remarks } from '../shared/remarks.js';
import type { Value } from '../shared/yaml.js';
import { ANY, ANY4, ANY6, readEntry, type Around, type Entry } from './acl.js';
import { Interfaces, type Iface } from './interfaces.js';
import { blocksOf, Words, type Block } from './lines.js';
import { NatReader } from './nat.js';
import type { NatText } from '../shared/write.js';
import { Objects, type Side } from './objects.js';
import { OldNat } from './old-nat.js';
import { PolicyWriter, type Bound } from './policies.js';
import { manageRules } from './manage.js';
import { routesOf } from './routes.js';
import { EVERY } from './services.js';
import { addressTexts } from './spans.js';
import { scheduleOf } from './times.js';
import { writeAsa } from './write.js';

/** Commands that are read, by someone or other, or that say nothing about packets. */
const TAKEN = new Set([
  'ASA', 'PIX', 'FWSM', 'names', 'name', 'hostname', 'object', 'object-group', 'interface',
  'access-list', 'access-group', 'route', 'ipv6', 'nat', 'static', 'global', 'mtu', 'time-range',
  'same-security-traffic', 'ip', 'ssh', 'icmp', 'enable', 'passwd', 'end', 'exit', 'quit', 'no',
]); // prettier-ignore

/** A rule file from what `show running-config` of an ASA prints. */
export function importAsa(text: string): Imported {
  const blocks = blocksOf(text);
  const remarks = new Remarks();
  if (!blocks.some(({ words: [first] }) => TAKEN.has(first ?? '')))
    return { text: '', rules: 0, problems: [], refused: 'there is no command of an ASA in it' };
  const version = versionOf(blocks);
  for (const { line, text: said, words } of blocks)
    if (!TAKEN.has(words[0] ?? '')) remarks.problem(line, `${said}: no equivalent: it is left out`);
  const checked = new Set<string>();
  for (const { line, text: said, words } of blocks)
    if (/^ip verify reverse-path interface \S+$/.test(said)) checked.add(words[4] ?? '');
    else if (words[0] === 'ip') remarks.problem(line, `${said}: no equivalent: it is left out`);
  const groupNames = new Names(['any', 'local', 'bogons', 'proto', 'include']);
  const objects = new Objects(groupNames, remarks);
  // Names of addresses stand for them anywhere, and interfaces come first in the file.
  for (const block of blocks)
    if (block.words[0] === 'name') unless(objects.read(block), block, remarks);
  const interfaces = new Interfaces(blocks, objects, remarks);
  for (const { zone } of interfaces.list) groupNames.unique(zone);
  for (const block of blocks)
    if (block.words[0] === 'object' || block.words[0] === 'object-group')
      unless(objects.read(block), block, remarks);
  objects.settle();
  const schedules = readSchedules(blocks);
  const around: Around = {
    objects,
    any: version < 9 ? ANY4 : ANY,
    own: (nameif) => ownAddress(interfaces.named(nameif)),
  };
  const lists = readLists(blocks, around, remarks);
  const old = version < 8.3 ? new OldNat(blocks, lists, objects, interfaces, remarks) : null;
  const nat = old?.nat ?? newNat(blocks, objects, interfaces, remarks);
  const bound = readGroups(blocks, lists, interfaces, old, remarks);
  const names = new Map(
    [...schedules].map(
      ([name, value], i) => [name, value === null ? null : `time-${i + 1}`] as const,
    ),
  );
  const writer = new PolicyWriter(names, remarks);
  const policies: PolicyText[] = [
    ...writer.through(interfaces.filtered, bound),
    ...[...lists].flatMap(([name, list]) =>
      bound.used.has(name) || list.length === 0 ? [] : [writer.unused(name, list)],
    ),
    ...manageRules(blocks, interfaces, bound.control, writer, objects, remarks),
  ];
  const routes = routesOf(blocks, interfaces, objects, remarks);
  const groups = nameLists(policies, (base) => groupNames.unique(base), new Map());
  const rules = policies.reduce((sum, policy) => sum + policy.rules.length, 0);
  const written = writeAsa({
    hostname: blocks.find(({ words }) => words[0] === 'hostname')?.words[1] ?? null,
    version,
    interfaces,
    checked,
    objects,
    groups,
    schedules: [...schedules].flatMap(([name, value]) =>
      value === null ? [] : [[names.get(name) ?? '', value] as const],
    ),
    policies,
    nat,
    routes,
  });
  return { text: written, rules, problems: remarks.problems() };
}

function unless(done: boolean, { line, text }: Block, remarks: Remarks): void {
  if (!done) remarks.problem(line, `${text}: no equivalent: it is left out`);
}

/** `ASA Version 9.9(2)` as 9.9; a file without it is of a recent one. */
function versionOf(blocks: readonly Block[]): number {
  for (const { text } of blocks) {
    const [, version] = /^(?:ASA|PIX|FWSM) Version (\d+\.\d+)/.exec(text) ?? [];
    if (version !== undefined) return Number(version);
  }
  return 9.9;
}

function ownAddress(iface: Iface | undefined): Side | null {
  if (iface === undefined) return null;
  const value = addressTexts(iface.own);
  if (value.length === 0) return null;
  return { value: value.length === 1 ? (value[0] as string) : value, set: iface.own, open: false };
}

function readSchedules(blocks: readonly Block[]): Map<string, Value | null> {
  return new Map(
    blocks
      .filter(({ words }) => words[0] === 'time-range')
      .map((block) => [block.words[1] ?? '', scheduleOf(block)]),
  );
}

function newNat(
  blocks: readonly Block[],
  objects: Objects,
  interfaces: Interfaces,
  remarks: Remarks,
): NatText {
  const reader = new NatReader(objects, interfaces, remarks);
  reader.read(blocks);
  for (const { line, text, words } of blocks)
    if (
      words[0] === 'static' ||
      words[0] === 'global' ||
      (words[0] === 'nat' && !words.includes('source'))
    )
      remarks.problem(line, `${text}: of before 8.3, and the file is not: it is left out`);
  return reader.nat;
}

/** Access lists by name, with those of `ipv6 access-list` beside the others. */
function readLists(
  blocks: readonly Block[],
  around: Around,
  remarks: Remarks,
): Map<string, Entry[]> {
  const lists = new Map<string, Entry[]>();
  const said = new Map<string, string>();
  for (const block of blocks) {
    const six = block.words[0] === 'ipv6' && block.words[1] === 'access-list';
    if (block.words[0] !== 'access-list' && !six) continue;
    const words = new Words(block.words, six ? 2 : 1);
    const acl = words.next();
    if (words.take('line')) words.next();
    const kind = words.peek();
    if (kind === 'remark') {
      words.next();
      said.set(acl, words.rest().join(' '));
      continue;
    }
    if (kind === 'extended') words.next();
    else if (kind !== 'permit' && kind !== 'deny') {
      const what =
        kind === 'standard' ? 'a standard list chooses routes' : `'${kind}' has no equivalent`;
      remarks.problem(block.line, `${block.text}: ${what}: it is left out`);
      continue;
    }
    const list = lists.get(acl) ?? [];
    lists.set(acl, list);
    const action = words.next();
    const remark = said.get(acl) ?? null;
    said.delete(acl);
    const entry =
      action === 'permit' || action === 'deny'
        ? readEntry(words, six ? { ...around, any: ANY6 } : around, block)
        : `there is no action '${action}'`;
    const base = { line: block.line, text: block.text, acl, number: list.length + 1, remark };
    const permit = action === 'permit';
    if (typeof entry === 'string') {
      const then = permit ? 'the entry is left out' : 'all that gets here is denied';
      remarks.problem(block.line, `${block.text}: ${entry}: ${then}`);
      if (!permit) list.push({ ...base, ...WHOLE, permit });
      continue;
    }
    if (entry.missing.length > 0) {
      const then = permit ? 'the entry is left out' : 'the entry denies without it';
      remarks.problem(
        block.line,
        `${block.text}: ${entry.missing.join(', ')} has no equivalent: ${then}`,
      );
      if (permit) continue;
    }
    list.push({ ...base, ...entry, permit });
  }
  return lists;
}

const WHOLE = {
  source: ANY,
  destination: ANY,
  services: [EVERY],
  log: false,
  timeRange: null,
  active: true,
} as const;

/** `access-group` and `same-security-traffic`. */
function readGroups(
  blocks: readonly Block[],
  lists: ReadonlyMap<string, Entry[]>,
  interfaces: Interfaces,
  old: OldNat | null,
  remarks: Remarks,
): Bound & {
  readonly control: ReadonlyMap<string, readonly Entry[]>;
  readonly used: ReadonlySet<string>;
} {
  const into = new Map<string, Entry[]>();
  const out = new Map<string, Entry[]>();
  const control = new Map<string, Entry[]>();
  const used = new Set<string>();
  let global: Entry[] | null = null;
  let sameLevel = false;
  let hairpin = false;
  for (const block of blocks) {
    const { line, text, words } = block;
    if (words[0] === 'same-security-traffic') {
      if (words[2] === 'inter-interface') sameLevel = true;
      else if (words[2] === 'intra-interface') hairpin = true;
      else remarks.problem(line, `${text}: no equivalent: it is left out`);
    }
    if (words[0] !== 'access-group') continue;
    const [, name = '', way = '', , nameif = '', more] = words;
    const list = lists.get(name) ?? [];
    if (!lists.has(name))
      remarks.problem(line, `there is no access list '${name}': what it is for is denied`);
    if (way === 'global') {
      global = list;
      used.add(name);
      continue;
    }
    const iface = interfaces.named(nameif);
    if (iface === undefined || iface.management) {
      const why =
        iface === undefined
          ? `there is no interface '${nameif}'`
          : `${nameif} is for management alone`;
      remarks.problem(line, `${text}: ${why}: it is left out`);
      continue;
    }
    used.add(name);
    if (more === 'control-plane') add(control, iface.zone, list);
    else if (way === 'in')
      add(into, iface.zone, old?.unmapped(list, nameif, 'destination') ?? list);
    else if (way === 'out') add(out, iface.zone, old?.unmapped(list, nameif, 'source') ?? list);
    else remarks.problem(line, `${text}: no equivalent: it is left out`);
    if (more !== undefined && more !== 'control-plane')
      remarks.problem(line, `${text}: '${more}' has no equivalent: lists of users are not fetched`);
  }
  return { in: into, out, global, sameLevel, hairpin, control, used };
}

/** IPv4 and IPv6 have lists of their own before 9.0: both stand at the interface. */
function add(lists: Map<string, Entry[]>, zone: string, list: Entry[]): void {
  const before = lists.get(zone);
  lists.set(zone, before === undefined ? list : [...before, ...list]);
}
