// SPDX-License-Identifier: BSD-3-Clause
import type { Machine } from '../machine.js';
import { place, type Wishes } from '../place.js';
import { bypassedGroups, noQat, portSecurity, sourceDestCheck } from './clouds.js';
import { noAes, oneCpu, sharedCores, slowClock, stolenTime } from './cpus.js';
import type { Check, Finding } from './finding.js';
import { littleMemory, noHugepages, noIommu } from './memory.js';
import {
  emulated,
  noDriver,
  noEna,
  noRss,
  oneQueue,
  remoteNode,
  spoofCheck,
  unknownNode,
} from './nics.js';

/** Safety first, then by what it costs. */
const CHECKS: readonly Check[] = [
  noAes,
  littleMemory,
  portSecurity,
  sourceDestCheck,
  spoofCheck,
  bypassedGroups,
  noIommu,
  emulated,
  noEna,
  noDriver,
  noHugepages,
  stolenTime,
  oneCpu,
  sharedCores,
  remoteNode,
  unknownNode,
  oneQueue,
  noRss,
  slowClock,
  noQat,
];

/** All that costs speed or safety on a machine. */
export function diagnose(
  machine: Machine,
  { vpn, ...wishes }: Wishes & { readonly vpn: boolean },
): Finding[] {
  const patient = { machine, plan: place(machine, wishes), vpn };
  return CHECKS.flatMap((check) => check(patient));
}
