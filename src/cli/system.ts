// SPDX-License-Identifier: BSD-3-Clause
import { spawnSync } from 'node:child_process';
import { runDirectory } from '../daemon/api/rundir.js';
import path from 'node:path';
import { bootLines, kernelArguments } from '../platform/boot-plan.js';
import { replaceSynced } from '../platform/disk.js';
import { keptMachine, keptManagement } from '../platform/kept.js';
import { NO_WISHES, place } from '../platform/place.js';
import { recordMachine } from '../platform/record.js';
import { BundleError } from '../platform/slots/bundle.js';
import { SlotError, withPlaces } from '../platform/slots/places.js';
import { setArguments, slots, tryOther, type SlotShown } from '../platform/slots/slots.js';
import { upgrade } from '../platform/slots/upgrade.js';
import { complain, EXIT, parseArguments, print, wrongUsage, type Usage } from './arguments.js';

export const usage: Usage = {
  synopsis:
    'system slots | upgrade FILE | rollback | prove | plan | management FILE [--no-reboot] [--json]',
  description:
    'The two slots of the image: shows them, writes an upgrade into the one that does not run, or goes back to it. The other slot is started on trial: it is kept once it forwards, else the machine comes back in this one by itself. `prove` is what a slot on trial does at its start, `plan` is what the first start on a machine does, or on one that changed: records it, decides where workers, memory and ports go, and gives the next start what that wants of the kernel; `management` has the next plan leave the ports to the kernel that a rule file does, exit 1 where that changes nothing. On the appliance, as root.',
  options: [
    ['--no-reboot', 'the slot is tried at the next start, whenever that is'],
    ['--json', 'slots: one document on stdout'],
  ],
};

/** `sluice system`: exit 0, 1 with an error, 2 usage. */
export async function run(args: string[]): Promise<number> {
  const wanted = ['upgrade', 'management'].includes(args[0] ?? '') ? 2 : 1;
  const parsed = parseArguments(args, usage, wanted, {
    'no-reboot': { type: 'boolean', default: false },
    json: { type: 'boolean', default: false },
  });
  if (parsed === null) return EXIT.usage;
  const { values, positionals } = parsed;
  const [what = '', file = ''] = positionals;
  try {
    if (what === 'slots') return await show(values.json);
    if (what === 'upgrade') return await write(file, !values['no-reboot']);
    if (what === 'rollback') return await rollBack(!values['no-reboot']);
    if (what === 'prove') return await (await import('./prove.js')).prove();
    if (what === 'plan') return await plan();
    if (what === 'management') return (await import('./management.js')).keepPorts(file);
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    if (!(error instanceof SlotError || error instanceof BundleError) && code === undefined)
      throw error;
    complain((error as Error).message);
    return EXIT.error;
  }
  wrongUsage(
    usage,
    `system takes slots, upgrade, rollback, prove, plan or management, not '${what}'`,
  );
  return EXIT.usage;
}

async function show(json: boolean): Promise<number> {
  const all = await withPlaces((places) => Promise.resolve(slots(places)));
  await print(json ? `${JSON.stringify({ slots: all })}\n` : all.map(line).join(''));
  return EXIT.ok;
}

function line({ slot, release, running, in_force, on_trial }: SlotShown): string {
  const what =
    release === null
      ? 'empty'
      : `${release.version} of ${release.built}, ${release.commit.slice(0, 12)}`;
  const states = [
    ...(running ? ['running'] : []),
    ...(in_force ? ['in force'] : []),
    ...(on_trial ? ['on trial'] : []),
  ];
  return `${slot}  ${what}${states.length === 0 ? '' : ` (${states.join(', ')})`}\n`;
}

async function write(file: string, reboot: boolean): Promise<number> {
  let last = '';
  const release = await withPlaces((places) =>
    upgrade(file, places, (name, done, bytes) => {
      const text = `${name} ${Math.floor((done * 100) / bytes)} %`;
      if (text !== last && process.stderr.isTTY) process.stderr.write(`\r\x1b[K${text}`);
      last = text;
    }),
  );
  if (process.stderr.isTTY) process.stderr.write('\r\x1b[K');
  return leave(`${release.version} (${release.commit.slice(0, 12)}) is written`, reboot);
}

async function rollBack(reboot: boolean): Promise<number> {
  const release = await withPlaces((places) => Promise.resolve(tryOther(places)));
  return leave(`back to ${release.version} (${release.commit.slice(0, 12)})`, reboot);
}

async function leave(what: string, reboot: boolean): Promise<number> {
  await print(
    `${what}; it is tried at ${reboot ? 'the start that comes now' : 'the next start'}\n`,
  );
  if (reboot) spawnSync('systemctl', ['reboot', '--no-block'], { stdio: 'inherit' });
  return EXIT.ok;
}

/** All in one: on a slow machine each start of Node is seconds until the first packet. */
async function plan(): Promise<number> {
  const directory = runDirectory();
  const machine = recordMachine('/', keptMachine(directory));
  const placed = place(machine, { ...NO_WISHES, management: keptManagement(directory) });
  const kept = (name: string): string => path.join(directory, name);
  replaceSynced(kept('machine.json'), `${JSON.stringify(machine, null, 2)}\n`, 0o644);
  replaceSynced(kept('plan'), bootLines(placed), 0o644);
  const line = kernelArguments(placed);
  const changed = await withPlaces((places) => Promise.resolve(setArguments(places, line)));
  if (changed) await print(`the kernel gets, from the next start: ${line}\n`);
  return EXIT.ok;
}
