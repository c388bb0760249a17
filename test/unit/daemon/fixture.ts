// SPDX-License-Identifier: BSD-3-Clause
import { compileModel } from '../../../src/compiler/image.js';
import { loadModel } from '../../../src/compiler/load.js';
import type { Model } from '../../../src/compiler/model.js';
import { noSlots, type Slots } from '../../../src/compiler/slots.js';
import { Names } from '../../../src/daemon/names.js';
import { diskReader } from '../../../src/rulefile/reader.js';
import { decodeImage, type DecodedImage } from '../../../src/tables/decode.js';

export interface Fixture {
  readonly model: Model;
  readonly slots: Slots;
  readonly bytes: Uint8Array;
  readonly image: DecodedImage;
  readonly names: Names;
}

/** The lab's rule file, compiled as generation 7. */
export function office(slots: Slots = noSlots()): Fixture {
  const { model } = loadModel('rules/office.yaml', diskReader);
  const compiled = compileModel(model!, { generation: 7, slots });
  if (!compiled.ok) throw new Error('rules/office.yaml does not compile');
  const image = decodeImage(compiled.image);
  const names = new Names();
  names.take(image);
  return { model: model!, slots: compiled.slots, bytes: compiled.image, image, names };
}
