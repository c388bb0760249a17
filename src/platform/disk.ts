// SPDX-License-Identifier: BSD-3-Clause
import { closeSync, fsyncSync, openSync, renameSync, writeFileSync } from 'node:fs';
import path from 'node:path';

/** Written, and on the disk when it returns; for root alone unless `mode` says so. */
export function writeSynced(file: string, text: string, mode = 0o600): void {
  const handle = openSync(file, 'w', mode);
  try {
    writeFileSync(handle, text);
    fsyncSync(handle);
  } finally {
    closeSync(handle);
  }
}

/** The same in the place of what was there: after a power cut the old file or the new one, whole. */
export function replaceSynced(file: string, text: string, mode = 0o600): void {
  const next = `${file}.next`;
  writeSynced(next, text, mode);
  renameSync(next, file);
  syncFolder(path.dirname(file));
}

/** What has come into a folder or gone from it is on the disk when it returns. */
export function syncFolder(folder: string): void {
  const handle = openSync(folder, 'r');
  try {
    fsyncSync(handle);
  } finally {
    closeSync(handle);
  }
}
