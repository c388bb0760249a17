// SPDX-License-Identifier: BSD-3-Clause
import { afterAll, beforeAll, it } from 'vitest';
import { BootedImage } from './appliance.js';
import { noCloud } from './seeds.js';
import { BOOT, Ends, RULES, wires } from './traffic.js';

const WIRES = wires('slbios');
let appliance: BootedImage;
let ends: Ends;

beforeAll(async () => {
  const seed = noCloud(RULES, { hostname: 'edge1' });
  appliance = await BootedImage.start({ name: 'slbios', seed, wires: WIRES });
  await appliance.says('the rule file of the user-data is in force', BOOT);
  appliance.connect();
  ends = await Ends.start(WIRES);
}, BOOT + 60_000);

afterAll(async () => {
  await appliance.stop();
});

it('forwards what the rule file of the user-data allows', async () => {
  await ends.passes();
});

it('blocks the rest: silently by default, with an answer where a rule says so', async () => {
  await ends.blocks();
});
