// SPDX-License-Identifier: BSD-3-Clause
import { loadModel } from '../compiler/load.js';
import { runDirectory } from '../daemon/api/rundir.js';
import { managementPorts } from '../interfaces/model.js';
import { keepManagement } from '../platform/kept.js';
import { diskReader } from '../rulefile/reader.js';
import { EXIT } from './arguments.js';

/** Keeps what ports a rule file leaves to the kernel; exit 1 where that is nothing new, or no good file. */
export function keepPorts(file: string): number {
  const { model } = loadModel(file, diskReader);
  if (model === null) return EXIT.error;
  const ports = managementPorts(model.interfaces);
  return ports.length > 0 && keepManagement(runDirectory(), ports) ? EXIT.ok : EXIT.error;
}
