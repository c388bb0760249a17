// SPDX-License-Identifier: BSD-3-Clause
import { join } from 'node:path';
import { slotOf } from '../compiler/slots.js';
import { PcapWriter } from '../datapath/capture-write.js';
import type { OfflineOutput } from '../datapath/offline.js';
import { CONSTANTS } from '../tables/layout.js';
import type { CompiledFile } from './compiled.js';

/** A capture for every port, and `local.pcap` for what goes to the appliance itself. */
export class OutputFiles {
  readonly #files: ReadonlyMap<number, PcapWriter>;

  constructor(folder: string, { model, slots }: CompiledFile) {
    const file = (name: string) => new PcapWriter(join(folder, `${name}.pcap`));
    const ports = model.interfaces.filter(
      ({ parent, management }) => parent === null && !management,
    );
    this.#files = new Map([
      [CONSTANTS.IFACE_NONE, file('local')],
      ...ports.map(({ name }) => [slotOf(slots.interfaces, name), file(name)] as const),
    ]);
  }

  add({ iface, time, bytes }: OfflineOutput): void {
    this.#files.get(iface)?.add(time, bytes);
  }

  close(): void {
    for (const file of this.#files.values()) file.close();
  }
}
