// SPDX-License-Identifier: BSD-3-Clause
import { columns } from '../../diagnostics/columns.js';
import type { ArchiveState } from '../archive/archives.js';
import type { Shown } from './source.js';

interface ArchiveShown {
  readonly archives: readonly ArchiveState[];
}

export const archive: Shown<ArchiveShown> = {
  data: ({ appliance }) => ({ archives: appliance.archives.states }),
  text: ({ archives }) => {
    if (archives.length === 0) return 'there is no system.archive\n';
    const table = columns(archives, [
      ['archive', ({ to, branch }) => (branch === null ? to : `${to} ${branch}`)],
      ['commit', ({ commit }) => commit ?? 'none yet'],
      ['at', ({ at }) => at ?? '-'],
      ['waiting', ({ waiting }) => waiting],
    ]);
    const problems = archives.flatMap(({ to, problem }) =>
      problem === null ? [] : [`${to}: ${problem}\n`],
    );
    return [table, ...problems].join('');
  },
};
