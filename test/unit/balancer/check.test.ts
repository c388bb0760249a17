// SPDX-License-Identifier: BSD-3-Clause
import { describe, expect, it } from 'vitest';
import { BASE } from '../fixtures/codes.js';
import { modelOf, shown } from '../fixtures/load.js';

const file = (check: string, more = '', service = 'tcp/80'): string =>
  `${BASE}balancers:\n  shop:\n    at: 198.51.100.4\n    service: ${service}\n${more}` +
  `    check: ${check}\n    backends: { a: { address: 10.1.0.11 }, s: { address: 10.1.0.12 } }\n`;
const kind = (check: string, more = '') => modelOf(file(check, more)).balancers[0]?.check;

describe('checks of backends in rule files', () => {
  it('have defaults', () => {
    expect(kind('{ https: /health, rise: 2, fall: 3 }')).toEqual({
      ask: {
        kind: 'http',
        tls: true,
        path: '/health',
        host: null,
        verify: false,
        status: [[200, 399]],
        body: null,
      },
      interval: 2000,
      timeout: 1000,
      rise: 2,
      fall: 3,
      port: null,
      breaker: true,
    });
    expect(kind('{ tcp: true, interval: 1m, timeout: 500ms }')).toMatchObject({
      ask: { kind: 'tcp' },
      interval: 60_000,
      timeout: 500,
    });
  });

  it('have no breaker beside a sorry backend, unless it is asked for', () => {
    expect(kind('{ icmp: true }', '    sorry: s\n')?.breaker).toBe(false);
    expect(kind('{ icmp: true, breaker: true }', '    sorry: s\n')?.breaker).toBe(true);
  });

  it.each([
    ['{ rise: 2 }', '10:12', 'a check is one of tcp, tls, http, https, icmp, udp'],
    ['{ tcp: true, icmp: true }', '10:12', 'a check is one of tcp, tls, http, https, icmp, udp'],
    ['{ tcp: true, status: 200 }', '10:33', 'a status is part of http and https alone'],
    ['{ tcp: true, expect: x }', '10:33', 'an answer is looked at with http, https and udp alone'],
    [
      '{ http: /, status: 99 }',
      '10:31',
      "'99' is no status code from 100 to 599, nor a range of them",
    ],
    ['{ tcp: true, timeout: 3s }', '10:34', "'3s' is not from 10 to 2000 ms"],
    ['{ tcp: true, interval: 10ms }', '10:35', "'10ms' is not from 100 to 3600000 ms"],
  ])('%s is refused', (check, at, message) => {
    expect(shown(file(check))).toEqual([`${at} balancer-form: ${message}`]);
  });

  it('need a port to ask', () => {
    expect(shown(file('{ tcp: true }', '', 'tcp/80-81'))).toEqual([
      "10:19 balancer-form: which port? Backends have none, and the service has more than one: give 'port'",
    ]);
  });

  it('are not needed for direct return, but its backends are on a link and keep the port', () => {
    const direct = (backend: string): string =>
      `${BASE}balancers:\n  shop:\n    at: 198.51.100.4\n    mode: direct\n    backends: { a: { ${backend} } }\n`;
    expect(shown(direct('address: 10.1.0.11'))).toEqual([]);
    expect(shown(direct('address: 10.9.0.11'))).toEqual([
      "10:31 balancer-form: 10.9.0.11 is on no interface's subnet, where direct return needs it",
    ]);
    expect(shown(direct('address: 10.1.0.11, port: 80'))).toEqual([
      "10:48 balancer-form: with 'direct' a backend keeps the port that was asked for",
    ]);
  });

  it('know the sorry backend', () => {
    expect(shown(file('{ tcp: true }', '    sorry: nobody\n'))).toEqual([
      "10:12 balancer-form: there is no backend 'nobody' that is enabled",
    ]);
  });
});
