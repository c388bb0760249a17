// SPDX-License-Identifier: BSD-3-Clause
// What the appliance makes of its cloud's network: `main.js MACHINE MANAGEMENT-FOLDER RULE-FILE`, with the
// words of image/root/usr/lib/sluice/cloud-network on stdin. Writes what there is to write, nothing else.
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { parseMachine } from '../platform/machine.js';
import { keptManagement } from '../platform/kept.js';
import { NO_WISHES, place } from '../platform/place.js';
import { parseCloudNetwork } from './network.js';
import { networkFiles, ruleFile } from './render.js';

const [machineFile = '', folder = '', file = ''] = process.argv.slice(2);
const machine = parseMachine(readFileSync(machineFile, 'utf8'));
const asked = keptManagement(path.dirname(machineFile));
const kept = place(machine, { ...NO_WISHES, management: asked }).management;
const management = machine.nics.flatMap(({ pci, mac }) =>
  kept.includes(pci) && mac !== null ? [mac] : [],
);
const network = parseCloudNetwork(readFileSync(0, 'utf8'));
mkdirSync(folder, { recursive: true });
for (const [name, text] of networkFiles(network, management))
  writeFileSync(path.join(folder, name), text);
const rules = ruleFile(network, management);
if (rules !== null) writeFileSync(file, rules);
