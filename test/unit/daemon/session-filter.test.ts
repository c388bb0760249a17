// SPDX-License-Identifier: BSD-3-Clause
import { describe, expect, test } from 'vitest';
import { sessionFilter } from '../../../src/daemon/session-filter.js';
import { MESSAGES } from '../../../src/tables/messages.js';
import { readRecord } from '../../../src/tables/records.js';
import { office } from './fixture.js';

const { names } = office();

function filter(text: string): Record<string, unknown> {
  const bytes = sessionFilter(new URLSearchParams(text), '5', names);
  return readRecord(MESSAGES.session_filter, new DataView(bytes.buffer), 0);
}

const NONE = {
  source: new Uint8Array(16),
  destination: new Uint8Array(16),
  rule: 0xffffffff,
  limit: 5,
  protocol: 256,
  from: 0,
  to: 0,
  port: 0,
  family: 0,
  source_length: 0,
  destination_length: 0,
  flags: 0,
};

describe('session filters', () => {
  test('without any, all sessions fit', () => {
    expect(filter('')).toEqual(NONE);
  });

  test('all together', () => {
    const source = new Uint8Array(16);
    source.set([10, 1, 0, 0]);
    const destination = new Uint8Array(16);
    destination.set([203, 0, 113, 80]);
    expect(
      filter(
        'source=10.1.0.0/16&destination=203.0.113.80&protocol=tcp&port=443&from=inside&to=internet&rule=office-out/browse',
      ),
    ).toEqual({
      ...NONE,
      source,
      destination,
      rule: names.ruleSlots.get('office-out/browse'),
      protocol: 6,
      from: names.zoneSlots.get('inside'),
      to: names.zoneSlots.get('internet'),
      port: 443,
      family: 4,
      source_length: 16,
      destination_length: 32,
    });
  });

  test.each([
    ['source=10.1.0.0/16&destination=::1', 'source and destination are of different families'],
    [
      'rule=office-out/brows',
      "there is no rule 'office-out/brows', did you mean 'office-out/browse'?",
    ],
    ['from=insde', "there is no zone 'insde', did you mean 'inside'?"],
    ['port=65536', "port '65536' is no number from 0 to 65535"],
    ['protocol=gre', "protocol 'gre' is no number from 0 to 255"],
  ])('%s', (text, message) => {
    expect(() => filter(text)).toThrow(message);
  });
});
