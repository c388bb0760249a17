// SPDX-License-Identifier: BSD-3-Clause
import type { Model } from '../../src/compiler/model.js';
import { ANY_PROTOCOL, type Policy, type Rule, type ServiceSet } from '../../src/firewall/model.js';
import type { AddressSet } from '../../src/net/sets.js';
import { CONSTANTS as C } from '../../src/tables/layout.js';
import type { DecodedImage } from '../../src/tables/decode.js';

/** What rules look at. ICMP: `destinationPort` is type * 256 + code; protocols without ports: 0. */
export interface Flow {
  readonly family: 4 | 6;
  readonly source: bigint;
  readonly destination: bigint;
  readonly protocol: number;
  readonly sourcePort: number;
  readonly destinationPort: number;
}

/**
 * The first rule of a model that matches, by the plainest reading of it. `to` null: no route. `holds`
 * says of a rule whether its conditions do; they are not looked at without it.
 */
export function firstMatch(
  { policies }: Model,
  from: string,
  to: string | null,
  flow: Flow,
  holds: (rule: Rule) => boolean = () => true,
): { policy: Policy; rule: Rule } | null {
  const fits = (zones: readonly string[], zone: string | null) =>
    zones.some((one) => (one === 'any' ? zone !== 'local' : one === zone));
  for (const policy of policies) {
    if (!fits(policy.from, from) || !fits(policy.to, to)) continue;
    for (const rule of policy.rules)
      if (
        rule.enabled &&
        inSet(rule.source, flow.family, flow.source) &&
        inSet(rule.destination, flow.family, flow.destination) &&
        inServices(rule.service, flow) &&
        holds(rule)
      )
        return { policy, rule };
  }
  return null;
}

function inSet(set: AddressSet | null, family: 4 | 6, address: bigint): boolean {
  if (set === null) return true;
  if (family === 4) {
    for (let i = 0; i < set.v4.length; i += 2)
      if (address >= BigInt(set.v4[i]!) && address <= BigInt(set.v4[i + 1]!)) return true;
    return false;
  }
  for (let i = 0; i < set.v6.length; i += 4) {
    const low = (set.v6[i]! << 64n) | set.v6[i + 1]!;
    const high = (set.v6[i + 2]! << 64n) | set.v6[i + 3]!;
    if (address >= low && address <= high) return true;
  }
  return false;
}

function inServices(set: ServiceSet | null, flow: Flow): boolean {
  if (set === null) return true;
  return set.services.some(
    ({ protocol, source, destination }) =>
      (protocol === ANY_PROTOCOL || protocol === flow.protocol) &&
      flow.sourcePort >= source[0] &&
      flow.sourcePort <= source[1] &&
      flow.destinationPort >= destination[0] &&
      flow.destinationPort <= destination[1],
  );
}

/** The slot of the first rule an image matches for a zone pair, or null; reads its records alone. */
export function imageMatch(
  image: DecodedImage,
  from: number,
  to: number,
  flow: Flow,
): number | null {
  const pair = image.records('pairs').find((one) => one.from === from && one.to === to);
  if (pair === undefined) return null;
  const run = <T>(all: readonly T[], first: number, count: number) =>
    all.slice(first, first + count);
  for (const { part } of run(image.records('pair_parts'), pair.first_part, pair.parts)) {
    const { first_policy, policies } = image.records('parts')[part]!;
    for (const { policy } of run(image.records('part_policies'), first_policy, policies)) {
      const { first_rule, rules } = image.records('policies')[policy]!;
      for (const rule of run(image.records('rules'), first_rule, rules))
        if (
          imageSet(image, rule.source, flow.family, flow.source) &&
          imageSet(image, rule.destination, flow.family, flow.destination) &&
          imageServices(image, rule.service, flow)
        )
          return rule.slot;
    }
  }
  return null;
}

function imageSet(image: DecodedImage, id: number, family: 4 | 6, address: bigint): boolean {
  if (id === C.SET_ANY) return true;
  const { first4, count4, first6, count6 } = image.records('address_sets')[id]!;
  if (family === 4)
    return image
      .records('ranges4')
      .slice(first4, first4 + count4)
      .some(({ lo, hi }) => address >= BigInt(lo) && address <= BigInt(hi));
  return image
    .records('ranges6')
    .slice(first6, first6 + count6)
    .some(
      (range) =>
        address >= ((range.lo_high << 64n) | range.lo_low) &&
        address <= ((range.hi_high << 64n) | range.hi_low),
    );
}

function imageServices(image: DecodedImage, id: number, flow: Flow): boolean {
  if (id === C.SET_ANY) return true;
  const { first, count } = image.records('service_sets')[id]!;
  return image
    .records('services')
    .slice(first, first + count)
    .some(
      (one) =>
        (one.protocol === C.PROTO_ANY || one.protocol === flow.protocol) &&
        flow.sourcePort >= one.source_lo &&
        flow.sourcePort <= one.source_hi &&
        flow.destinationPort >= one.destination_lo &&
        flow.destinationPort <= one.destination_hi,
    );
}
