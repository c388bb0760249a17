// SPDX-License-Identifier: BSD-3-Clause
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { loadModel } from '../../../src/compiler/load.js';
import { managementPorts } from '../../../src/interfaces/model.js';
import { keepManagement, keptMachine, keptManagement } from '../../../src/platform/kept.js';
import { NO_WISHES, place } from '../../../src/platform/place.js';
import { recorded } from './corpus.js';

let folder: string;

beforeEach(() => {
  folder = mkdtempSync(path.join(tmpdir(), 'sluice-kept-'));
});

afterEach(() => {
  rmSync(folder, { recursive: true });
});

const RULES = `version: 1
interfaces:
  inside: { port: { mac: 52:54:00:00:00:02 }, zone: inside }
  mgmt: { port: { mac: 52:54:00:00:00:0A }, management: true }
  more: { port: { pci: "0000:00:09.0" }, management: true }
zones: { inside: {} }
`;

it('keeps the ports that a rule file leaves to the kernel, for the next plan', () => {
  const { model } = loadModel('r.yaml', () => RULES);
  const ports = managementPorts(model?.interfaces ?? []);
  expect(ports).toEqual(['52:54:00:00:00:0a', '0000:00:09.0']);
  expect(keepManagement(folder, ports)).toBe(true);
  expect(keepManagement(folder, ports)).toBe(false);
  expect(readFileSync(path.join(folder, 'management'), 'utf8')).toBe(
    '0000:00:09.0\n52:54:00:00:00:0a\n',
  );
  expect(keptManagement(folder)).toEqual(['0000:00:09.0', '52:54:00:00:00:0a']);
});

it('goes back to the choice of the placement once none is named', () => {
  expect(keepManagement(folder, [])).toBe(false);
  expect(keepManagement(folder, ['0000:00:09.0'])).toBe(true);
  expect(keepManagement(folder, [])).toBe(true);
  expect(keptManagement(folder)).toBeNull();
});

it('places by what is kept: the first port is the fast path\u2019s then', () => {
  const machine = recorded('openstack-dedicated-8');
  const last = machine.nics.at(-1);
  keepManagement(folder, [last?.mac ?? '']);
  const plan = place(machine, { ...NO_WISHES, management: keptManagement(folder) });
  expect(plan.management).toEqual([last?.pci]);
  expect(plan.ports.map(({ pci }) => pci)).toContain(machine.nics[0]?.pci);
});

it('has no machine where the recording is none', () => {
  expect(keptMachine(folder)).toBeNull();
  writeFileSync(path.join(folder, 'machine.json'), '{}');
  expect(keptMachine(folder)).toBeNull();
});
