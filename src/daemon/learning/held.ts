// SPDX-License-Identifier: BSD-3-Clause
import type { Learnt } from '../../compiler/learnt.js';

/** Something that was learnt, and for how long; ms since the epoch. */
export interface Held {
  /** What it is, among what the interface learns this way. */
  readonly key: string;
  readonly learnt: Learnt;
  readonly until: number;
  /** Until when it is as good as others for what begins. */
  readonly preferred: number;
}
