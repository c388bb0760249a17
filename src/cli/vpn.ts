// SPDX-License-Identifier: BSD-3-Clause
import { parseArgs } from 'node:util';
import { ENGINE_ACTIONS, TUNNEL_ACTIONS } from '../daemon/api/vpn.js';
import { EXIT, print } from './arguments.js';
import { RUN_DIR_OPTION, UsageError, withAppliance } from './client.js';

export const usage = {
  synopsis: 'vpn TUNNEL up|down|rekey | vpn log [TUNNEL] | vpn engine NAME enable|disable [--json]',
  description:
    'Starts a tunnel, ends it until something starts it again, or gives it new keys; `log` tells the last negotiation in words, and when it failed, who refused, why, and what to change; `engine` takes a crypto engine out, its SAs going to the next one while traffic goes on, or in again.',
  options: [['--json', 'One document on stdout: tunnel or engine, action; or negotiations.']],
} as const;

/** `sluice vpn`: exit 0, 1 refused, 2 usage, 4 away. */
export function run(args: string[]): Promise<number> {
  return withAppliance(usage, async (connect) => {
    const { values, positionals } = parseArgs({
      args,
      allowPositionals: true,
      options: { json: { type: 'boolean', default: false }, ...RUN_DIR_OPTION },
    });
    const [tunnel, word, ...rest] = positionals;
    const api = connect(values['run-dir']);
    const action = TUNNEL_ACTIONS.find((one) => one === word);
    if (tunnel === 'log' && action === undefined && rest.length === 0) {
      const query = word === undefined ? {} : { tunnel: word };
      const path = '/show/vpn/log';
      await print(
        values.json
          ? `${JSON.stringify(await api.get(path, query))}\n`
          : await api.text(path, query),
      );
      return EXIT.ok;
    }
    const [to] = rest;
    const engineAction = ENGINE_ACTIONS.find((one) => one === to);
    if (tunnel === 'engine' && word !== undefined && to !== undefined) {
      if (engineAction === undefined || rest.length > 1)
        throw new UsageError('which engine, and is it to be enabled or disabled?');
      const answer = await api.post('/vpn/engine', { engine: word, action: engineAction });
      await print(values.json ? `${JSON.stringify(answer)}\n` : `${word}: ${engineAction}d\n`);
      return EXIT.ok;
    }
    if (tunnel === undefined || action === undefined || rest.length > 0)
      throw new UsageError('which tunnel, and what is to become of it?');
    const answer = await api.post('/vpn', { tunnel, action });
    await print(values.json ? `${JSON.stringify(answer)}\n` : `${tunnel}: ${action}\n`);
    return EXIT.ok;
  });
}
