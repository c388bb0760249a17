// SPDX-License-Identifier: BSD-3-Clause

/** Rules of all policies together. */
export const MOST_RULES = 250_000;
/** Groups within groups. */
export const MOST_GROUP_DEPTH = 64;
/** Ranges of all different address sets together. */
export const MOST_RANGES = 8_000_000;
/** Entries of one service set, source ports multiplied in. */
export const MOST_SERVICES = 65_536;
/** Entries of one file of addresses. */
export const MOST_LIST_ENTRIES = 1_000_000;
/** Lines of such a file that are refused before the rest is left unread. */
export const MOST_BAD_LINES = 1000;
