// SPDX-License-Identifier: BSD-3-Clause
import { compileModel } from '../../../src/compiler/image.js';
import { loadModel } from '../../../src/compiler/load.js';
import { noSlots, slotOf, type Slots } from '../../../src/compiler/slots.js';
import { etherFrame } from '../../../src/datapath/frame.js';
import type { OfflineDatapath } from '../../../src/datapath/offline.js';
import { textReader } from '../../../src/rulefile/reader.js';
import { MESSAGE_CONSTANTS as M } from '../../../src/tables/messages.js';

/** A packet that left, without its Ethernet header, and where; or why it did not. */
export interface Left {
  readonly out: readonly { readonly iface: string; readonly ip: Buffer }[];
  /** What the appliance said of itself meanwhile. */
  readonly generated: readonly Buffer[];
  readonly reason: string | null;
}

/** A rule file in force, packets in by interface and out again. */
export class Wire {
  readonly #datapath: OfflineDatapath;
  readonly #slots: Slots;
  readonly #names: ReadonlyMap<number, string>;
  #time = 1_000_000_000n;

  private constructor(datapath: OfflineDatapath, slots: Slots, interfaces: readonly string[]) {
    this.#datapath = datapath;
    this.#slots = slots;
    this.#names = new Map(interfaces.map((name) => [slotOf(slots.interfaces, name), name]));
  }

  static async up(datapath: OfflineDatapath, text: string): Promise<Wire> {
    const { model, diagnostics } = loadModel('r.yaml', textReader(new Map([['r.yaml', text]])));
    if (model === null) throw new Error(diagnostics[0]?.message);
    const done = compileModel(model, { generation: 1, slots: noSlots() });
    if (!done.ok) throw new Error(done.diagnostics[0]?.message);
    await datapath.load(done.image);
    return new Wire(
      datapath,
      done.slots,
      model.interfaces.map(({ name }) => name),
    );
  }

  async send(iface: string, ip: Uint8Array): Promise<Left> {
    const family = (ip[0] ?? 0) >> 4 === 6 ? 6 : 4;
    this.#time += 1_000_000n;
    const { results, outputs } = await this.#datapath.run(
      'replay',
      [
        {
          time: this.#time,
          iface: slotOf(this.#slots.interfaces, iface),
          bytes: etherFrame(ip, family, 0),
        },
      ],
      false,
    );
    const own = (input: number) => input === M.INPUT_GENERATED;
    return {
      out: outputs
        .filter(({ input }) => !own(input))
        .map((one) => ({
          iface: this.#names.get(one.iface) ?? '',
          ip: Buffer.from(one.bytes.subarray(14)),
        })),
      generated: outputs
        .filter(({ input }) => own(input))
        .map(({ bytes }) => Buffer.from(bytes.subarray(14))),
      reason: this.#datapath.reason(results[0]?.reason ?? 0),
    };
  }
}
