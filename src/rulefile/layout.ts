// SPDX-License-Identifier: BSD-3-Clause
import { definition, words, type Schema } from './schema.js';

/** What including needs to know of a place in a rule file; derived from the schema. */
export interface Layout {
  /** The key `include` is part of the language here and names no file. */
  readonly ownInclude: boolean;
  /** Several files may write this map: their keys come together. */
  readonly section: boolean;
  /** The value names a file of text, or a list of such. */
  readonly file: boolean;
  /** Text that is meant itself all the same. */
  readonly inline: RegExp | null;
  /** The value is a list; then `each` is the layout of its items. */
  readonly list: boolean;
  readonly keys: ReadonlyMap<string, Layout>;
  /** Layout of each value of a map with free names, or of each item of a list. */
  readonly each: Layout | null;
}

export const NO_LAYOUT: Layout = {
  ownInclude: false,
  section: false,
  file: false,
  inline: null,
  list: false,
  keys: new Map(),
  each: null,
};

export function layoutOfKey(layout: Layout, key: string): Layout {
  return layout.keys.get(key) ?? (layout.list ? null : layout.each) ?? NO_LAYOUT;
}

/** The layout a schema describes. Sections are the maps on the way from the root to a named thing. */
export function layoutOf(schema: Schema, section = true): Layout {
  const def = definition(schema);
  switch (def.type) {
    case 'optional':
    case 'default':
      return layoutOf(def.innerType as Schema, section);
    case 'object': {
      const keys = Object.entries(def.shape as Record<string, Schema>);
      return {
        ...NO_LAYOUT,
        ownInclude: keys.some(([key]) => key === 'include'),
        section,
        keys: new Map(keys.map(([key, value]) => [key, layoutOf(value, section)])),
      };
    }
    case 'record':
      return { ...NO_LAYOUT, section, each: layoutOf(def.valueType as Schema, false) };
    case 'array': {
      const each = layoutOf(def.element as Schema, false);
      return { ...NO_LAYOUT, list: true, file: each.file, inline: each.inline, each };
    }
    case 'union': {
      const layouts = (def.options as readonly Schema[]).map((option) => layoutOf(option, false));
      return {
        ...NO_LAYOUT,
        ownInclude: layouts.some((layout) => layout.ownInclude),
        file: layouts.some((layout) => layout.file),
        inline: layouts.find((layout) => layout.inline !== null)?.inline ?? null,
        keys: new Map(layouts.flatMap((layout) => [...layout.keys])),
      };
    }
    default: {
      const { file = false, inline } = words.get(schema as never) ?? {};
      return { ...NO_LAYOUT, file, inline: inline === undefined ? null : new RegExp(inline) };
    }
  }
}
