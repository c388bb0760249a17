// SPDX-License-Identifier: BSD-3-Clause
import { describe, expect, it } from 'vitest';
import { NO_EXTRA, isConditional } from '../../../src/firewall/model.js';
import { BASE } from '../fixtures/codes.js';
import { modelOf, shown } from '../fixtures/load.js';

const file = (rule: string, rest = '') =>
  `${BASE}policies:\n  - name: p\n    from: inside\n    to: internet\n    midstream: allow\n    keep-established: true\n    rules:\n      - {name: r, ${rule}}\n${rest}`;
const ruleOf = (rule: string, rest = '') => modelOf(file(rule, rest)).policies[0]!.rules[0]!;
const problems = (rule: string, rest = '') =>
  shown(file(rule, rest)).map((line) => line.replace(/^13:/, ''));

describe('what few rules have', () => {
  it('is nothing where nothing is written', () => {
    const rule = ruleOf('action: allow, log: true');
    expect(rule.extra).toBeNull();
    expect(rule).toMatchObject({ log: true, logEnd: true, stateless: false, midstream: true });
    expect(isConditional(rule)).toBe(false);
    expect(modelOf(file('action: deny')).policies[0]!.keepEstablished).toBe(true);
  });

  it('is read whole', () => {
    const rule = ruleOf(
      'action: reject, reject-with: tcp-reset, source-mac: ["52:54:00:00:00:0B", "02:00:00:00:00:01"],' +
        ' in: inside, out: [wan, wan], tcp-flags: {set: syn, clear: [ack, fin]}, dscp: [ef, 0, cs1],' +
        ' schedule: night, midstream: deny, state: none,' +
        ' limit: {rate: 10/m, burst: 5, sessions: 7, rate-per-source: 3/s, sessions-per-source: 2, source-prefix: {v4: 24}, over: next},' +
        ' log: {end: false, limit: 1/h}',
      'schedules: {night: {weekly: [{from: "22:00", to: "06:00"}]}}\n',
    );
    expect(rule.extra).toEqual({
      sourceMacs: [0x020000000001, 0x52540000000b],
      in: ['inside'],
      out: ['wan'],
      tcpFlags: { mask: 0x13, value: 0x02, not: false },
      dscp: (1n << 46n) | 1n | (1n << 8n),
      schedule: 'night',
      forward: null,
      balancer: null,
      limit: {
        rate: { every: 6e9, burst: 5 },
        sourceRate: { every: 333_333_333, burst: 5 },
        sessions: 7,
        sourceSessions: 2,
        sourceLength: { v4: 24, v6: 64 },
        over: 'next',
      },
      rejectWith: 'tcp-reset',
      setDscp: null,
      setMss: null,
      logRate: { every: 3.6e12, burst: 1 },
      helper: null,
    });
    expect(rule).toMatchObject({ log: true, logEnd: false, stateless: true, midstream: false });
    expect(isConditional(rule)).toBe(true);
  });

  it('has a helper', () => {
    expect(ruleOf('action: allow, service: tcp/21, helper: ftp').extra).toEqual({
      ...NO_EXTRA,
      helper: 'ftp',
    });
    expect(problems('action: deny, service: tcp/21, helper: ftp')).toEqual([
      '58 rule-form: only sessions of an allowing rule have a helper',
    ]);
    expect(problems('action: allow, state: none, service: tcp/21, helper: ftp')).toEqual([
      '72 rule-form: only sessions of an allowing rule have a helper',
    ]);
    expect(problems('action: allow, helper: ftp')).toEqual([
      "42 rule-form: 'service' is missing: a helper reads all of the rule's sessions",
    ]);
  });

  it('changes packets', () => {
    expect(ruleOf('action: allow, set: {dscp: 46, mss: clamp}').extra).toEqual({
      ...NO_EXTRA,
      setDscp: 46,
      setMss: 'clamp',
    });
    expect(ruleOf('action: allow, set: {mss: 1360}').extra?.setMss).toBe(1360);
  });

  it('says what does not fit, with its place', () => {
    expect(problems('action: allow, in: [inside, lan]')).toEqual([
      "47 unknown-interface: there is no interface 'lan' [did you mean 'wan'?]",
    ]);
    expect(problems('action: allow, tcp-flags: {set: syn, clear: syn}')).toEqual([
      '45 rule-form: a flag cannot be both set and clear',
    ]);
    expect(problems('action: allow, tcp-flags: {}')).toEqual(['45 rule-form: no flag is named']);
    expect(problems('action: allow, tcp-flags: {set: syn, not: {set: ack}}')).toEqual([
      "61 rule-form: 'not' stands alone",
    ]);
    expect(problems('action: allow, dscp: [ef, af99]')).toEqual([
      "45 wrong-value: 'af99' is no DSCP: a name like ef or af31, or 0 to 63",
    ]);
    expect(problems('action: allow, limit: {}')).toEqual(['41 rule-form: no limit is given']);
    expect(problems('action: allow, limit: {sessions: 5, burst: 5}')).toEqual([
      "62 rule-form: 'burst' belongs to a rate",
    ]);
    expect(problems('action: allow, limit: {rate: 10}')).toEqual([
      "48 wrong-value: '10' is not a rate like 100/s or 10/m",
    ]);
    expect(problems('action: deny, set: {mss: 1360}')).toEqual([
      '38 rule-form: only an allowed packet can be changed',
    ]);
    expect(problems('action: allow, source-mac: 1:2:3:4:5:6')).toEqual([
      "46 wrong-value: '1:2:3:4:5:6' is not a MAC address like 52:54:00:00:00:01",
    ]);
  });

  it('cannot be told by a management interface', () => {
    const text = file('action: allow, in: mgmt').replace(
      'interfaces:\n',
      'interfaces:\n  mgmt: {management: true}\n',
    );
    expect(shown(text)).toEqual([
      "14:38 rule-form: 'mgmt' is a management interface, apart from all zones",
    ]);
  });
});

describe('schedules', () => {
  const schedule = (text: string) =>
    modelOf(`version: 1\nsystem: {timezone: Asia/Tokyo}\nschedules: {s: {${text}}}\n`)
      .schedules[0]!;
  const hours = (n: number) => n * 3600;

  it('are windows of local time', () => {
    const { timezone, windows } = schedule(
      'timezone: Europe/Berlin, weekly: [{days: [mon-fri, sun], from: "08:00", to: "18:30"}], dates: [{from: "2026-12-24 00:00", to: "2026-12-27 12:00"}]',
    );
    expect(timezone).toBe('Europe/Berlin');
    expect(windows).toEqual([
      { days: 0b1011111, from: hours(8), to: hours(18.5) },
      { days: 0, from: Date.UTC(2026, 11, 24) / 1000, to: Date.UTC(2026, 11, 27, 12) / 1000 },
    ]);
  });

  it('over midnight end on the next day', () => {
    const { timezone, windows } = schedule(
      'weekly: [{days: [sat-sun], from: "22:00", to: "06:00"}, {days: fri-mon, from: "22:00", to: "00:00"}, {}]',
    );
    expect(timezone).toBe('Asia/Tokyo');
    expect(windows).toEqual([
      { days: 0b1100000, from: hours(22), to: hours(24) },
      { days: 0b1000001, from: 0, to: hours(6) },
      { days: 0b1110001, from: hours(22), to: hours(24) },
      { days: 0b1111111, from: 0, to: hours(24) },
    ]);
  });

  it('that have no time are refused', () => {
    const of = (text: string) => shown(`version: 1\nschedules: {s: {${text}}}\n`);
    expect(of('weekly: [{from: "08:00", to: "08:00"}]')).toEqual([
      '2:33 schedule-time: it starts and ends at the same time; leave both out for whole days',
    ]);
    expect(of('dates: [{from: "2026-12-24 00:00", to: "2026-12-24 00:00"}]')).toEqual([
      '2:56 schedule-time: it ends before it starts',
    ]);
    expect(of('weekly: [{days: mo}]')).toEqual([
      "2:33 wrong-value: 'mo' is not a day or days like mon or mon-fri",
    ]);
    expect(of('timezone: Mars/Base')).toEqual([
      "2:27 unknown-timezone: there is no timezone 'Mars/Base' [a timezone is named as in Europe/Berlin or UTC]",
    ]);
  });
});

describe('interfaces and zones', () => {
  it('have anti-spoofing, an MSS and flood limits', () => {
    const model = modelOf(`version: 1
settings: {reverse-path: loose, midstream-grace: 2m, fragments: {timeout: 10s, max-datagrams: 100}}
interfaces:
  a: {zone: z, mss: clamp}
  b: {zone: z, reverse-path: off, mss: 1300}
zones: {z: {flood: {syn: 1000/s, per-source: 50/s}}}
`);
    expect(model.interfaces.map(({ reversePath, mss }) => [reversePath, mss])).toEqual([
      ['loose', 'clamp'],
      ['off', 1300],
    ]);
    expect(model.zones[0]!.flood).toEqual({ syn: 1000, udp: 0, icmp: 0, other: 0, perSource: 50 });
    expect(model.settings).toMatchObject({
      midstreamGrace: 120,
      fragments: { timeout: 10, datagrams: 100, perSource: 100 },
    });
  });
});
