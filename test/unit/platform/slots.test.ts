// SPDX-License-Identifier: BSD-3-Clause
import { spawnSync } from 'node:child_process';
import {
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  truncateSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { pathToFileURL } from 'node:url';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { projectRoot } from '../../../src/datapath/root.js';
import { Bundle, type Release } from '../../../src/platform/slots/bundle.js';
import {
  changeEnvironment,
  formatEnvironment,
  parseEnvironment,
  readEnvironment,
} from '../../../src/platform/slots/grubenv.js';
import type { Places } from '../../../src/platform/slots/places.js';
import { copySettled } from '../../../src/platform/slots/settled.js';
import { environmentOf, keepRunning, slots, tryOther } from '../../../src/platform/slots/slots.js';
import { upgrade } from '../../../src/platform/slots/upgrade.js';

const ROOM = 4 * 2 ** 20;
let folder: string;
let bundle: string;
let places: Places;

/** An appliance's two partitions as folders, its slots as files; slot a runs. */
beforeEach(async () => {
  folder = mkdtempSync(path.join(tmpdir(), 'sluice-slots-'));
  const parts: Record<string, string> = {};
  for (const [name, bytes] of [
    ['vmlinuz', 700],
    ['initrd', 513],
    ['root.squashfs', 2 * 2 ** 20 + 7],
  ] as const) {
    parts[name] = path.join(folder, `new-${name}`);
    writeFileSync(parts[name], Buffer.alloc(bytes, name));
  }
  bundle = path.join(folder, 'sluice.upgrade');
  const builder = (await import(
    pathToFileURL(path.join(projectRoot(), 'image/make/bundle.mjs')).href
  )) as { makeBundle: (of: object) => Promise<string> };
  const of = { version: '0.2.0', commit: 'c0ffee', built: '2026-11-30T00:00:00.000Z' };
  const release = await builder.makeBundle({ parts, ...of, output: bundle });

  const boot = path.join(folder, 'boot');
  const data = path.join(folder, 'data');
  for (const name of ['grub', 'slots/a', 'slots/b'])
    mkdirSync(path.join(boot, name), { recursive: true });
  writeFileSync(path.join(boot, 'grub/grubenv'), formatEnvironment(new Map([['slot', 'a']])));
  const old = { ...(JSON.parse(readFileSync(release, 'utf8')) as Release), version: '0.1.0' };
  writeFileSync(path.join(boot, 'slots/a/release.json'), JSON.stringify(old));
  for (const name of ['a', 'b']) writeFileSync(path.join(folder, name), Buffer.alloc(ROOM, name));
  const state = path.join(data, 'slots/a/state');
  mkdirSync(path.join(state, 'journal'), { recursive: true });
  mkdirSync(path.join(data, 'slots/b/state'), { recursive: true });
  writeFileSync(path.join(state, 'journal/1'), 'version: 1\n');
  writeFileSync(path.join(state, 'plan.key'), 'of this machine');
  writeFileSync(path.join(state, 'sluiced.log'), 'long');
  writeFileSync(path.join(data, 'slots/b/state/older'), 'gone');
  mkdirSync(path.join(data, 'slots/a/upper/etc'), { recursive: true });
  writeFileSync(path.join(data, 'slots/a/upper/etc/machine-id'), 'me\n');
  writeFileSync(path.join(data, 'slots/a/upper/etc/hostname'), 'old\n');
  places = {
    boot,
    data,
    running: 'a',
    onTrial: false,
    partition: (slot) => path.join(folder, slot),
    room: () => ROOM,
  };
});

afterEach(() => {
  rmSync(folder, { recursive: true });
});

const environment = () => Object.fromEntries(readEnvironment(environmentOf(places)));
const shown = () =>
  slots(places).map(
    ({ slot, release, running, in_force, on_trial }) =>
      `${slot} ${release?.version ?? 'empty'}${running ? ' running' : ''}${in_force ? ' in force' : ''}${on_trial ? ' on trial' : ''}`,
  );

describe('the block that GRUB reads', () => {
  it('keeps its size and place', () => {
    const values = new Map([
      ['slot', 'b'],
      ['arguments', 'isolcpus=1 nohz_full=1'],
    ]);
    expect(parseEnvironment(formatEnvironment(values))).toEqual(values);
    expect(formatEnvironment(values)).toHaveLength(1024);
    expect(() => formatEnvironment(new Map([['x', 'y'.repeat(1000)]]))).toThrow(
      'the grubenv block is full',
    );
    expect(() => parseEnvironment('slot=a')).toThrow('no grubenv block');
  });

  it('is changed as grub-editenv reads it', () => {
    const file = environmentOf(places);
    changeEnvironment(file, { trial: 'b', tries: '1', slot: null });
    const { status, stdout } = spawnSync('grub-editenv', [file, 'list'], { encoding: 'utf8' });
    // Where GRUB's tools are not installed, our own reading must do.
    if (status !== null) expect(stdout).toBe('trial=b\ntries=1\n');
    expect(environment()).toEqual({ trial: 'b', tries: '1' });
  });
});

describe('upgrade', () => {
  it('fills the slot that does not run, and has it tried once', async () => {
    const told: string[] = [];
    const release = await upgrade(bundle, places, (name, done, bytes) => {
      if (done === bytes) told.push(name);
      expect(environment()['trial']).toBe('');
    });
    expect(release.version).toBe('0.2.0');
    expect(told).toEqual(['root.squashfs', 'vmlinuz', 'initrd']);
    const written = readFileSync(path.join(folder, 'b'));
    const wanted = readFileSync(path.join(folder, 'new-root.squashfs'));
    expect(written.subarray(0, wanted.length).equals(wanted)).toBe(true);
    for (const name of ['vmlinuz', 'initrd'])
      expect(
        readFileSync(path.join(places.boot, 'slots/b', name)).equals(
          readFileSync(path.join(folder, `new-${name}`)),
        ),
      ).toBe(true);
    expect(readFileSync(path.join(folder, 'a')).equals(Buffer.alloc(ROOM, 'a'))).toBe(true);
    expect(environment()).toEqual({ slot: 'a', trial: 'b', tries: '1' });
    expect(shown()).toEqual(['a 0.1.0 running in force', 'b 0.2.0 on trial']);
  });

  it('gives the slot the configuration of now and who the machine is, nothing else', async () => {
    await upgrade(bundle, places, () => undefined);
    const to = path.join(places.data, 'slots/b');
    expect(readdirSync(path.join(to, 'state'), { recursive: true }).sort()).toEqual([
      'journal',
      'journal/1',
    ]);
    expect(readdirSync(path.join(to, 'upper'), { recursive: true }).sort()).toEqual([
      'etc',
      'etc/machine-id',
    ]);
    writeFileSync(path.join(to, 'state/journal/1'), 'version: 2\n');
    expect(readFileSync(path.join(places.data, 'slots/a/state/journal/1'), 'utf8')).toBe(
      'version: 1\n',
    );
  });

  it.each([
    ['cut short', () => truncateSync(bundle, 2 ** 20), 'the file is not whole'],
    [
      'no tar',
      () => writeFileSync(bundle, 'x'.repeat(1024)),
      'no upgrade of Sluice: it is no tar file, or a damaged one',
    ],
    ['empty', () => writeFileSync(bundle, ''), 'the file is not whole'],
    ['of changed bytes', () => damage(2 ** 20), 'root.squashfs is damaged'],
    [
      'of a changed header',
      () => damage(3),
      'no upgrade of Sluice: it is no tar file, or a damaged one',
    ],
    [
      'too large',
      () => (places = { ...places, room: () => 2 ** 20 }),
      'root.squashfs is larger than its slot of 1 MiB',
    ],
  ])('refuses a file that is %s, and leaves both slots as they are', async (_what, spoil, why) => {
    spoil();
    const before = shown();
    await expect(upgrade(bundle, places, () => undefined)).rejects.toThrow(why);
    expect(readFileSync(path.join(folder, 'b')).equals(Buffer.alloc(ROOM, 'b'))).toBe(true);
    expect(existsSync(path.join(places.data, 'slots/b/state/older'))).toBe(true);
    expect([shown(), environment()]).toEqual([before, { slot: 'a' }]);
  });

  it('leaves a slot that counts as empty when it ends midway, whatever was there before', async () => {
    await upgrade(bundle, places, () => undefined);
    keepRunning(places);
    const midway = (name: string): void => {
      if (name === 'initrd') throw new Error('the power goes');
    };
    await expect(upgrade(bundle, places, midway)).rejects.toThrow('the power goes');
    expect(shown()).toEqual(['a 0.1.0 running in force', 'b empty']);
    expect(environment()).toEqual({ slot: 'a', trial: '', tries: '0' });
    expect(() => tryOther(places)).toThrow('slot b has nothing that could be started');
    await upgrade(bundle, places, () => undefined);
    expect(shown()).toEqual(['a 0.1.0 running in force', 'b 0.2.0 on trial']);
  });

  it('is in force once the slot says so, and can be gone back from', async () => {
    await upgrade(bundle, places, () => undefined);
    places = { ...places, running: 'b', onTrial: true };
    keepRunning(places);
    expect(shown()).toEqual(['a 0.1.0', 'b 0.2.0 running in force']);
    expect(tryOther(places).version).toBe('0.1.0');
    expect(environment()).toEqual({ slot: 'b', trial: 'a', tries: '1' });
  });
});

describe('the copy of a configuration', () => {
  it('is made again when a commit comes between', async () => {
    const from = path.join(places.data, 'slots/a/state');
    const to = path.join(folder, 'copy');
    const names = ['journal/1', 'head'];
    writeFileSync(path.join(from, 'head'), '1');
    let copies = 0;
    await copySettled(
      from,
      to,
      () => true,
      () => {
        copies++;
        mkdirSync(path.join(to, 'journal'), { recursive: true });
        for (const name of names) {
          writeFileSync(path.join(to, name), readFileSync(path.join(from, name)));
          // After the first file of the first copy both are others.
          if (copies === 1) for (const one of names) writeFileSync(path.join(from, one), '2');
        }
      },
    );
    expect(copies).toBe(2);
    expect(names.map((name) => readFileSync(path.join(to, name), 'utf8'))).toEqual(['2', '2']);
  });

  it('is refused for a folder that never rests', async () => {
    const from = path.join(places.data, 'slots/a/state');
    let count = 0;
    const copy = () => writeFileSync(path.join(from, 'head'), String(count++));
    await expect(copySettled(from, path.join(folder, 'copy'), () => true, copy)).rejects.toThrow(
      'the configuration changes all the time and cannot be copied',
    );
  });
});

describe('a bundle', () => {
  it('is read part by part', async () => {
    const opened = await Bundle.open(bundle);
    await opened.verify();
    expect(opened.release.files.initrd.bytes).toBe(513);
    await opened.close();
  });

  it('is never read beyond what its headers were checked for', async () => {
    const good = readFileSync(bundle);
    let seed = 7;
    const random = (below: number): number => {
      seed = (seed * 1103515245 + 12345) % 2 ** 31;
      return seed % below;
    };
    for (let i = 0; i < 100; i++) {
      const bad = Buffer.from(good);
      for (let n = random(4); n >= 0; n--) bad[random(4096)] = random(256);
      writeFileSync(bundle, i % 3 === 0 ? bad.subarray(0, random(bad.length)) : bad);
      const whole = await Bundle.open(bundle).then(async (one) => {
        const good = await one.verify().then(() => true, messageOf);
        await one.close();
        return good;
      }, messageOf);
      if (whole !== true) expect(whole).toMatch(/^(no upgrade|the file|release.json|\S+ is )/);
    }
  });
});

function messageOf(error: unknown): string {
  return (error as Error).message;
}

function damage(at: number): void {
  const bytes = readFileSync(bundle);
  bytes[at] = (bytes[at] ?? 0) ^ 1;
  writeFileSync(bundle, bytes);
}
