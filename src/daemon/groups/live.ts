// SPDX-License-Identifier: BSD-3-Clause
import { createHash } from 'node:crypto';
import path from 'node:path';
import type { Model } from '../../compiler/model.js';
import { managementPorts } from '../../interfaces/model.js';
import { filesOfGroup, renewGroups, type Groups } from '../../firewall/groups.js';
import { readListFile } from '../../firewall/list-file.js';
import type { List } from '../../firewall/lists.js';
import type { AddressSet } from '../../net/sets.js';
import type { Reader } from '../../rulefile/reader.js';
import type { Interface } from '../../interfaces/model.js';
import type { FileRead, FileTold, GroupsTold, GroupTold, Learner } from './messages.js';

/** A file of addresses as it is in force. */
interface LiveFile {
  readonly hash: string;
  readonly loaded: string;
}

/** A model whose address groups follow their files. */
export interface Live {
  readonly main: string;
  readonly model: Model;
  readonly groups: Groups;
  /** What paths of the rule file are relative to. */
  readonly directory: string;
  /** By path as in the rule file. */
  readonly files: ReadonlyMap<string, LiveFile>;
}

/** What a look at the files made of a model. */
export interface Renewal {
  /** null where nothing is new. */
  readonly live: Live | null;
  readonly reads: readonly FileRead[];
  /** New texts, by path as in the rule file. */
  readonly texts: ReadonlyMap<string, string>;
}

/** A model as it was loaded from texts; `loaded` says when, by path. */
export function liveModel(
  loading: { readonly main: string; readonly model: Model; readonly groups: Groups },
  directory: string,
  texts: Readonly<Record<string, string>>,
  loaded: (file: string) => string,
): Live {
  const files = new Map<string, LiveFile>();
  for (const file of loading.groups.lists.keys())
    files.set(file, { hash: hashOf(texts[file] ?? ''), loaded: loaded(file) });
  return { ...loading, directory, files };
}

/**
 * Reads files again, all or those named by absolute path. What is good is taken over: the sets that
 * draw on it are made anew and put in the place of the old ones; nothing else of the model changes. A
 * file with a fault keeps its old members.
 */
export function renew(live: Live, only: readonly string[] | null, reader: Reader): Renewal {
  const reads: FileRead[] = [];
  const lists = new Map<string, List>();
  const texts = new Map<string, string>();
  const files = new Map(live.files);
  const loaded = new Date().toISOString();
  for (const [file, { hash }] of live.files) {
    const absolute = path.resolve(live.directory, file);
    if (only?.includes(absolute) === false) continue;
    let found = '';
    const { text, list, diagnostics } = readListFile(absolute, reader, (text) => {
      found = hashOf(text);
      return found === hash;
    });
    const entries = list?.entries ?? live.groups.lists.get(file)?.entries ?? 0;
    const state = list !== null ? 'new' : found === hash ? 'same' : 'bad';
    reads.push({ file: absolute, state, entries, diagnostics });
    if (text === null || list === null) continue;
    lists.set(file, list);
    texts.set(file, text);
    files.set(file, { hash: found, loaded });
  }
  if (lists.size === 0) return { live: null, reads, texts };
  const { groups, renewed } = renewGroups(live.groups, lists);
  const model = withSets(live.model, renewed);
  return { live: { ...live, model, groups, files }, reads, texts };
}

/** The model with new sets in the place of old ones. */
function withSets(model: Model, renewed: ReadonlyMap<AddressSet, AddressSet>): Model {
  const now = (set: AddressSet | null): AddressSet | null =>
    set === null ? null : (renewed.get(set) ?? set);
  const policies = model.policies.map((policy) => ({
    ...policy,
    rules: policy.rules.map((rule) => {
      const source = now(rule.source);
      const destination = now(rule.destination);
      const same = source === rule.source && destination === rule.destination;
      return same ? rule : { ...rule, source, destination };
    }),
  }));
  const nat = {
    rules: model.nat.rules.map((rule) => ({
      ...rule,
      source: now(rule.source),
      destination: now(rule.destination),
    })),
    pools: model.nat.pools,
    proxied: model.nat.proxied,
  };
  return { ...model, policies, nat };
}

/** What sluiced shows of the model, and does by it. */
export function groupsTold({ model, groups, directory, files }: Live): GroupsTold {
  const absolute = (file: string): string => path.resolve(directory, file);
  const named = new Set<string>();
  const told: GroupTold[] = groups.addresses.map((group) => {
    const from = [...filesOfGroup(group, groups)];
    for (const file of from) named.add(file);
    return {
      name: group.name,
      kind: group.builtIn ? 'built-in' : 'addresses',
      ...sizes(group.set),
      services: 0,
      files: from.map(absolute),
    };
  });
  for (const { name, entries } of groups.services)
    told.push({ name, kind: 'services', v4: 0, v6: 0, services: entries, files: [] });
  const list: FileTold[] = [];
  for (const [file, { set, entries }] of groups.lists) {
    list.push({ file: absolute(file), entries, loaded: files.get(file)?.loaded ?? '' });
    if (named.has(file)) continue;
    told.push({ name: null, kind: 'inline', ...sizes(set), services: 0, files: [absolute(file)] });
  }
  const learners = model.interfaces.filter((one) => !one.management).flatMap(learnerOf);
  return {
    balancers: model.balancers,
    tunnels: model.tunnels,
    learners,
    management: managementPorts(model.interfaces),
    system: model.system,
    frr: model.frr,
    groups: told,
    files: list,
  };
}

function learnerOf({ name, learns, requestPrefix }: Interface): Learner | [] {
  const v6 = {
    dhcp: learns.includes('dhcpv6'),
    prefix: requestPrefix ?? null,
  };
  const dhcp = learns.includes('dhcp');
  const some = learns.includes('ra') || v6.dhcp || v6.prefix !== null;
  return dhcp || some ? { name, dhcp, v6: some ? v6 : null } : [];
}

function sizes({ v4, v6 }: AddressSet): { v4: number; v6: number } {
  return { v4: v4.length / 2, v6: v6.length / 4 };
}

function hashOf(text: string): string {
  return createHash('sha256').update(text).digest('base64');
}
