// SPDX-License-Identifier: BSD-3-Clause
import { existsSync } from 'node:fs';
import { uptime } from 'node:os';
import path from 'node:path';
import { setTimeout as wait } from 'node:timers/promises';
import { ApiClient } from '../daemon/api/client.js';
import { runDirectory } from '../daemon/api/rundir.js';
import { DatapathAway, openControl } from '../datapath/libsluice.js';
import { withPlaces } from '../platform/slots/places.js';
import { keepRunning } from '../platform/slots/slots.js';
import { MESSAGE_CONSTANTS as M } from '../tables/messages.js';
import { complain, EXIT, print } from './arguments.js';

/** Seconds a slot on trial has at least until it forwards and can be managed. */
const TRIAL = 300;
/** This is begun early: a machine that needs long to get here needs as many times that for the rest. */
const SLOWNESS = 20;
/** ms between looks at it. */
const LOOK = 500;

/**
 * Waits until this slot forwards by the configuration it was given, and sluiced answers. Exit 1 when that
 * does not come in time; the unit starts the machine again then, and the boot loader takes the old slot.
 */
export async function prove(): Promise<number> {
  const until = Date.now() + Math.max(TRIAL, SLOWNESS * uptime()) * 1000;
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
