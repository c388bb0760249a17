// SPDX-License-Identifier: BSD-3-Clause
import { parseAddress, prefixContains } from '../../net/address.js';
import { parseNumber } from '../../net/services.js';
import { logLine } from '../api/log-text.js';
import type { LogShown } from '../api/types.js';
import type { Names } from '../names.js';
import { FilterError, prefix, sessionFilter } from '../session-filter.js';
import { protocolName } from './sessions.js';
import type { Shown } from './source.js';

/** Records shown unless `last` says otherwise. */
const LAST = '100';

/** The last records of the log, oldest first. */
export const log: Shown<{ readonly records: readonly LogShown[] }> = {
  data: ({ appliance, log: drain }, query) => {
    const text = query.get('last') ?? LAST;
    const last = parseNumber(text, 1_000_000);
    if (last < 0) throw new FilterError('last is a number');
    const fits = logFilter(query, appliance.names);
    drain.drain();
    const records = drain.recent.filter(fits);
    return { records: last === 0 ? records : records.slice(-last) };
  },
  text: ({ records }) => records.map((record) => `${logLine(record)}\n`).join(''),
};

/** Which records fit the filters of a query, the same as those of sessions. */
export function logFilter(query: URLSearchParams, names: Names): (record: LogShown) => boolean {
  // Refuses what names nothing there is.
  sessionFilter(query, '0', names);
  const tests: ((record: LogShown) => boolean)[] = [];
  for (const end of ['source', 'destination'] as const) {
    const wanted = prefix(query.get(end));
    if (wanted === null) continue;
    tests.push((record) => {
      const address = parseAddress(record[end]);
      return typeof address !== 'string' && prefixContains(wanted, address);
    });
  }
  for (const key of ['rule', 'from', 'to'] as const) {
    const wanted = query.get(key);
    if (wanted !== null) tests.push((record) => record[key] === wanted);
  }
  const protocol = query.get('protocol');
  if (protocol !== null) {
    const number = parseNumber(protocol, 255);
    const wanted = number < 0 ? protocol : protocolName(number);
    tests.push((record) => record.protocol === wanted);
  }
  const port = query.get('port');
  if (port !== null) tests.push((record) => record.destination_port === Number(port));
  return (record) => tests.every((test) => test(record));
}
