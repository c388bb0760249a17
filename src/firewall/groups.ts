// SPDX-License-Identifier: BSD-3-Clause
import type { AddressSet } from '../net/sets.js';
import type { Context } from '../rulefile/context.js';
import { AddressSets } from './addresses.js';
import { BOGONS } from './bogons.js';
import type { List } from './lists.js';
import type { ServiceSet } from './model.js';
import { filesOf, renewSets, type Recipes } from './recipes.js';
import type { FirewallConfig } from './schema.js';
import { ServiceSets } from './services.js';

/** The sets of a rule file under resolution. */
export interface GroupSets {
  readonly addresses: AddressSets;
  readonly services: ServiceSets;
}

export interface AddressGroup {
  readonly name: string;
  readonly builtIn: boolean;
  readonly set: AddressSet;
}

/** Groups as resolved, and what their members come from. */
export interface Groups {
  readonly addresses: readonly AddressGroup[];
  readonly services: readonly {
    readonly name: string;
    readonly entries: number;
    readonly set: ServiceSet;
  }[];
  /** Files of addresses by path, of groups and of rules. */
  readonly lists: ReadonlyMap<string, List>;
  readonly recipes: Recipes;
}

/** Reads all groups, those that no rule uses too: their errors would show up later otherwise. */
export function resolveGroups(config: FirewallConfig, context: Context): GroupSets {
  const addresses = new AddressSets(config.groups?.addresses, context);
  const services = new ServiceSets(config.groups?.services, context);
  for (const name of config.groups?.addresses?.keys() ?? []) addresses.group(name);
  for (const name of config.groups?.services?.keys() ?? []) services.group(name);
  return { addresses, services };
}

/** The groups of a rule file whose rules are resolved, those without errors. */
export function groupsOf(config: FirewallConfig, { addresses, services }: GroupSets): Groups {
  const named: AddressGroup[] = [];
  for (const name of [...(config.groups?.addresses?.keys() ?? []), BOGONS]) {
    const set = addresses.group(name);
    if (set !== undefined) named.push({ name, builtIn: name === BOGONS, set });
  }
  const { lists, recipes } = addresses;
  return {
    addresses: named,
    services: [...(config.groups?.services?.keys() ?? [])].map((name) => {
      const set = services.group(name) ?? { services: [] };
      return { name, entries: set.services.length, set };
    }),
    lists,
    recipes,
  };
}

/** Files of addresses that a group draws on, directly or through others. */
export function filesOfGroup({ set }: AddressGroup, { recipes }: Groups): ReadonlySet<string> {
  return filesOf(set, recipes);
}

/** The groups with new lists for some files, and by each set that has changed the new one. */
export function renewGroups(
  groups: Groups,
  lists: ReadonlyMap<string, List>,
): { readonly groups: Groups; readonly renewed: ReadonlyMap<AddressSet, AddressSet> } {
  const sets = new Map([...lists].map(([path, { set }]) => [path, set]));
  const { renewed, recipes } = renewSets(groups.recipes, sets);
  const addresses = groups.addresses.map((group) => ({
    ...group,
    set: renewed.get(group.set) ?? group.set,
  }));
  const all = new Map([...groups.lists, ...lists]);
  return { groups: { ...groups, addresses, lists: all, recipes }, renewed };
}
