// SPDX-License-Identifier: BSD-3-Clause
import { ruleKey, type SlotEntry, type SlotMap, type Slots } from '../compiler/slots.js';
import type { DecodedImage } from '../tables/decode.js';

/**
 * The slots of an image that is in force, to go on from when sluiced comes back to a datapath that
 * went on without it. Names that had left the model are not in it; the circle in which slots are
 * given out starts past the highest used, so theirs rest still.
 */
export function slotsOfImage(image: DecodedImage): Slots {
  const generation = Number(image.generation);
  const map = (): { add: (name: string, slot: number) => void; end: () => SlotMap } => {
    const slots = new Map<string, number>();
    let next = 0;
    return {
      add: (name, slot) => {
        slots.set(name, slot);
        next = Math.max(next, slot + 1);
      },
      end: () => ({ next, generation, slots, left: new Map<string, SlotEntry>() }),
    };
  };
  const zones = map();
  for (const { name, slot } of image.records('zones')) zones.add(image.string(name), slot);
  const interfaces = map();
  for (const { name, slot } of image.records('interfaces'))
    interfaces.add(image.string(name), slot);
  const policies = [...image.records('policies')].map(({ name }) => image.string(name));
  const rules = map();
  for (const { policy, name, slot } of image.records('rules'))
    rules.add(ruleKey(policies[policy] ?? '', image.string(name)), slot);
  const balancers = map();
  const backends = map();
  const all = image.records('backends');
  for (const { name, slot, first_backend: first, backends: count } of image.records('balancers')) {
    const balancer = image.string(name);
    balancers.add(balancer, slot);
    for (const one of all.slice(first, first + count))
      backends.add(ruleKey(balancer, image.string(one.name)), one.slot);
  }
  return {
    zones: zones.end(),
    interfaces: interfaces.end(),
    rules: rules.end(),
    balancers: balancers.end(),
    backends: backends.end(),
  };
}
