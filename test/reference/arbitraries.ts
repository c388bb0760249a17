// SPDX-License-Identifier: BSD-3-Clause
import fc from 'fast-check';
import type { Model } from '../../src/compiler/model.js';
import { ANY_PROTOCOL, type Rule, type ServiceSet } from '../../src/firewall/model.js';
import { AddressSetBuilder } from '../../src/net/builder.js';
import type { AddressSet } from '../../src/net/sets.js';
import type { Flow } from './interpreter.js';
import { iface, model, policy, rule, zone } from './models.js';

/** Values lie close together, so that rules overlap and packets meet their edges. */
const V4_BASE = 0x0b000000;
const V6_BASE = 0x2001_0db8n << 96n;
const SPAN = 64;
const ZONES = ['inside', 'outside', 'dmz'];
const PROTOCOLS = [1, 6, 17, 47, 58, 132];

const place = fc.oneof(fc.nat(SPAN), fc.constantFrom(0, 1, SPAN - 1, SPAN));
const span = fc.tuple(place, place).map(([a, b]): [number, number] => (a <= b ? [a, b] : [b, a]));
const port = fc.oneof(fc.constantFrom(0, 1, 79, 80, 81, 255, 256, 65534, 65535), fc.nat(300));
const ports = fc.oneof(
  { weight: 2, arbitrary: fc.constant([0, 65535] as const) },
  {
    weight: 3,
    arbitrary: fc.tuple(port, port).map(([a, b]): [number, number] => (a <= b ? [a, b] : [b, a])),
  },
);

const addressSet: fc.Arbitrary<AddressSet> = fc
  .record({ v4: fc.array(span, { maxLength: 6 }), v6: fc.array(span, { maxLength: 4 }) })
  .map(({ v4, v6 }) => {
    const builder = new AddressSetBuilder();
    for (const [low, high] of v4) builder.addV4(V4_BASE + low, V4_BASE + high);
    for (const [low, high] of v6) builder.addV6(v6Address(low), v6Address(high));
    return builder.build();
  });

const serviceSet: fc.Arbitrary<ServiceSet> = fc
  .array(
    fc
      .record({
        protocol: fc.constantFrom(...PROTOCOLS, ANY_PROTOCOL),
        source: ports,
        destination: ports,
      })
      .map((one) => {
        // As the language makes them: no source ports for ICMP, no ports at all for the portless.
        if (one.protocol === 1 || one.protocol === 58)
          return { ...one, source: [0, 65535] as const };
        const free = one.protocol === 47 || one.protocol === ANY_PROTOCOL;
        const all = [0, 65535] as const;
        return free ? { ...one, source: all, destination: all } : one;
      }),
    { minLength: 1, maxLength: 4 },
  )
  .map((services) => ({ services }));

/** Models of three zones with shared and own sets, disabled rules and policies of all zone pairs. */
export function models(sizes: { policies: number; rules: number }): fc.Arbitrary<Model> {
  const from = fc.uniqueArray(fc.constantFrom(...ZONES, 'any', 'local'), {
    minLength: 1,
    maxLength: 2,
  });
  return fc
    .record({
      groups: fc.array(addressSet, { minLength: 1, maxLength: 4 }),
      services: fc.array(serviceSet, { minLength: 1, maxLength: 4 }),
      policies: fc.array(
        fc.record({
          from,
          to: from,
          rules: fc.array(
            fc.record({
              source: fc.option(fc.oneof(fc.nat(3), addressSet), { freq: 4 }),
              destination: fc.option(fc.oneof(fc.nat(3), addressSet), { freq: 4 }),
              service: fc.option(fc.oneof(fc.nat(3), serviceSet), { freq: 3 }),
              action: fc.constantFrom('allow' as const, 'deny' as const),
              log: fc.boolean(),
            }),
            { maxLength: sizes.rules },
          ),
        }),
        { minLength: 1, maxLength: sizes.policies },
      ),
    })
    .map(({ groups, services, policies }) => {
      const pick = <T extends object>(shared: T[], one: number | T | null): T | null =>
        typeof one === 'number' ? shared[one % shared.length]! : one;
      return model({
        zones: ZONES.map(zone),
        interfaces: ZONES.map((name) => iface(name, name)),
        policies: policies.map((one, p) =>
          policy(
            `p${p}`,
            one.from,
            one.to,
            one.rules.map((r, i): Rule =>
              rule(`r${i}`, {
                source: pick(groups, r.source),
                destination: pick(groups, r.destination),
                service: pick(services, r.service),
                action: r.action,
                log: r.log,
                enabled: i % 7 !== 6,
              }),
            ),
          ),
        ),
      });
    });
}

/** Flows among the same values. */
export const flows: fc.Arbitrary<Flow> = fc
  .record({
    family: fc.constantFrom(4 as const, 6 as const),
    source: place,
    destination: place,
    protocol: fc.constantFrom(...PROTOCOLS),
    sourcePort: port,
    destinationPort: port,
  })
  .map((one) => ({
    ...one,
    source: one.family === 4 ? BigInt(V4_BASE + one.source) : v6Address(one.source),
    destination: one.family === 4 ? BigInt(V4_BASE + one.destination) : v6Address(one.destination),
    sourcePort: [6, 17, 132].includes(one.protocol) ? one.sourcePort : 0,
    destinationPort: one.protocol === 47 ? 0 : one.destinationPort,
  }));

/** Steps over the border between the two 64-bit words of an address as well. */
function v6Address(step: number): bigint {
  return V6_BASE + ((1n << 64n) - BigInt(SPAN / 2)) + BigInt(step);
}
