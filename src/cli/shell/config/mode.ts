// SPDX-License-Identifier: BSD-3-Clause
import { CommandError } from '../grammar.js';
import type { Session } from '../session.js';
import type { Configuration } from './configuration.js';

/** The candidate of configuration mode. */
export function configurationOf(session: Session): Configuration {
  if (session.configuration === null) throw new CommandError('not in configuration mode');
  return session.configuration;
}

/** Back to operational mode; the candidate goes. */
export async function leave(session: Session): Promise<void> {
  const { configuration } = session;
  session.configuration = null;
  await configuration?.drop();
}
