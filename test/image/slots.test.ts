// SPDX-License-Identifier: BSD-3-Clause
import { spawnSync } from 'node:child_process';
import path from 'node:path';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { projectRoot } from '../../src/datapath/root.js';
import { BootedImage } from './appliance.js';
import { noCloud } from './seeds.js';
import { BOOT, Ends, RULES, wires } from './traffic.js';

const WIRES = wires('slslot');
const BUNDLE = path.join(projectRoot(), 'build/image/sluice.upgrade');
let appliance: BootedImage;
let ends: Ends;

beforeAll(async () => {
  const seed = noCloud(RULES, { hostname: 'edge1' });
  appliance = await BootedImage.start({ name: 'slslot', seed, wires: WIRES });
  await appliance.says('the rule file of the user-data is in force', BOOT);
  appliance.connect();
  ends = await Ends.start(WIRES);
  await ends.passes();
  await appliance.send(BUNDLE);
}, BOOT + 300_000);

afterAll(async () => {
  await appliance.stop();
});

interface Shown {
  readonly slot: string;
  readonly release: { readonly version: string } | null;
  readonly running: boolean;
  readonly in_force: boolean;
  readonly on_trial: boolean;
}

async function slots(): Promise<string[]> {
  const text = await appliance.ssh('sudo sluice system slots --json', BOOT);
  return (JSON.parse(text) as { slots: Shown[] }).slots.map(
    ({ slot, release, running, in_force, on_trial }) =>
      [
        slot,
        release === null ? 'empty' : 'full',
        ...(running ? ['running'] : []),
        ...(in_force ? ['in force'] : []),
        ...(on_trial ? ['on trial'] : []),
      ].join(' '),
  );
}

async function forwards(): Promise<void> {
  await ends.passes();
  await ends.blocks();
}

it(
  'comes back in the running slot when the power goes while an upgrade is written',
  async () => {
    expect(await slots()).toEqual(['a full running in force', 'b empty']);
    const writing = appliance
      .ssh('sudo sluice system upgrade sluice.upgrade --no-reboot', 0)
      .catch(() => undefined);
    await appliance.ssh(
      'until [ "$(sudo dd if=/dev/disk/by-partlabel/sluice-b bs=4 count=1 status=none)" = hsqs ]; do :; done',
      BOOT,
    );
    await appliance.cut();
    await writing;
    appliance.resume();
    appliance.connect();
    await appliance.says(/login:/, BOOT);
    await forwards();
    expect(await slots()).toEqual(['a full running in force', 'b empty']);
  },
  3 * BOOT,
);

it(
  'starts an upgrade on trial, keeps it once it forwards, and the configuration with it',
  async () => {
    await appliance.ssh('sudo sluice system upgrade sluice.upgrade', BOOT);
    await appliance.says(/login:/, BOOT);
    await appliance.ssh(
      'until sudo sluice system slots --json | grep -q \'"slot":"b".*"in_force":true\'; do :; done',
      BOOT,
    );
    await forwards();
    expect(await slots()).toEqual(['a full', 'b full running in force']);
    expect(await appliance.ssh('cat /proc/cmdline')).toContain('sluice.slot=b');
  },
  2 * BOOT,
);

it(
  'falls back by itself from a slot that does not boot',
  async () => {
    // The running slot is b; what is in a gets a root file system without its first block.
    await appliance.ssh(
      'sudo dd if=/dev/zero of=/dev/disk/by-partlabel/sluice-a bs=4096 count=1 conv=fsync status=none',
      BOOT,
    );
    await appliance.ssh('sudo sluice system rollback', BOOT);
    await appliance.says('slot a is unreadable', BOOT);
    await appliance.says(/login:/, BOOT);
    await forwards();
    expect(await slots()).toEqual(['a full', 'b full running in force']);
  },
  3 * BOOT,
);

it(
  'keeps a commit that was answered, and is whole after any other, when the power goes',
  async () => {
    const apply = (service: string) =>
      `sudo cp /var/lib/sluice/user-data.yaml /tmp/r.yaml && sudo sed -i s:tcp/8080:${service}: /tmp/r.yaml && sudo sluice apply /tmp/r.yaml --replace`;
    await appliance.ssh(apply('tcp/8081'), BOOT);
    await appliance.cut();
    appliance.resume();
    appliance.connect();
    await appliance.says(/login:/, BOOT);
    const flow = await ends.client.tcp('198.51.100.10', 8081, 60_000);
    await flow.close();
    const committing = appliance.ssh(apply('tcp/8080'), 0).catch(() => undefined);
    await appliance.ssh('until pgrep -f "apply /tmp/r.yaml" >/dev/null; do :; done', BOOT);
    await appliance.cut();
    await committing;
    appliance.resume();
    appliance.connect();
    await appliance.says(/login:/, BOOT);
    // The one or the other, whole: exactly one of the two ports is open.
    const open = async (port: number) =>
      ends.client.tcp('198.51.100.10', port, 20_000).then(
        async (one) => {
          await one.close();
          return true;
        },
        () => false,
      );
    expect([await open(8080), await open(8081)].filter(Boolean)).toHaveLength(1);
    await appliance.ssh('sudo sluice show rules', BOOT);
  },
  4 * BOOT,
);

it('has a bundle that tar itself can read', () => {
  const { stdout } = spawnSync('tar', ['-tf', BUNDLE], { encoding: 'utf8' });
  expect(stdout.split('\n').filter(Boolean)).toEqual([
    'release.json',
    'vmlinuz',
    'initrd',
    'root.squashfs',
  ]);
});
