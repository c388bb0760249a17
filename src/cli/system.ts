// SPDX-License-Identifier: BSD-3-Clause
import { spawnSync } from 'node:child_process';
import { existsSync, readFileSync } from 'node:fs';
import path from 'node:path';
import { setTimeout as wait } from 'node:timers/promises';
import { ApiClient } from '../daemon/api/client.js';
import { runDirectory } from '../daemon/api/rundir.js';
import { DatapathAway, openControl } from '../datapath/libsluice.js';
import { BundleError } from '../platform/slots/bundle.js';
import { SlotError, withPlaces } from '../platform/slots/places.js';
import {
  keepRunning,
  setArguments,
  slots,
  tryOther,
  type SlotShown,
} from '../platform/slots/slots.js';
import { upgrade } from '../platform/slots/upgrade.js';
import { MESSAGE_CONSTANTS as M } from '../tables/messages.js';
import { complain, EXIT, parseArguments, print, wrongUsage, type Usage } from './arguments.js';

export const usage: Usage = {
  synopsis: 'system slots | upgrade FILE | rollback | prove | arguments [--no-reboot] [--json]',
  description:
    'The two slots of the image: shows them, writes an upgrade into the one that does not run, or goes back to it. The other slot is started on trial: it is kept once it forwards, else the machine comes back in this one by itself. `prove` is what a slot on trial does at its start, `arguments` gives the next start what the placement plan wants of the kernel. On the appliance, as root.',
  options: [
    ['--no-reboot', 'the slot is tried at the next start, whenever that is'],
    ['--json', 'slots: one document on stdout'],
  ],
};

/** Seconds a slot on trial has from its start until it forwards and can be managed. */
const TRIAL = 300;
/** ms between looks at it. */
const LOOK = 500;

/** `sluice system`: exit 0, 1 with an error, 2 usage. */
export async function run(args: string[]): Promise<number> {
  const wanted = args[0] === 'upgrade' ? 2 : 1;
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
    if (what === 'prove') return await prove();
    if (what === 'arguments') return await keepArguments();
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    if (!(error instanceof SlotError || error instanceof BundleError) && code === undefined)
      throw error;
    complain((error as Error).message);
    return EXIT.error;
  }
  wrongUsage(usage, `system takes slots, upgrade, rollback, prove or arguments, not '${what}'`);
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

/** From the plan that the boot made: CPUs of workers are kept free of all else. */
async function keepArguments(): Promise<number> {
  const plan = readFileSync(path.join(runDirectory(), 'plan'), 'utf8');
  const line = /^kernel ?(.*)$/m.exec(plan)?.[1] ?? '';
  const changed = await withPlaces((places) => Promise.resolve(setArguments(places, line)));
  if (changed) await print(`the kernel gets, from the next start: ${line}\n`);
  return EXIT.ok;
}

/**
 * Waits until this slot forwards by the configuration it was given, and sluiced answers. Exit 1 when that
 * does not come in time; the unit starts the machine again then, and the boot loader takes the old slot.
 */
async function prove(): Promise<number> {
  const until = Date.now() + TRIAL * 1000;
  let missing = await lacking();
  while (missing !== null && Date.now() < until) {
    await wait(LOOK);
    missing = await lacking();
  }
  if (missing !== null) {
    complain(`this slot is not good: ${missing}`);
    return EXIT.error;
  }
  await withPlaces((places) => {
    keepRunning(places);
    return Promise.resolve();
  });
  await print('this slot is in force\n');
  return EXIT.ok;
}

/** What a slot on trial does not do yet; null when it does all. */
async function lacking(): Promise<string | null> {
  const directory = runDirectory();
  try {
    const control = openControl(directory);
    try {
      const answer = await control.request(M.OP_STATUS, { timeout: 2000 });
      const { generation } = JSON.parse(answer.toString('utf8')) as { generation: number };
      // Where an image was kept, something was in force.
      if (generation === 0 && existsSync(path.join(directory, 'image')))
        return 'the fast path has no tables';
    } finally {
      control.close();
    }
    await new ApiClient(directory).get('/show/version');
    return null;
  } catch (error) {
    if (error instanceof DatapathAway) return 'the fast path does not answer';
    return (error as Error).message;
  }
}
