// SPDX-License-Identifier: BSD-3-Clause

/** IP protocol numbers (IANA) that have a name in the language. */
export const PROTOCOLS = { icmp: 1, tcp: 6, udp: 17, icmpv6: 58, sctp: 132 } as const;
export type ProtocolName = keyof typeof PROTOCOLS;

/** ICMP types (RFC 792, RFC 1256) by the name rules use. */
export const ICMP_TYPES: ReadonlyMap<string, number> = new Map([
  ['echo-reply', 0],
  ['destination-unreachable', 3],
  ['source-quench', 4],
  ['redirect', 5],
  ['echo-request', 8],
  ['router-advertisement', 9],
  ['router-solicitation', 10],
  ['time-exceeded', 11],
  ['parameter-problem', 12],
  ['timestamp-request', 13],
  ['timestamp-reply', 14],
]);

/** ICMPv6 types (RFC 4443, RFC 4861, RFC 2710, RFC 3810) by the name rules use. */
export const ICMPV6_TYPES: ReadonlyMap<string, number> = new Map([
  ['destination-unreachable', 1],
  ['packet-too-big', 2],
  ['time-exceeded', 3],
  ['parameter-problem', 4],
  ['echo-request', 128],
  ['echo-reply', 129],
  ['listener-query', 130],
  ['listener-report', 131],
  ['listener-done', 132],
  ['router-solicitation', 133],
  ['router-advertisement', 134],
  ['neighbor-solicitation', 135],
  ['neighbor-advertisement', 136],
  ['redirect', 137],
  ['listener-report-v2', 143],
]);

/** A service as text says it; `destination` is as in firewall/model.ts. */
export interface ServiceText {
  readonly protocol: number;
  readonly destination: readonly [number, number];
}

const ANY: readonly [number, number] = [0, 65535];

/** Whether packets of the protocol have ports. */
export function hasPorts(protocol: number): boolean {
  return protocol === PROTOCOLS.tcp || protocol === PROTOCOLS.udp || protocol === PROTOCOLS.sctp;
}

/** Whether the text has the form of a built-in service: such text never names a group. */
export function isServiceForm(text: string): boolean {
  return text.includes('/') || Object.hasOwn(PROTOCOLS, text) || text === 'proto';
}

/**
 * Parses a built-in service: a protocol alone, PROTO/PORT, PROTO/PORT-PORT, icmp/TYPE[/CODE],
 * icmpv6/TYPE[/CODE] or proto/NUMBER. A string is the reason why the text is none.
 */
export function parseService(text: string): ServiceText | string {
  const [name = '', ...rest] = text.split('/');
  if (name === 'proto') return parseProtocol(rest);
  const protocol = Object.hasOwn(PROTOCOLS, name) ? PROTOCOLS[name as ProtocolName] : undefined;
  if (protocol === undefined) return 'the protocol is tcp, udp, sctp, icmp, icmpv6 or proto/NUMBER';
  if (rest.length === 0) return { protocol, destination: ANY };
  if (!hasPorts(protocol)) return parseIcmp(protocol, rest);
  const range =
    rest.length === 1
      ? parsePortRange(rest[0] as string)
      : 'one port or range follows the protocol';
  return typeof range === 'string' ? range : { protocol, destination: range };
}

/** Parses PORT or PORT-PORT, 0 to 65535. A string is the reason why the text is none. */
export function parsePortRange(text: string): readonly [number, number] | string {
  const dash = text.indexOf('-');
  const low = parseNumber(dash < 0 ? text : text.slice(0, dash), 65535);
  const high = dash < 0 ? low : parseNumber(text.slice(dash + 1), 65535);
  if (low < 0 || high < 0) return 'a port is a number from 0 to 65535';
  return low <= high ? [low, high] : 'the range of ports ends before it starts';
}

/** A decimal number without leading zeros up to `most`, or -1. */
export function parseNumber(text: string, most: number): number {
  if (!/^(0|[1-9][0-9]{0,8})$/.test(text)) return -1;
  const number = Number(text);
  return number <= most ? number : -1;
}

function parseProtocol(rest: readonly string[]): ServiceText | string {
  const protocol = rest.length === 1 ? parseNumber(rest[0] as string, 255) : -1;
  return protocol < 0 ? 'a protocol number is 0 to 255' : { protocol, destination: ANY };
}

function parseIcmp(protocol: number, rest: readonly string[]): ServiceText | string {
  const [typeText = '', codeText] = rest;
  if (rest.length > 2) return 'only a type and a code follow the protocol';
  const names = protocol === PROTOCOLS.icmp ? ICMP_TYPES : ICMPV6_TYPES;
  const type = names.get(typeText) ?? parseNumber(typeText, 255);
  if (type < 0) return 'the type is a number from 0 to 255 or a name like echo-request';
  if (codeText === undefined) return { protocol, destination: [type * 256, type * 256 + 255] };
  const code = parseNumber(codeText, 255);
  return code < 0
    ? 'the code is a number from 0 to 255'
    : { protocol, destination: [type * 256 + code, type * 256 + code] };
}
