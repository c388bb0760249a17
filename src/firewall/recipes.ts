// SPDX-License-Identifier: BSD-3-Clause
import { subtract, union } from '../net/algebra.js';
import type { AddressSet } from '../net/sets.js';

/** What a set is made of; kept for the sets that draw on files, to make them anew. */
export type Recipe =
  | { readonly file: string }
  | { readonly union: readonly AddressSet[] }
  | { readonly from: AddressSet; readonly except: AddressSet };
export type Recipes = ReadonlyMap<AddressSet, Recipe>;

/** The files a set draws on, directly or through groups. */
export function filesOf(set: AddressSet, recipes: Recipes): Set<string> {
  const files = new Set<string>();
  const seen = new Set<AddressSet>();
  const look = (one: AddressSet): void => {
    const recipe = recipes.get(one);
    if (recipe === undefined || seen.has(one)) return;
    seen.add(one);
    if ('file' in recipe) files.add(recipe.file);
    else for (const part of partsOf(recipe)) look(part);
  };
  look(set);
  return files;
}

/** New sets where files have new ones: by the old set what stands for it now, and what that is made of. */
export function renewSets(
  recipes: Recipes,
  files: ReadonlyMap<string, AddressSet>,
): { readonly renewed: ReadonlyMap<AddressSet, AddressSet>; readonly recipes: Recipes } {
  const renewed = new Map<AddressSet, AddressSet>();
  const next = new Map<AddressSet, Recipe>();
  const make = (set: AddressSet): AddressSet => {
    const recipe = recipes.get(set);
    if (recipe === undefined) return set;
    let made = renewed.get(set);
    if (made !== undefined) return made;
    if ('file' in recipe) {
      made = files.get(recipe.file) ?? set;
      next.set(made, recipe);
    } else {
      const parts = partsOf(recipe).map(make);
      const changed = parts.some((part, i) => part !== partsOf(recipe)[i]);
      const [from, except] = parts as [AddressSet, AddressSet];
      const isUnion = 'union' in recipe;
      made = !changed ? set : isUnion ? union(...parts) : subtract(from, except);
      next.set(made, isUnion ? { union: parts } : { from, except });
    }
    renewed.set(set, made);
    return made;
  };
  for (const set of recipes.keys()) make(set);
  return { renewed, recipes: next };
}

function partsOf(recipe: Exclude<Recipe, { file: string }>): readonly AddressSet[] {
  return 'union' in recipe ? recipe.union : [recipe.from, recipe.except];
}
