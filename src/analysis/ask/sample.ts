// SPDX-License-Identifier: BSD-3-Clause
import { hasPorts, PROTOCOLS } from '../../net/services.js';
import type { Address } from '../../net/sets.js';
import { isIcmp, type Rects, type ServiceArea } from '../services.js';
import type { Spans } from '../spans.js';
import type { Area, Universe } from '../universe.js';

/** A packet of an area, as a packet list says it. */
export interface Sample {
  readonly protocol: number;
  readonly source: Address;
  readonly destination: Address;
  readonly sourcePort: number;
  readonly destinationPort: number;
  readonly icmpType: number;
  readonly icmpCode: number;
  readonly tcpFlags: null;
}

/** Familiar protocols first. */
const FIRST: readonly number[] = [PROTOCOLS.tcp, PROTOCOLS.udp, PROTOCOLS.icmp, PROTOCOLS.icmpv6];
/** An ephemeral port (RFC 6335 section 6). */
const CLIENT_PORT = 50_000;

/** A packet of the area; null where source and destination are one address only. */
export function sampleOf(area: Area, family: 4 | 6, universe: Universe): Sample | null {
  const sources = addressesOf(area.src, family, universe);
  const destinations = addressesOf(area.dst, family, universe);
  const [source] = sources;
  const [destination] = destinations;
  if (source === undefined || destination === undefined) return null;
  let pair = [source, destination] as const;
  if (source === destination) {
    const other = sources.find((one) => one !== destination);
    const elsewhere = destinations.find((one) => one !== source);
    if (other !== undefined) pair = [other, destination];
    else if (elsewhere !== undefined) pair = [source, elsewhere];
    else return null;
  }
  const service = serviceOf(area.svc as ServiceArea, family, universe);
  if (service === null) return null;
  const [from, to] = pair;
  return {
    source: { family, value: from },
    destination: { family, value: to },
    ...service,
    tcpFlags: null,
  };
}

/** Ranges that are looked at for a familiar address. */
const SOME = 32;

/**
 * A few addresses of the widest range among the first: not the very first where there are more, which
 * often names a subnet.
 */
function addressesOf(spans: Spans, family: 4 | 6, universe: Universe): bigint[] {
  const list = spans ?? Uint32Array.of(0, universe.last(family));
  const ranges: { low: bigint; high: bigint }[] = [];
  for (let i = 0; i < Math.min(list.length, 2 * SOME); i += 2) {
    const { low } = universe.addresses(family, list[i] as number);
    ranges.push({ low, high: universe.addresses(family, list[i + 1] as number).high });
  }
  const width = ({ low, high }: { low: bigint; high: bigint }) => high - low;
  ranges.sort((a, b) => (width(a) > width(b) ? -1 : width(a) < width(b) ? 1 : 0));
  return ranges
    .slice(0, 2)
    .flatMap(({ low, high }) => (high - low >= 2n ? [low + 1n, low + 2n] : [low, high]));
}

function serviceOf(area: ServiceArea, family: 4 | 6, universe: Universe) {
  const order = (one: number) => (FIRST.includes(one) ? FIRST.indexOf(one) : FIRST.length);
  const [chosen] = universe.protocols
    .map((protocol, i) => ({ protocol, rects: area[i] }))
    .filter((one): one is { protocol: number; rects: Rects } => one.rects !== undefined)
    .sort((a, b) => order(a.protocol) - order(b.protocol));
  if (chosen === undefined) return null;
  const { protocol, rects } = chosen;
  const [s0 = 0, s1 = 0, d0 = 0] = rects;
  const ports = hasPorts(protocol);
  const types = isIcmp(protocol, family);
  return {
    protocol,
    sourcePort: !ports ? 0 : s0 <= CLIENT_PORT && CLIENT_PORT <= s1 ? CLIENT_PORT : s0,
    destinationPort: ports ? d0 : 0,
    icmpType: types ? d0 >> 8 : 0,
    icmpCode: types ? d0 & 255 : 0,
  };
}
