// SPDX-License-Identifier: BSD-3-Clause
import { describe, expect, it } from 'vitest';
import { compileModel } from '../../../src/compiler/image.js';
import { noSlots } from '../../../src/compiler/slots.js';
import { decodeImage } from '../../../src/tables/decode.js';
import { CONSTANTS as C } from '../../../src/tables/layout.js';
import { BASE } from '../fixtures/codes.js';
import { modelOf, shown } from '../fixtures/load.js';

const file = (extensions: string) => `${BASE}settings: {ipv6-extensions: ${extensions}}\n`;

describe('IPv6 extension headers', () => {
  const record = (text: string) => {
    const done = compileModel(modelOf(text), { generation: 1, slots: noSlots() });
    if (!done.ok) throw new Error(done.diagnostics[0]?.message);
    const [settings] = decodeImage(done.image).records('settings');
    return [settings?.ip6_routing, settings?.ip6_headers, settings?.ip6_flags];
  };

  it('pass but for routing headers unless settings say otherwise', () => {
    expect(record(BASE)).toEqual([0, 8, 0]);
    expect(record(file('{}'))).toEqual([0, 8, 0]);
    expect(record(file('{hop-by-hop: allow, other: allow, routing: []}'))).toEqual([0, 8, 0]);
  });

  it('are told apart', () => {
    expect(record(file('{hop-by-hop: drop}'))).toEqual([0, 8, C.IP6_DROP_HOP_BY_HOP]);
    expect(record(file('{destination-options: drop}'))).toEqual([0, 8, C.IP6_DROP_DESTINATION]);
    expect(record(file('{other: drop, max-headers: 0}'))).toEqual([0, 0, C.IP6_DROP_OTHER]);
    expect(record(file('{routing: [4, 2, 4]}'))).toEqual([0b10100, 8, 0]);
  });

  it('of type 0, or of no meaning, are errors', () => {
    expect(shown(file('{routing: [2, 0], max-headers: 9, hop-by-hop: deny}'))).toEqual([
      "6:43 wrong-value: a type of routing header from 1 to 15 is expected here, not '0'",
      "6:60 wrong-value: a number of headers from 0 to 8 is expected here, not '9'",
      "6:75 wrong-value: allow or drop is expected here, not 'deny'",
    ]);
    expect(shown(file('{unknown: drop}'))).toEqual([
      "6:30 unknown-key: there is no key 'unknown' here",
    ]);
  });
});
