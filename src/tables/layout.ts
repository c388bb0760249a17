// SPDX-License-Identifier: BSD-3-Clause
/**
 * The table image: what the compiler hands to the datapath. One little-endian buffer of a header, a
 * directory and sections of fixed-size records. This file is the one place the layout is written:
 * `header.ts` prints the C structs with their static asserts from it at build time.
 *
 * Fields lie at natural alignment in the order written; a record's size is a multiple of its largest
 * field. Strings are offsets into the `strings` section (NUL-terminated UTF-8; offset 0 is empty).
 */
export const MAGIC = 0x49544c53; // "SLTI"
export const LAYOUT_VERSION = 5;

export type FieldType = 'u8' | 'u16' | 'u32' | 'u64' | 'bytes16' | 'bytes32';
export interface RecordLayout {
  /** Section id in the directory; 0 for the header and directory records themselves. */
  readonly id: number;
  readonly doc: string;
  readonly fields: readonly (readonly [name: string, type: FieldType, doc?: string])[];
}

/** Reserved slots and set ids. */
export const CONSTANTS = {
  /** Zone slots: 0 is no zone (no route); 1 is the box itself; zones of the file start at 2. */
  ZONE_NONE: 0,
  ZONE_LOCAL: 1,
  ZONE_FIRST: 2,
  MAX_ZONES: 256,
  /** Interface slot 0 is none. */
  IFACE_NONE: 0,
  MAX_IFACES: 1024,
  /** Rule slot 0 is the default deny, 1 the default allow from the box, 2.. implicit rules, 16.. the file's. */
  RULE_DEFAULT_DENY: 0,
  RULE_FROM_LOCAL: 1,
  RULE_IMPLICIT_ND: 2,
  RULE_IMPLICIT_ICMPV6: 3,
  RULE_IMPLICIT_DHCP: 4,
  RULE_IMPLICIT_IKE: 5,
  RULE_FIRST: 16,
  MAX_RULES: 1 << 20,
  /** A set id that matches everything. */
  SET_ANY: 0xffffffff,
  PROTO_ANY: 256,
  PART_NONE: 0xffffffff,
  ACTION_DENY: 0,
  ACTION_ALLOW: 1,
  ACTION_REJECT: 2,
  /** The rule is one of NAT: it says what its record in `translations` says. */
  ACTION_TRANSLATE: 3,
  /** Log denials and starts of sessions; ends of sessions. */
  RULE_LOG: 1,
  RULE_LOG_END: 2,
  /** Packets pass without a session. */
  RULE_STATELESS: 4,
  /** TCP may be picked up without its SYN. */
  RULE_MIDSTREAM: 8,
  /** The rule has conditions in its extra: if they do not hold, the next rule is asked. */
  RULE_CONDITION: 16,
  POLICY_KEEP_ESTABLISHED: 1,
  EXTRA_NONE: 0xffffffff,
  /** What reads the rule's sessions for flows they announce. */
  HELPER_NONE: 0,
  HELPER_FTP: 1,
  HELPER_SIP: 2,
  /** Over its limit, the rule does not match and the next one is asked. */
  EXTRA_OVER_NEXT: 1,
  /** The TCP flags must not be as given. */
  EXTRA_TCP_NOT: 2,
  /** Ends of any kind: a TCP reset for TCP, else administratively prohibited. */
  REJECT_AUTO: 0,
  REJECT_TCP_RESET: 1,
  REJECT_PORT: 2,
  REJECT_HOST: 3,
  REJECT_NET: 4,
  REJECT_PROHIBITED: 5,
  DSCP_NONE: 0xff,
  MSS_NONE: 0,
  MSS_CLAMP: 0xffff,
  SCHEDULE_NONE: 0xffffffff,
  ZONE_LOG_DENIED: 1,
  RPF_OFF: 0,
  RPF_LOOSE: 1,
  RPF_STRICT: 2,
  IFACE_VLAN: 1,
  IFACE_MANAGEMENT: 2,
  /** What goes out is sealed by the SA whose interface number is the slot; it has no port. */
  IFACE_TUNNEL: 4,
  /** A tunnel that selectors lead to, ahead of the routes. */
  IFACE_POLICY: 8,
  IP6_DROP_HOP_BY_HOP: 1,
  IP6_DROP_DESTINATION: 2,
  /** Mobility, HIP, Shim6 and experimental headers. */
  IP6_DROP_OTHER: 4,
  PORT_NONE: 0,
  PORT_PCI: 1,
  PORT_MAC: 2,
  PORT_VDEV: 3,
  ROUTE_VIA: 1,
  /** Source NAT: no translation, the address of the egress interface, an address of a set. */
  NAT_NONE: 0,
  NAT_INTERFACE: 1,
  NAT_POOL: 2,
  /** One to one: the prefix changes, the bits behind it stay. Source or destination. */
  NAT_PREFIX: 3,
  /** The destination is a backend of a balancer. */
  NAT_BALANCER: 4,
  /** IPv4 behind a prefix of IPv6 (RFC 6146): destination, and the source to it from `pool`. */
  NAT_64: 5,
  /** Keep the source port where it is in range and free; keep even ports even and odd ones odd. */
  NAT_PRESERVE: 1,
  NAT_PARITY: 2,
  /** Clients that the server would answer past the box get the egress interface's address. */
  NAT_HAIRPIN: 4,
  /** NAT_PREFIX of IPv6, at most 64 bits: checksum-neutral (RFC 6296). */
  NAT_NEUTRAL: 8,
  /** Port blocks a client of CGNAT may have. */
  MAX_BLOCKS: 8,
  TRANSLATION_NONE: 0,
  /** Balancer slots start at 1, backend slots too. */
  BALANCER_FIRST: 1,
  MAX_BALANCERS: 4096,
  BACKEND_FIRST: 1,
  MAX_BACKENDS: 65536,
  /** An entry of a Maglev table that leads nowhere; a table has all entries so or none. */
  MAGLEV_NONE: 0xffff,
  MAGLEV_MAX: 1 << 20,
  SCHEDULER_MAGLEV: 0,
  SCHEDULER_ROUND_ROBIN: 1,
  SCHEDULER_LEAST: 2,
  /** The destination becomes the backend; and the source an address of the box. */
  BALANCE_NAT: 0,
  BALANCE_FULL_NAT: 1,
  /** Packets go to the backend as they are (direct return); its answers go past the box. */
  BALANCE_DIRECT: 2,
  /** The same in a packet of IP (RFC 2003, RFC 2473) or GUE to the backend, which may be far. */
  BALANCE_IPIP: 3,
  BALANCE_GUE: 4,
  /** Servers get a PROXY header ahead of the client's first byte. */
  BALANCER_PROXY: 1,
  /** TCP without a session is reset where the policy allows the service. */
  BALANCER_RESET: 2,
} as const;

export const HEADER = {
  id: 0,
  doc: 'First bytes of the image; the directory of `sections` entries follows at once.',
  fields: [
    ['magic', 'u32'],
    ['layout', 'u16', 'LAYOUT_VERSION'],
    ['sections', 'u16'],
    ['total', 'u64', 'bytes of the whole image'],
    ['generation', 'u64', 'raised by each commit'],
    ['crc', 'u32', 'CRC-32 as zlib has it, over the whole image with this field zero'],
    ['reserved', 'u32'],
    ['model_hash', 'bytes16', 'of everything but the generation; equal models give equal hashes'],
  ],
} as const satisfies RecordLayout;

export const DIRECTORY = {
  id: 0,
  doc: 'One section: 8-byte aligned, in ascending order, without overlap.',
  fields: [
    ['id', 'u32'],
    ['record', 'u32', 'record size in bytes'],
    ['offset', 'u64'],
    ['count', 'u64'],
  ],
} as const satisfies RecordLayout;

/** Every section, in the order they lie in the image; each exactly once, empty ones too. */
export const SECTIONS = {
  strings: { id: 1, doc: 'Bytes; starts and ends with NUL.', fields: [['byte', 'u8']] },
  settings: {
    id: 2,
    doc: 'Exactly one record. Times in seconds.',
    fields: [
      ['max_sessions', 'u32'],
      ['max_routes', 'u32'],
      ['tcp_opening', 'u32'],
      ['tcp_established', 'u32'],
      ['tcp_closing', 'u32'],
      ['tcp_closed', 'u32'],
      ['udp_opening', 'u32'],
      ['udp_established', 'u32'],
      ['icmp', 'u32'],
      ['other', 'u32'],
      ['midstream_grace', 'u32', 'after a start, TCP may be picked up midstream; 0: never'],
      ['fragment_timeout', 'u32', 'a datagram whose fragments do not all come'],
      ['fragment_datagrams', 'u32', 'datagrams that may wait for fragments at once, all workers'],
      ['fragment_source', 'u32', 'of these from one source address'],
      ['ike_peers', 'u32', 'address set + 1 that IKE may come from; 0: none, SET_ANY: anywhere'],
      ['ip6_routing', 'u16', 'routing header types that pass, a bit each; never type 0'],
      ['ip6_headers', 'u8', 'extension headers a packet may have, 0..8'],
      ['ip6_flags', 'u8', 'IP6_DROP_*'],
      ['frr', 'bytes16', 'digest of the text that FRR runs by; zero: it does not run'],
    ],
  },
  zones: {
    id: 3,
    doc: 'Zones of the file by ascending slot.',
    fields: [
      ['name', 'u32'],
      ['slot', 'u16'],
      ['flags', 'u16', 'ZONE_*'],
      ['flood_syn', 'u32', 'new sessions a second from the zone, TCP; 0: no limit'],
      ['flood_udp', 'u32'],
      ['flood_icmp', 'u32', 'ICMP and ICMPv6'],
      ['flood_other', 'u32'],
      ['flood_source', 'u32', 'of any protocol, for each source address'],
      ['syn_above', 'u32', 'SYNs a second above which cookies answer them; 0: never'],
      ['syn_below', 'u32', 'and at or below which they no longer do'],
    ],
  },
  interfaces: {
    id: 4,
    doc: 'Interfaces by ascending slot; a parent stands before its children.',
    fields: [
      ['name', 'u32'],
      ['port', 'u32', 'string: PCI address, MAC or vdev arguments, by port_kind'],
      ['first_address', 'u32', 'into addresses'],
      ['addresses', 'u32'],
      ['slot', 'u16'],
      ['zone', 'u16', 'slot; ZONE_NONE for management'],
      ['parent', 'u16', 'slot of the parent of a VLAN child, else IFACE_NONE'],
      ['vlan', 'u16', '1..4094 for a child, else 0'],
      ['mtu', 'u16', 'IP MTU'],
      ['flags', 'u8', 'IFACE_*'],
      ['port_kind', 'u8', 'PORT_*'],
      ['mss', 'u16', 'most that SYNs through it may announce; MSS_NONE, MSS_CLAMP: by the MTU'],
      ['reverse_path', 'u8', 'RPF_*'],
      ['reserved', 'u8'],
    ],
  },
  addresses: {
    id: 5,
    doc: 'Interface addresses. IPv4 lies in the first four bytes, the rest zero; network order.',
    fields: [
      ['address', 'bytes16'],
      ['family', 'u8', '4 or 6'],
      ['length', 'u8'],
      ['reserved', 'u16'],
    ],
  },
  ranges4: {
    id: 6,
    doc: 'Inclusive IPv4 ranges, host order; sorted and disjoint within a set.',
    fields: [
      ['lo', 'u32'],
      ['hi', 'u32'],
    ],
  },
  ranges6: {
    id: 7,
    doc: 'Inclusive IPv6 ranges as 64-bit words; sorted and disjoint within a set.',
    fields: [
      ['lo_high', 'u64'],
      ['lo_low', 'u64'],
      ['hi_high', 'u64'],
      ['hi_low', 'u64'],
    ],
  },
  address_sets: {
    id: 8,
    doc: 'Address sets, each written once however many rules use it.',
    fields: [
      ['first4', 'u32'],
      ['count4', 'u32'],
      ['first6', 'u32'],
      ['count6', 'u32'],
    ],
  },
  services: {
    id: 9,
    doc: 'protocol is 0..255 or PROTO_ANY; ICMP types as destination = type * 256 + code.',
    fields: [
      ['protocol', 'u16'],
      ['source_lo', 'u16'],
      ['source_hi', 'u16'],
      ['destination_lo', 'u16'],
      ['destination_hi', 'u16'],
    ],
  },
  service_sets: {
    id: 10,
    doc: 'Service sets: a packet fits when one of its services does.',
    fields: [
      ['first', 'u32'],
      ['count', 'u32'],
    ],
  },
  policies: {
    id: 11,
    doc: 'Policies in file order.',
    fields: [
      ['name', 'u32'],
      ['first_rule', 'u32', 'into rules'],
      ['rules', 'u32'],
      ['flags', 'u32', 'POLICY_*'],
    ],
  },
  rules: {
    id: 12,
    doc: 'Enabled rules, in order within their policy.',
    fields: [
      ['slot', 'u32', 'stable over commits for one (policy, name)'],
      ['name', 'u32'],
      ['policy', 'u32', 'index into policies'],
      ['source', 'u32', 'address set or SET_ANY'],
      ['destination', 'u32'],
      ['service', 'u32', 'service set or SET_ANY'],
      ['file', 'u32'],
      ['line', 'u32'],
      ['extra', 'u32', 'into rule_extras, or EXTRA_NONE; of ACTION_TRANSLATE: into translations'],
      ['action', 'u8', 'ACTION_*'],
      ['flags', 'u8', 'RULE_LOG and so on'],
      ['reserved', 'u16'],
    ],
  },
  parts: {
    id: 13,
    doc: 'A run of whole policies that some zone pairs share: the unit a classifier is built for.',
    fields: [
      ['hash', 'bytes16', 'of the rules as they match and act, their slots and order'],
      ['first_policy', 'u32', 'into part_policies'],
      ['policies', 'u32'],
    ],
  },
  part_policies: {
    id: 14,
    doc: 'Policy indexes of the parts, in match order.',
    fields: [['policy', 'u32']],
  },
  pairs: {
    id: 15,
    doc: 'Zone pairs that some policy or source NAT fits: parts to ask in order. Sorted by from, then to.',
    fields: [
      [
        'hash',
        'bytes16',
        'of its parts and those of its arrivals; another one raises the generation of the pair',
      ],
      ['first_part', 'u32', 'into pair_parts'],
      ['parts', 'u32', '0 where only NAT rules fit'],
      ['first_nat', 'u32', 'into pair_parts: source NAT, asked for what the policy allows'],
      ['nat_parts', 'u32'],
      ['from', 'u16', 'zone slot, never ZONE_NONE'],
      ['to', 'u16', 'zone slot, ZONE_LOCAL or ZONE_NONE'],
    ],
  },
  pair_parts: { id: 16, doc: 'Part indexes of the pairs and arrivals.', fields: [['part', 'u32']] },
  routes: {
    id: 17,
    doc: 'Static routes. Connected ones follow from the interface addresses.',
    fields: [
      ['address', 'bytes16', 'as in addresses'],
      ['via', 'bytes16'],
      ['iface', 'u16', 'slot'],
      ['family', 'u8', '4 or 6'],
      ['length', 'u8'],
      ['flags', 'u8', 'ROUTE_*'],
      ['distance', 'u8'],
      ['reserved', 'u16'],
    ],
  },
  rule_extras: {
    id: 18,
    doc: 'What few rules have: conditions beyond the tuple, limits, changes to packets. Each is of one rule.',
    fields: [
      ['rate_ns', 'u64', 'time between two tokens of the rule; 0: no limit'],
      ['source_rate_ns', 'u64', 'the same for each source'],
      ['log_ns', 'u64', 'the same of log records'],
      ['dscp', 'u64', 'condition: bit 0..63 for each code point that fits; 0: any'],
      ['burst', 'u32', 'tokens at most; at least 1 where there is a rate'],
      ['source_burst', 'u32'],
      ['log_burst', 'u32'],
      ['sessions', 'u32', 'at once by this rule; 0: no limit'],
      ['source_sessions', 'u32', 'the same for each source'],
      ['schedule', 'u32', 'condition: index into schedules, or SCHEDULE_NONE'],
      [
        'translation',
        'u32',
        'condition: slot of the rule that gave the destination; or TRANSLATION_NONE',
      ],
      ['reserved2', 'u32'],
      ['first_mac', 'u32', 'condition: source MACs, into rule_macs'],
      [
        'first_iface',
        'u32',
        'condition: first the ingress, then the egress interfaces, into rule_ifaces',
      ],
      ['macs', 'u16', '0: any'],
      ['in', 'u16', 'ingress interfaces; 0: any'],
      ['out', 'u16', 'egress interfaces; 0: any'],
      ['set_mss', 'u16', 'MSS_NONE, MSS_CLAMP or the most that SYNs may announce'],
      ['tcp_mask', 'u8', 'condition: flags to look at; 0: no condition, else only TCP fits'],
      ['tcp_value', 'u8', 'what they must be'],
      ['set_dscp', 'u8', '0..63 or DSCP_NONE'],
      ['reject', 'u8', 'REJECT_*'],
      ['source_length4', 'u8', 'prefix length that makes one source: 1..32'],
      ['source_length6', 'u8', '1..128'],
      ['flags', 'u8', 'EXTRA_*'],
      ['helper', 'u8', 'HELPER_*'],
    ],
  },
  rule_macs: {
    id: 19,
    doc: 'Source MAC addresses, the first byte in bits 40..47; sorted within a rule.',
    fields: [['mac', 'u64']],
  },
  rule_ifaces: { id: 20, doc: 'Interface slots.', fields: [['iface', 'u16']] },
  schedules: {
    id: 21,
    doc: 'A schedule is active while one of its windows is.',
    fields: [
      ['name', 'u32'],
      ['first_window', 'u32', 'into schedule_windows'],
      ['windows', 'u32'],
      ['timezone', 'u32', 'index into timezones'],
    ],
  },
  schedule_windows: {
    id: 22,
    doc: 'Local times, from inclusive, to exclusive. Weekly: seconds of the day; else seconds since 1970-01-01 00:00 by the local clock.',
    fields: [
      ['from', 'u64'],
      ['to', 'u64', 'at most 86400 where weekly'],
      ['days', 'u32', 'bit 0 Monday .. bit 6 Sunday; 0: not weekly'],
      ['reserved', 'u32'],
    ],
  },
  timezones: {
    id: 23,
    doc: 'Offsets of local time from UTC.',
    fields: [
      ['name', 'u32', 'of the IANA database'],
      ['first', 'u32', 'into timezone_changes'],
      ['changes', 'u32'],
      ['offset', 'u32', "seconds east of UTC before the first change, two's complement"],
    ],
  },
  timezone_changes: {
    id: 24,
    doc: 'Ascending within a timezone.',
    fields: [
      ['at', 'u64', 'seconds since 1970 UTC'],
      ['offset', 'u32', 'from then on'],
      ['reserved', 'u32'],
    ],
  },
  translations: {
    id: 25,
    doc: 'What NAT rules do, in the order of `rules`; each is of one rule.',
    fields: [
      [
        'address',
        'bytes16',
        'NAT_PREFIX: the new prefix, NAT_64: the one asked for; bits behind `length` 0',
      ],
      [
        'pool',
        'u32',
        'NAT_POOL: address set, of one family; NAT_64: one of IPv4, SET_ANY for the egress interface; NAT_BALANCER: index into balancers; else SET_ANY',
      ],
      ['port_lo', 'u16', 'source NAT: ports given out; destination: the new port, 0 keeps it'],
      ['port_hi', 'u16', 'destination: more than port_lo where a range is taken one by one'],
      ['match_lo', 'u16', 'destination: the port that becomes port_lo; source: ports of a block'],
      ['kind', 'u8', 'NAT_*'],
      ['family', 'u8', '4 or 6, as asked for; 0 where the kind fits both'],
      ['length', 'u8', 'NAT_PREFIX: 0..32 or 0..128; NAT_64: as RFC 6052 has them'],
      ['flags', 'u8', 'NAT_PRESERVE and so on'],
      ['blocks', 'u16', 'source: blocks that a client may have, MAX_BLOCKS at most; 0: no blocks'],
    ],
  },
  arrivals: {
    id: 26,
    doc: 'Destination NAT: parts to ask for what arrives from a zone. Sorted by zone.',
    fields: [
      ['first_part', 'u32', 'into pair_parts'],
      ['parts', 'u32'],
      ['zone', 'u16', 'slot, never ZONE_NONE'],
      ['reserved', 'u16'],
    ],
  },
  proxies: {
    id: 27,
    doc: 'Addresses the box answers ARP and neighbour solicitations for beside its own. Sorted by interface.',
    fields: [
      ['set', 'u32', 'address set'],
      ['iface', 'u16', 'slot'],
      ['reserved', 'u16'],
    ],
  },
  balancers: {
    id: 28,
    doc: 'Virtual services by ascending slot; the rules that lead to them say where they are.',
    fields: [
      ['hash', 'bytes16', 'of its backends in order: a table sent later holds while it stays'],
      ['name', 'u32'],
      ['first_backend', 'u32', 'into backends'],
      ['backends', 'u32', '1..65535, of one family'],
      ['first_entry', 'u32', 'into maglev: the table with every backend up'],
      ['entries', 'u32', '1..MAGLEV_MAX'],
      ['syn_above', 'u32', 'as in zones'],
      ['syn_below', 'u32'],
      ['slot', 'u16', 'stable over commits for one name'],
      ['scheduler', 'u8', 'SCHEDULER_MAGLEV and so on'],
      ['mode', 'u8', 'BALANCE_*'],
      [
        'prefix4',
        'u8',
        'clients of one such prefix go to one backend whatever their port; 0: no matter',
      ],
      ['prefix6', 'u8'],
      ['flags', 'u16', 'BALANCER_*'],
    ],
  },
  backends: {
    id: 29,
    doc: 'Backends of the balancers.',
    fields: [
      ['address', 'bytes16', 'as in addresses'],
      ['name', 'u32'],
      ['slot', 'u16', 'stable over commits for one (balancer, name)'],
      ['port', 'u16', '0 keeps it; BALANCE_GUE: of the UDP outside, never 0'],
      ['weight', 'u16', '1..65535, for SCHEDULER_LEAST'],
      ['family', 'u8', '4 or 6'],
      ['reserved', 'u8'],
    ],
  },
  maglev: {
    id: 30,
    doc: "Entries of the balancers' tables: a backend's place in its balancer, or MAGLEV_NONE.",
    fields: [['backend', 'u16']],
  },
  tunnels: {
    id: 31,
    doc: 'Tunnels by ascending interface slot.',
    fields: [
      ['hash', 'bytes16', 'of all that IKE is told of it'],
      ['name', 'u32'],
      ['iface', 'u16', 'slot of its interface, an IFACE_TUNNEL'],
      ['reserved', 'u16'],
    ],
  },
  selectors: {
    id: 32,
    doc: 'What policy-based tunnels take, ahead of the routes; in no order, the narrower is asked first.',
    fields: [
      ['source', 'bytes16', 'prefix, of sources as NAT leaves them; IPv4 in the first four bytes'],
      ['destination', 'bytes16', 'prefix, of real destinations'],
      ['iface', 'u16', 'slot of its interface, an IFACE_POLICY'],
      ['protocol', 'u16', '0..255 or PROTO_ANY'],
      ['source_lo', 'u16', 'ports; of ICMP, type * 256 + code in both'],
      ['source_hi', 'u16'],
      ['destination_lo', 'u16'],
      ['destination_hi', 'u16'],
      ['family', 'u8', '4 or 6'],
      ['source_length', 'u8'],
      ['destination_length', 'u8'],
      ['reserved', 'u8'],
    ],
  },
} as const satisfies Record<string, RecordLayout>;

export type SectionName = keyof typeof SECTIONS;
