// SPDX-License-Identifier: BSD-3-Clause
import { expect, test } from 'vitest';
import { loadModel } from '../../../src/compiler/load.js';
import { portsMissing } from '../../../src/daemon/ports.js';
import { render } from '../../../src/diagnostics/render.js';
import { textReader } from '../../../src/rulefile/reader.js';

const TEXT = `version: 1
interfaces:
  wan: {port: {mac: "52:54:00:00:00:02"}, zone: internet}
  inside: {zone: inside}
  voice: {parent: inside, vlan: 20, zone: inside}
zones: {inside: {}, internet: {}}
`;

test('port-missing names each interface that stands on no device, and no VLAN child', () => {
  const { model } = loadModel('x.yaml', textReader(new Map([['x.yaml', TEXT]])));
  expect(portsMissing(model!).map(render)).toEqual([
    "x.yaml:4:3: error port-missing: interface 'inside' has no port\n" +
      '  hint: write port: {pci: …}, {mac: …} or {vdev: …}',
  ]);
});
