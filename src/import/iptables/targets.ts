// SPDX-License-Identifier: BSD-3-Clause
import { asWritten } from './matches.js';
import type { RejectWith, Target } from '../shared/rule.js';
import type { RuleParts } from './options.js';

/** Answers of REJECT; the five prohibitions are one here. */
const ANSWERS = new Map<string, RejectWith>([
  ['tcp-reset', 'tcp-reset'],
  ['tcp-rst', 'tcp-reset'],
  ['port-unreach', 'port-unreachable'],
  ['host-unreach', 'host-unreachable'],
  ['net-unreach', 'net-unreachable'],
  ['net-prohib', 'admin-prohibited'],
  ['host-prohib', 'admin-prohibited'],
  ['admin-prohib', 'admin-prohibited'],
  ['icmp-port-unreachable', 'port-unreachable'],
  ['icmp-host-unreachable', 'host-unreachable'],
  ['icmp-net-unreachable', 'net-unreachable'],
  ['icmp-net-prohibited', 'admin-prohibited'],
  ['icmp-host-prohibited', 'admin-prohibited'],
  ['icmp-admin-prohibited', 'admin-prohibited'],
  ['icmp6-no-route', 'net-unreachable'],
  ['no-route', 'net-unreachable'],
  ['icmp6-adm-prohibited', 'admin-prohibited'],
  ['adm-prohibited', 'admin-prohibited'],
  ['icmp6-addr-unreachable', 'host-unreachable'],
  ['addr-unreach', 'host-unreachable'],
  ['icmp6-port-unreachable', 'port-unreachable'],
]);

/** Targets that let the packet go on to the next rule. */
// prettier-ignore
const PASSING = new Set([
  'AUDIT', 'CHECKSUM', 'CLASSIFY', 'CONNMARK', 'CONNSECMARK', 'CT', 'DSCP', 'ECN', 'HL',
  'HMARK', 'IDLETIMER', 'LED', 'MARK', 'NOTRACK', 'RATEEST', 'SECMARK', 'SET', 'TCPMSS',
  'TCPOPTSTRIP', 'TEE', 'TOS', 'TPROXY', 'TRACE', 'TTL',
]);

export interface ReadTarget {
  readonly target: Target;
  /** What has no equivalent, and what became of it. */
  readonly problem: string | null;
}

/** The target of a rule; one that is not known denies, for it could have. */
export function readTarget(
  { target }: RuleParts,
  chains: { has(name: string): boolean },
): ReadTarget {
  if (target === null)
    return pass('a rule without a target only counts: it is left out, for every rule here counts');
  const { name, options } = target;
  if (target.goto || chains.has(name)) {
    if (chains.has(name)) return good({ kind: 'chain', name, goto: target.goto });
    return deny(`there is no chain '${name}': what goes there is denied`);
  }
  switch (name) {
    case 'ACCEPT':
      return good({ kind: 'accept' });
    case 'DROP':
    case 'STEAL':
      return good({ kind: 'deny', with: null });
    case 'REJECT': {
      const option = options.find((one) => one.name === '--reject-with');
      const text = option?.args[0];
      const answer = text === undefined ? 'port-unreachable' : ANSWERS.get(text);
      if (answer !== undefined) return good({ kind: 'deny', with: answer });
      const problem = `${asWritten(option ?? options[0] ?? NOTHING)}: it rejects with the usual answer`;
      return { target: { kind: 'deny', with: 'auto' }, problem };
    }
    case 'RETURN':
      return good({ kind: 'return' });
    case 'LOG':
    case 'NFLOG':
    case 'ULOG': {
      const prefix = options.find((one) => /^--(log|nflog|ulog)-prefix$/.test(one.name))?.args[0];
      return good({ kind: 'log', prefix: prefix?.trim() ?? null });
    }
    case 'QUEUE':
    case 'NFQUEUE':
      return deny(`${name} hands packets to a program: what it matches is denied`);
    default:
      if (PASSING.has(name)) return pass(`the target ${name} has no equivalent: it is left out`);
      return deny(`the target '${name}' is not known: what it matches is denied`);
  }
}

const NOTHING = { name: '--reject-with', negated: false, args: [] };

function good(target: Target): ReadTarget {
  return { target, problem: null };
}

function pass(problem: string): ReadTarget {
  return { target: { kind: 'pass' }, problem };
}

function deny(problem: string): ReadTarget {
  return { target: { kind: 'deny', with: null }, problem };
}
