// SPDX-License-Identifier: BSD-3-Clause
import { DatapathError, ImageRefused, OfflineDatapath } from '../datapath/offline.js';
import { complain, EXIT } from './arguments.js';
import type { CompiledFile } from './compiled.js';

/** Packets that go to the datapath at once. */
export const BATCH = 1000;

/** Runs `work` on a datapath that holds the file's tables; tells failures by message and exit code. */
export async function withOffline(
  { image }: CompiledFile,
  work: (datapath: OfflineDatapath) => Promise<number>,
): Promise<number> {
  let datapath: OfflineDatapath | undefined;
  try {
    datapath = await OfflineDatapath.start();
    await datapath.load(image);
    return await work(datapath);
  } catch (error) {
    if (error instanceof ImageRefused) {
      complain(`the datapath refuses the tables: ${error.message}`);
      return EXIT.error;
    }
    if (!(error instanceof DatapathError)) throw error;
    complain(error.message);
    return EXIT.away;
  } finally {
    await datapath?.close();
  }
}
