// SPDX-License-Identifier: BSD-3-Clause
import { columns } from '../../diagnostics/columns.js';
import type { FileFault } from '../groups/group-files.js';
import type { Shown } from './source.js';

export interface GroupFileShown {
  readonly file: string;
  /** `error`: its newest text is at fault, and the members are those of before. */
  readonly state: 'loaded' | 'error';
  readonly entries: number;
  readonly loaded: string;
  readonly error: FileFault | null;
}

export interface GroupShown {
  /** null for files that rules name themselves. */
  readonly name: string | null;
  readonly kind: 'addresses' | 'services' | 'built-in' | 'inline';
  /** Ranges by family after merging. */
  readonly v4: number;
  readonly v6: number;
  readonly services: number;
  readonly files: readonly GroupFileShown[];
}

/** A line of the table: a group and one of its files. */
interface Row {
  readonly group: GroupShown;
  readonly file: GroupFileShown | null;
}

/** Groups of the running model, with the files their members come from. */
export const groups: Shown<{ readonly groups: readonly GroupShown[] }> = {
  data: ({ appliance: { groups: held } }) => ({
    groups: held.groups.map((group) => ({
      ...group,
      files: group.files.flatMap((file) => {
        const state = held.files.get(file);
        if (state === undefined) return [];
        const { entries, loaded, fault } = state;
        return [
          { file, state: fault === null ? 'loaded' : 'error', entries, loaded, error: fault },
        ];
      }),
    })),
  }),
  text: ({ groups: list }) => {
    const rows = list.flatMap((group): Row[] =>
      group.files.length === 0
        ? [{ group, file: null }]
        : group.files.map((file) => ({ group, file })),
    );
    const faults = new Set(
      rows.flatMap(({ file }) => {
        if (file === null || file.error === null) return [];
        const { message, more, since } = file.error;
        return [`${since} ${message}${more > 0 ? ` (and ${more} more)` : ''}\n`];
      }),
    );
    const table = columns(rows, [
      ['group', ({ group }) => group.name],
      ['kind', ({ group }) => group.kind],
      ['v4 ranges', ({ group }) => (group.kind === 'services' ? null : group.v4)],
      ['v6 ranges', ({ group }) => (group.kind === 'services' ? null : group.v6)],
      ['services', ({ group }) => (group.kind === 'services' ? group.services : null)],
      ['file', ({ file }) => file?.file ?? null],
      ['entries', ({ file }) => file?.entries ?? null],
      ['loaded', ({ file }) => file?.loaded ?? null],
      ['state', ({ file }) => file?.state ?? null],
    ]);
    return [table, ...faults].join('');
  },
};
