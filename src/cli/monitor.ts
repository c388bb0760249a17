// SPDX-License-Identifier: BSD-3-Clause
import { parseArgs } from 'node:util';
import {
  leftOut,
  packetLine,
  packetOutcome,
  type CaptureBegan,
  type PacketShown,
} from '../daemon/api/packets.js';
import { PcapngWriter } from '../datapath/capture-write-ng.js';
import { complain, EXIT, print } from './arguments.js';
import { RUN_DIR_OPTION, UsageError, withAppliance } from './client.js';
import { packetFilters } from './filters.js';

export const usage = {
  synopsis: 'monitor packets [--zone ZONE] [--dropped] [--write FILE] [--count N] [--json]',
  description:
    'Live packets as they end their way, decoded or as a pcapng file that says in comments what became of each.',
  options: [
    ...packetFilters.help(),
    ['--dropped', 'Only packets that are dropped.'],
    ['--new', 'Only packets that open a session, or are dropped.'],
    ['--write FILE', 'To this pcapng file instead of the screen.'],
    ['--count N', 'End after so many packets.'],
    ['--rate N', 'Packets a second and worker at the most; 1000 unless given.'],
    ['--snap N', 'Bytes kept of each packet; 2048 unless given.'],
    ['--json', 'A JSON document a line.'],
  ],
} as const;

/** `sluice monitor packets`: exit 0, also by Ctrl-C; 1 refused, 2 usage, 4 away. */
export function run(args: string[]): Promise<number> {
  return withAppliance(usage, async (connect) => {
    const { values, positionals } = parseArgs({
      args,
      allowPositionals: true,
      options: {
        json: { type: 'boolean', default: false },
        dropped: { type: 'boolean', default: false },
        new: { type: 'boolean', default: false },
        write: { type: 'string' },
        count: { type: 'string' },
        rate: { type: 'string' },
        snap: { type: 'string' },
        ...packetFilters.options(),
        ...RUN_DIR_OPTION,
      },
    });
    if (positionals.join(' ') !== 'packets') throw new UsageError('what to monitor?');
    const { count, rate, snap, write: file } = values;
    const query = {
      ...packetFilters.of(values),
      ...(values.dropped ? { dropped: '' } : {}),
      ...(values.new ? { new: '' } : {}),
      ...(count === undefined ? {} : { limit: count }),
      ...(rate === undefined ? {} : { rate }),
      ...(snap === undefined ? {} : { snap }),
    };
    let writer: PcapngWriter | null = null;
    if (file !== undefined) {
      try {
        writer = new PcapngWriter(file);
      } catch (error) {
        complain(`${file}: ${(error as Error).message}`);
        return EXIT.error;
      }
    }
    const stop = new AbortController();
    const interrupt = (): void => stop.abort();
    process.on('SIGINT', interrupt);
    process.on('SIGTERM', interrupt);
    let last: PacketShown | null = null;
    let packets = 0;
    try {
      for await (const line of connect(values['run-dir']).lines('/packets', query, stop.signal)) {
        const told = JSON.parse(line) as PacketShown | CaptureBegan;
        if ('began' in told) {
          process.stderr.write(`sluice: looking at packets; Ctrl-C ends\n`);
          continue;
        }
        last = told;
        packets++;
        if (writer !== null) write(writer, told);
        else await print(values.json ? `${line}\n` : `${packetLine(told)}\n`);
      }
    } catch (error) {
      if (!stop.signal.aborted) throw error;
    } finally {
      process.off('SIGINT', interrupt);
      process.off('SIGTERM', interrupt);
      writer?.close();
    }
    const missing = last === null ? null : leftOut(last);
    const where = file === undefined ? '' : ` to ${file}`;
    process.stderr.write(`sluice: ${packets} packets${where}\n`);
    if (missing !== null) process.stderr.write(`sluice: ${missing}\n`);
    return EXIT.ok;
  });
}

/** As it left an interface, or as it was when it was dropped after it came in by one. */
function write(writer: PcapngWriter, packet: PacketShown): void {
  const { time, frame, length, reason, out } = packet;
  const leaves = reason === null && out !== null && out !== 'local';
  writer.add({
    time: BigInt(time),
    interface: (leaves ? out : packet.in) ?? 'local',
    way: leaves ? 'out' : 'in',
    comment: `${packetOutcome(packet)}; in ${packet.in ?? 'local'}, ${packet.from}>${packet.to}`,
    length,
    bytes: Buffer.from(frame, 'base64'),
  });
}
