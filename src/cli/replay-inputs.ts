// SPDX-License-Identifier: BSD-3-Clause
import { readFileSync } from 'node:fs';
import { CaptureError, readCapture, type CapturedPacket } from '../datapath/capture.js';
import { frameOf } from '../datapath/capture-links.js';
import type { OfflinePacket } from '../datapath/offline.js';
import { didYouMean } from '../diagnostics/suggest.js';
import { complain, EXIT } from './arguments.js';
import type { CompiledFile } from './compiled.js';
import { unfit } from './packets.js';
import { portOf } from './ports.js';

/** A capture and where it enters. */
export interface Input {
  readonly name: string;
  readonly slot: number;
  readonly vlan: number;
  readonly packets: readonly CapturedPacket[];
}

/** A packet of the merged inputs. */
export interface Entering extends OfflinePacket {
  /** Name of the interface its input was given for. */
  readonly name: string;
}

/** Reads the captures of `IFACE=CAPTURE` arguments; an exit code after a message on stderr. */
export function openInputs(compiled: CompiledFile, sources: readonly string[]): Input[] | number {
  const inputs: Input[] = [];
  for (const source of sources) {
    const equals = source.indexOf('=');
    const name = source.slice(0, equals);
    const file = source.slice(equals + 1);
    const iface = compiled.model.interfaces.find((one) => one.name === name);
    if (equals < 1 || iface === undefined) {
      const hint = didYouMean(
        name,
        compiled.model.interfaces.map((one) => one.name),
      );
      complain(
        equals < 1
          ? `--in ${source} is not IFACE=CAPTURE`
          : `--in ${source}: no interface '${name}'${hint === null ? '' : `, ${hint}`}`,
      );
      return EXIT.usage;
    }
    const problem = unfit(iface);
    if (problem !== null) {
      complain(`--in ${source}: ${problem}`);
      return EXIT.usage;
    }
    try {
      const { packets, cut } = readCapture(readFileSync(file));
      if (cut !== null) process.stderr.write(`${file}: warning: ${cut}\n`);
      inputs.push({ name, ...portOf(compiled, iface), packets });
    } catch (error) {
      const known =
        error instanceof CaptureError || (error as NodeJS.ErrnoException).code !== undefined;
      if (!known) throw error;
      process.stderr.write(`${file}: error: ${(error as Error).message}\n`);
      return EXIT.error;
    }
  }
  return inputs;
}

/** All packets by time; each input keeps its order, and time never goes back. */
export function* merge(inputs: readonly Input[]): Generator<Entering> {
  const heads = inputs.map(() => 0);
  let last = 0n;
  for (;;) {
    let first = -1;
    let time = 0n;
    for (const [i, { packets }] of inputs.entries()) {
      const packet = packets[heads[i] as number];
      if (packet !== undefined && (first < 0 || packet.time < time)) {
        first = i;
        ({ time } = packet);
      }
    }
    const input = inputs[first];
    if (input === undefined) return;
    const packet = input.packets[heads[first] as number] as CapturedPacket;
    heads[first] = (heads[first] as number) + 1;
    if (time > last) last = time;
    yield { name: input.name, time: last, iface: input.slot, bytes: frameOf(packet, input.vlan) };
  }
}
