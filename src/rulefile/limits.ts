// SPDX-License-Identifier: BSD-3-Clause

/** Characters of all texts of a rule file together. */
export const MOST_TEXT = 64 * 1024 * 1024;
/** Levels of lists and maps. */
export const MOST_DEPTH = 40;
/** Files of a rule file together. */
export const MOST_FILES = 1000;
/** Files that include one another in a row. */
export const MOST_INCLUDE_DEPTH = 16;
