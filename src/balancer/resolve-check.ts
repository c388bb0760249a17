// SPDX-License-Identifier: BSD-3-Clause
import { quote } from '../diagnostics/text.js';
import type { ServiceSet } from '../firewall/model.js';
import { parsePortRange } from '../net/services.js';
import type { Context } from '../rulefile/context.js';
import { itemsOf } from '../rulefile/schema.js';
import type { CheckKind } from './health/check.js';
import type { Backend, BalancerCheck } from './model.js';
import type { BalancerConfig } from './schema.js';

type CheckConfig = NonNullable<BalancerConfig['check']>;
type Ranges = readonly (readonly [number, number])[];

const KINDS = ['tcp', 'tls', 'http', 'https', 'icmp', 'udp'] as const;
const UNITS = new Map([
  ['ms', 1],
  ['s', 1000],
  ['m', 60_000],
]);

/** ms of a time as rule files have it; undefined after a report. */
export function timeOf<K extends string>(
  owner: { readonly [key in K]: string },
  key: K,
  [least, most]: readonly [number, number],
  context: Context,
): number | undefined {
  const [, digits = '', unit = 's'] = /^([0-9]+)([a-z]*)$/.exec(owner[key]) ?? [];
  const ms = Number(digits) * (UNITS.get(unit === '' ? 's' : unit) ?? 1000);
  if (ms >= least && ms <= most) return ms;
  const message = `${quote(owner[key])} is not from ${least} to ${most} ms`;
  context.report('balancer-form', context.at(owner, key), message);
  return undefined;
}

/** How backends are checked: null where they are not, undefined after a report. */
export function resolveCheck(
  one: BalancerConfig,
  asked: { readonly service: ServiceSet | null; readonly backends: readonly Backend[] },
  context: Context,
): BalancerCheck | null | undefined {
  const { check, sorry } = one;
  if (check === undefined) return null;
  const fail = (key: string, message: string): void =>
    context.report('balancer-form', context.at(check, key), message);
  const kinds = KINDS.filter((kind) => check[kind] !== undefined && check[kind] !== false);
  const [kind] = kinds;
  if (kind === undefined || kinds.length > 1) {
    const message = `a check is one of ${KINDS.join(', ')}`;
    context.report('balancer-form', context.at(one, 'check'), message);
    return undefined;
  }
  if (check.status !== undefined && kind !== 'http' && kind !== 'https') {
    fail('status', 'a status is part of http and https alone');
    return undefined;
  }
  if (check.expect !== undefined && kind !== 'http' && kind !== 'https' && kind !== 'udp') {
    fail('expect', 'an answer is looked at with http, https and udp alone');
    return undefined;
  }
  const status = check.status === undefined ? [[200, 399] as const] : statusOf(check, context);
  const interval = timeOf(check, 'interval', [100, 3_600_000], context);
  if (status === undefined || interval === undefined) return undefined;
  const timeout = timeOf(check, 'timeout', [10, interval], context);
  if (timeout === undefined) return undefined;
  const port = check.port ?? onlyPort(asked.service);
  if (kind !== 'icmp' && port === null && asked.backends.some((backend) => backend.port === null)) {
    fail(kind, "which port? Backends have none, and the service has more than one: give 'port'");
    return undefined;
  }
  return {
    ask: askOf(kind, check, status),
    interval,
    timeout,
    rise: check.rise,
    fall: check.fall,
    port: check.port ?? null,
    breaker: check.breaker ?? sorry === undefined,
  };
}

/** The port that is meant where neither check nor backend has one. */
export function onlyPort(service: ServiceSet | null): number | null {
  const ports = new Set((service?.services ?? []).flatMap(({ destination }) => destination));
  const [only] = ports;
  return ports.size === 1 && only !== undefined ? only : null;
}

function askOf(kind: (typeof KINDS)[number], check: CheckConfig, status: Ranges): CheckKind {
  const host = check.host ?? null;
  const { verify } = check;
  switch (kind) {
    case 'tcp':
    case 'icmp':
      return { kind };
    case 'tls':
      return { kind, name: host, verify };
    case 'udp':
      return { kind, send: new TextEncoder().encode(check.udp), expect: check.expect ?? null };
    default: {
      const body = check.expect ?? null;
      const page = check[kind] ?? '/';
      return { kind: 'http', tls: kind === 'https', path: page, host, verify, status, body };
    }
  }
}

function statusOf(check: CheckConfig, context: Context): Ranges | undefined {
  const found: (readonly [number, number])[] = [];
  for (const { text, owner, key } of itemsOf(check, 'status', check.status ?? [])) {
    const range = parsePortRange(text);
    if (typeof range !== 'string' && range[0] >= 100 && range[1] <= 599) {
      found.push(range);
      continue;
    }
    const message = `${quote(text)} is no status code from 100 to 599, nor a range of them`;
    context.report('balancer-form', context.at(owner, key), message);
    return undefined;
  }
  return found;
}
