// SPDX-License-Identifier: BSD-3-Clause
import { mkdirSync } from 'node:fs';
import path from 'node:path';
import { parseArgs } from 'node:util';
import { datapathBinary } from '../datapath/offline.js';
import { Supervisor, withoutCores } from '../datapath/supervisor.js';
import { runDirectory, stateDirectory } from './api/rundir.js';
import { Appliance } from './appliance.js';
import { CompilerThread } from './compiler-thread.js';
import { Counting } from './counting.js';
import { DatapathProcess } from './datapath-process.js';
import { ForwardedLog } from './forward-log.js';
import { IpfixExport } from './ipfix.js';
import { Listeners } from './listeners/listeners.js';
import { LogDrain, openLog } from './log.js';
import { serve } from './server.js';
import { keepManagement } from '../platform/kept.js';
import { SystemFiles } from './system-files.js';

const USAGE = `usage: sluiced [--run-dir DIR] [--state-dir DIR] [--datapath PROGRAM] [--log FILE|-] [--system] [-- DATAPATH-OPTIONS]

  --system  the machine is the appliance: users, names, servers and keys of system: are set
`;

async function main(args: string[]): Promise<void> {
  const { values, positionals } = parseArgs({
    args,
    allowPositionals: true,
    options: {
      'run-dir': { type: 'string' },
      'state-dir': { type: 'string' },
      datapath: { type: 'string' },
      log: { type: 'string' },
      system: { type: 'boolean', default: false },
    },
  });
  withoutCores();
  const supervisor = new Supervisor(process.env);
  const directory = runDirectory(values['run-dir']);
  const state = values['state-dir'] ?? stateDirectory(directory);
  for (const one of [directory, state]) mkdirSync(one, { recursive: true, mode: 0o750 });
  const log = openLog(values.log ?? path.join(directory, 'sluiced.log'));
  const program = values.datapath ?? datapathBinary();
  const datapath = new DatapathProcess(directory, [
    program,
    '--run-dir',
    directory,
    ...positionals,
  ]);
  datapath.on('down', (how) => log.error({ event: 'datapath-down', how }));
  const compiler = new CompilerThread(state);
  const files = values.system ? new SystemFiles('/', log) : null;
  const appliance: Appliance = new Appliance({ run: directory, state }, datapath, compiler, log, {
    refuses: (system, addresses) => listeners.refuses(system, addresses),
    take: (system, management) => {
      files?.take(system);
      // The next start of the machine goes by it.
      if (values.system && system !== null && keepManagement(state, management))
        log.info({ event: 'management-from-next-start', ports: management });
      forwarded.take(system?.syslog ?? []);
      ipfix.take(system?.ipfix ?? []);
      listeners.take(system);
    },
    changed: () => listeners.changed(),
  });
  const counting = new Counting(directory);
  const drain = new LogDrain(counting, appliance.names, log);
  const forwarded = new ForwardedLog(drain);
  const ipfix = new IpfixExport(drain, log);
  const source = { appliance, counting, log: drain };
  const listeners: Listeners = new Listeners(
    source,
    (name) => appliance.vpn.secrets.read(name),
    log,
  );
  const server = await serve(directory, source, log);
  log.info({ event: 'sluiced-up', pid: process.pid, program });
  supervisor.ready();

  const stop = async (signal: string): Promise<void> => {
    supervisor.stopping();
    log.info({ event: 'sluiced-down', signal });
    datapath.stop();
    server.close();
    server.closeAllConnections();
    drain.close();
    forwarded.close();
    ipfix.close();
    listeners.close();
    await appliance.close();
    counting.close();
    log.flush(() => process.exit(0));
  };
  for (const signal of ['SIGTERM', 'SIGINT'] as const)
    process.once(signal, () => void stop(signal));
  await datapath.run();
}

try {
  await main(process.argv.slice(2));
} catch (error) {
  const usage = (error as NodeJS.ErrnoException).code?.startsWith('ERR_PARSE_ARGS') === true;
  const text = usage
    ? `${(error as Error).message}\n${USAGE}`
    : `${(error as Error).stack ?? ''}\n`;
  process.stderr.write(`sluiced: ${text}`);
  process.exitCode = usage ? 2 : 1;
}
