// SPDX-License-Identifier: BSD-3-Clause
import { logLine } from '../../../daemon/api/log-text.js';
import type { LogShown } from '../../../daemon/api/types.js';
import { columns } from '../../../diagnostics/columns.js';
import { monitorPackets } from '../commands/packets.js';
import { FILTERS, queryOf } from '../commands/show.js';
import { end, keyword, options, type Keyword, type Run } from '../grammar.js';
import { Graphs, rate, watch, type Frame } from './watch.js';

/** Sessions that are looked at for the busiest of them. */
const MOST_SESSIONS = '20000';
/** Of those, how many are drawn. */
const TALKERS = 50;

/** Counters since the last look, by name: null for what is new. */
class Deltas {
  #before = new Map<string, number>();
  #now = new Map<string, number>();

  of(name: string, value: number, seconds: number | null): number {
    this.#now.set(name, value);
    const before = this.#before.get(name);
    return seconds === null || before === undefined ? 0 : Math.max(0, value - before) / seconds;
  }

  next(): void {
    this.#before = this.#now;
    this.#now = new Map();
  }
}

interface InterfaceRow {
  readonly name: string;
  readonly link: string;
  readonly rx_packets: number;
  readonly rx_bytes: number;
  readonly tx_packets: number;
  readonly tx_bytes: number;
  readonly rx_dropped: number;
}

function lines(text: string): string[] {
  return text.trimEnd().split('\n');
}

function interfaces(): Frame {
  const deltas = new Deltas();
  const graphs = new Graphs();
  return async (api, seconds) => {
    const { interfaces: rows } = (await api.get('/show/interfaces')) as {
      readonly interfaces: readonly InterfaceRow[];
    };
    const shown = rows.map((row) => {
      const per = (key: Exclude<keyof InterfaceRow, 'name' | 'link'>): number =>
        deltas.of(`${row.name} ${key}`, row[key], seconds);
      const [rx, tx] = [per('rx_bytes') * 8, per('tx_bytes') * 8];
      return {
        name: row.name,
        link: row.link,
        rx: rate(rx),
        tx: rate(tx),
        rxPackets: rate(per('rx_packets')),
        txPackets: rate(per('tx_packets')),
        dropped: rate(per('rx_dropped')),
        graph: graphs.add(row.name, rx + tx),
      };
    });
    deltas.next();
    return lines(
      columns(shown, [
        ['name', ({ name }) => name],
        ['link', ({ link }) => link],
        ['rx bit/s', ({ rx }) => rx],
        ['tx bit/s', ({ tx }) => tx],
        ['rx packets/s', ({ rxPackets }) => rxPackets],
        ['tx packets/s', ({ txPackets }) => txPackets],
        ['dropped/s', ({ dropped }) => dropped],
        ['rx + tx', ({ graph }) => graph],
      ]),
    );
  };
}

interface SessionRow {
  readonly protocol: string;
  readonly source: string;
  readonly source_port: number;
  readonly destination: string;
  readonly destination_port: number;
  readonly from: string;
  readonly to: string;
  readonly rule: string;
  readonly bytes_forward: number;
  readonly bytes_reply: number;
}

/** The sessions with the most bits a second, of those that fit. */
function sessions(query: Readonly<Record<string, string>>): Frame {
  const deltas = new Deltas();
  const graphs = new Graphs();
  return async (api, seconds) => {
    const { sessions: rows, more } = (await api.get('/show/sessions', {
      ...query,
      limit: MOST_SESSIONS,
    })) as { readonly sessions: readonly SessionRow[]; readonly more: boolean };
    const talking = rows.map((row) => {
      const ends = `${row.source}:${row.source_port} > ${row.destination}:${row.destination_port}`;
      const name = `${row.protocol} ${ends}`;
      const bytes = row.bytes_forward + row.bytes_reply;
      return { ...row, ends, name, bytes, bits: deltas.of(name, bytes, seconds) * 8 };
    });
    deltas.next();
    const top = talking
      .toSorted((a, b) => b.bits - a.bits || b.bytes - a.bytes)
      .slice(0, TALKERS)
      .map((row) => ({ ...row, graph: graphs.add(row.name, row.bits) }));
    const table = columns(top, [
      ['protocol', ({ protocol }) => protocol],
      ['session', ({ ends }) => ends],
      ['way', ({ from, to }) => `${from}>${to}`],
      ['rule', ({ rule }) => rule],
      ['bit/s', ({ bits }) => rate(bits)],
      ['', ({ graph }) => graph],
    ]);
    const count = `${rows.length} sessions${more ? ' looked at, there are more' : ''}`;
    return [count, ...lines(table)];
  };
}

function drops(): Frame {
  const deltas = new Deltas();
  const graphs = new Graphs();
  return async (api, seconds) => {
    const { drops: rows } = (await api.get('/show/drops')) as {
      readonly drops: readonly { readonly reason: string; readonly packets: number }[];
    };
    const shown = rows
      .filter(({ packets }) => packets > 0)
      .map(({ reason, packets }) => {
        const now = deltas.of(reason, packets, seconds);
        return { reason, packets, now, graph: graphs.add(reason, now) };
      })
      .toSorted((a, b) => b.now - a.now || b.packets - a.packets);
    deltas.next();
    return lines(
      columns(shown, [
        ['reason', ({ reason }) => reason],
        ['packets/s', ({ now }) => rate(now)],
        ['packets', ({ packets }) => packets],
        ['', ({ graph }) => graph],
      ]),
    );
  };
}

/** Log records as they come. */
const log: Run = async (session, given, out) => {
  const api = await session.api();
  try {
    for await (const line of api.lines('/log', queryOf(given), out.signal))
      await out.write(
        out.form === 'json' ? `${line}\n` : `${logLine(JSON.parse(line) as LogShown)}\n`,
      );
  } catch (error) {
    if (!out.signal.aborted) throw error;
  }
};

export const monitor: Keyword = keyword('monitor', 'views that refresh until q or Ctrl-C', {
  choices: [
    keyword(
      'drops',
      'packets dropped a second, by reason',
      end((session, _given, out) => watch(session, out, 'drops', drops())),
    ),
    keyword(
      'interfaces',
      'bits and packets a second',
      end((session, _given, out) => watch(session, out, 'interfaces', interfaces())),
    ),
    keyword('log', 'log records as they come', options(FILTERS, log, { forms: ['json'] })),
    keyword('packets', 'live packets, decoded or to a file', monitorPackets),
    keyword(
      'sessions',
      'the busiest sessions, all or those that fit filters',
      options(FILTERS, (session, given, out) =>
        watch(session, out, 'sessions', sessions(queryOf(given))),
      ),
    ),
  ],
});
