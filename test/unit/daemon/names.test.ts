// SPDX-License-Identifier: BSD-3-Clause
import { readFileSync } from 'node:fs';
import { expect, test } from 'vitest';
import { slotsOfImage } from '../../../src/daemon/resume.js';
import { compileModel } from '../../../src/compiler/image.js';
import { decodeImage } from '../../../src/tables/decode.js';
import { noSlots } from '../../../src/compiler/slots.js';
import { BASE } from '../fixtures/codes.js';
import { modelOf } from '../fixtures/load.js';
import { office } from './fixture.js';

test('names of an image are those of the file, with the built-in ones last', () => {
  const { names } = office();
  expect(names.interfaces[0]).toEqual({
    slot: 1,
    name: 'inside',
    zone: 'inside',
    addresses: ['10.1.0.1/16', '2001:db8:a::1/64'],
    mtu: 1500,
    parent: null,
    parentSlot: null,
    vlan: null,
  });
  expect(names.rules.map(({ slot }) => names.rule(slot))).toEqual([
    'office-out/no-direct-mail',
    'office-out/browse',
    'published/web',
    'published/ping',
    'manage/ssh',
    'manage/ping',
    'default deny',
    'from the appliance itself',
    'implicit: neighbor discovery',
    'implicit: needed ICMPv6',
    'implicit: DHCP replies',
    'implicit: IKE of tunnels',
  ]);
  const lines = readFileSync('rules/office.yaml', 'utf8').split('\n');
  const line = lines.findIndex((text) => text.includes('name: no-direct-mail')) + 1;
  expect(names.rules[0]).toMatchObject({ file: 'rules/office.yaml', line });
  expect([names.zone(0), names.zone(1), names.zone(2), names.zone(99)]).toEqual([
    'none',
    'local',
    'inside',
    'zone slot 99',
  ]);
  expect([names.interface(0), names.interface(9)]).toEqual([null, 'interface slot 9']);
  expect(names.rule(4711)).toBe('rule slot 4711');
});

test('slots taken up from an image give the same image again', () => {
  const { image, bytes } = office();
  expect(Buffer.from(office(slotsOfImage(image)).bytes).equals(bytes)).toBe(true);
});

test('NAT rules have their slots again too, both of one that is one to one', () => {
  const text = `${BASE}policies: [{name: p, from: any, to: any, rules: [{name: r, action: allow}]}]
nat:
  source: [{name: off, from: inside, to: internet, translate-to: none, enabled: false}, {name: a, from: inside, to: internet, translate-to: interface}]
  static: [{name: b, zone: internet, inside: 10.1.0.9, outside: 198.51.100.9}]
`;
  const first = compileModel(modelOf(text), { generation: 3, slots: noSlots() });
  if (!first.ok) throw new Error(first.diagnostics[0]?.message);
  const slots = slotsOfImage(decodeImage(first.image));
  const again = compileModel(modelOf(text), { generation: 3, slots });
  if (!again.ok) throw new Error(again.diagnostics[0]?.message);
  const known = [...decodeImage(first.image).records('rules')].map(({ slot }) => slot);
  expect([...decodeImage(again.image).records('rules')].map(({ slot }) => slot)).toEqual(known);
  expect(known).toHaveLength(4);
});
