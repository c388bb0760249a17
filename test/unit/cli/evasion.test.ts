// SPDX-License-Identifier: BSD-3-Clause
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { compileFile } from '../../../src/cli/compiled.js';
import { openInputs } from '../../../src/cli/replay-inputs.js';
import { Replay } from '../../../src/cli/replay-run.js';
import { datapathBinary, OfflineDatapath } from '../../../src/datapath/offline.js';

/*
 * What becomes of each class of evasion in the captures of suricata-verify and zeek. The policy
 * allows everything, so that a packet is dropped for what it is. `drops` are the packets, counted
 * from 0, that must not pass, with the reason; all others must. Where both ends of a conversation
 * come by one interface, errors about it come from the wrong side, and what neighbours say to each
 * other is not forwarded: such packets are named too, under `beside`.
 */
interface Evasion {
  readonly capture: string;
  readonly packets: number;
  readonly why: string;
  readonly drops: Readonly<Record<string, readonly number[]>>;
  readonly beside?: Readonly<Record<string, readonly number[]>>;
}

const V6 = 'suricata-verify/ipv6-evasion_ipv6';
const MALFORMED = (n: number): string => `${V6}-malformed-fragments-${n}_frag-${n}.pcap`;

function all(count: number): readonly number[] {
  return Array.from({ length: count }, (_, i) => i);
}

const FRAGMENTS: readonly Evasion[] = [
  {
    capture: MALFORMED(2),
    packets: 11,
    why: 'the same fragment again, with a hop limit that ends on the way: RFC 8200 4.5 lets an exact duplicate be dropped, and the datagram live',
    drops: { 'fragment-duplicate': [7] },
  },
  {
    capture: MALFORMED(4),
    packets: 13,
    why: 'a duplicate whose contents differ: the first one counts',
    drops: { 'fragment-duplicate': [7] },
    beside: { 'link-local': [11] },
  },
  {
    capture: MALFORMED(6),
    packets: 10,
    why: 'the last fragment overlaps the one before it: RFC 5722, RFC 8200 4.5',
    drops: { 'fragment-overlap': [7] },
  },
  {
    capture: MALFORMED(7),
    packets: 10,
    why: 'the same, with other bytes in the overlap',
    drops: { 'fragment-overlap': [7] },
  },
  {
    capture: MALFORMED(8),
    packets: 10,
    why: 'a fragment that fills the hole and reaches into what follows it',
    drops: { 'fragment-overlap': [6] },
  },
  {
    capture: MALFORMED(9),
    packets: 11,
    why: 'an atomic fragment is a whole packet: RFC 6946',
    drops: {},
    beside: { 'policy-default': [5, 10] },
  },
  {
    capture: MALFORMED(12),
    packets: 9,
    why: 'more than a hundred fragment headers in one packet: RFC 8200 4.1 has one',
    drops: { 'ip6-bad-extension': [4] },
    beside: { 'icmp-error-invalid': [5] },
  },
  {
    capture: MALFORMED(22),
    packets: 15,
    why: 'a fragment that is not the last has no multiple of eight bytes: RFC 8200 4.5; none of its datagram passes after it',
    drops: { 'fragment-inconsistent': [10, 12] },
    beside: { 'link-local': [7], 'icmp-error-wrong-way': [8], 'icmp-error-invalid': [11] },
  },
  {
    capture: MALFORMED(23),
    packets: 11,
    why: 'the same, far from the start',
    drops: { 'fragment-inconsistent': [5, 8] },
    beside: { 'icmp-error-invalid': [6] },
  },
  {
    capture: MALFORMED(26),
    packets: 8,
    why: 'an atomic fragment of one byte has no TCP header: RFC 7112',
    drops: { 'l4-truncated': [5] },
  },
  {
    capture: MALFORMED(27),
    packets: 10,
    why: 'an empty fragment that is first and last',
    drops: { 'l4-truncated': [7] },
  },
  {
    capture: MALFORMED(28),
    packets: 14,
    why: 'one of one byte after two of a datagram, which go on',
    drops: { 'l4-truncated': [10] },
    beside: { 'policy-default': [0, 11] },
  },
  {
    capture: MALFORMED(33),
    packets: 57,
    why: 'a datagram that grows beyond 65,535 bytes at its end: RFC 8200 4.5',
    drops: { 'fragment-inconsistent': [51, 53] },
    beside: { 'icmp-error-invalid': [52, 54] },
  },
  {
    capture: MALFORMED(35),
    packets: 14,
    why: 'fragments within fragments; those whose first never comes wait in vain',
    drops: { 'ip6-bad-extension': [5, 6], 'fragment-settled': [7, 8] },
    beside: { 'icmp-error-wrong-way': [9] },
  },
  {
    capture: MALFORMED(36),
    packets: 12,
    why: 'the same, three deep',
    drops: { 'ip6-bad-extension': [5, 6], 'fragment-settled': [7, 8] },
    beside: { 'icmp-error-invalid': [9] },
  },
  {
    capture: 'suricata-verify/exception-policy-defrag-01_ipv4frags.pcap',
    packets: 3,
    why: 'a good datagram in two',
    drops: {},
  },
  {
    capture: 'suricata-verify/like-ip-only-01_krb5-frag.pcap',
    packets: 52,
    why: 'good fragments in a conversation',
    drops: {},
  },
  {
    capture: 'zeek/ipv4/fragmented-3.pcap',
    packets: 5,
    why: 'a segment of no connection, in five: all have the verdict of the first',
    drops: { 'tcp-no-session': all(5) },
  },
  {
    capture: 'zeek/ipv4/fragmented-4.pcap',
    packets: 6,
    why: 'a first fragment without any TCP flag takes the others with it, whatever their order; FIN alone is none of a connection (RFC 9293 3.5.2)',
    drops: { 'ip4-martian-destination': [0], 'tcp-bad-flags': [1, 2, 3, 4, 5] },
  },
  {
    capture: 'zeek/ipv4/fragmented-syn.pcap',
    packets: 2,
    why: 'the TCP header ends in the second fragment: RFC 1858 3.1, RFC 3128',
    drops: { 'fragment-tiny': [0, 1] },
  },
  {
    capture: 'zeek/ipv6-fragmented-dns.pcap',
    packets: 8,
    why: 'the last fragment of a datagram whose others were lost; the next one is whole',
    drops: { 'fragment-settled': [3] },
  },
];

const HEADERS: readonly Evasion[] = [
  {
    capture: `${V6}-atomic-fragments-toobig_toobig.pcap`,
    packets: 5,
    why: 'packet too big with an MTU below 1,280 would make atomic fragments: RFC 8201 4, RFC 6946 5',
    drops: { 'icmp-error-mtu': [1] },
    beside: { 'policy-default': [0] },
  },
  {
    capture: `${V6}-kill-router-gateway_kill_router6.pcap`,
    packets: 21,
    why: 'advertisements of a router with lifetime 0 stay on their link',
    drops: {},
    beside: { 'icmp-error-wrong-way': [1, 3, 9, 13, 15] },
  },
  {
    capture: 'zeek/ipv6-hbh-routing0.pcap',
    packets: 1,
    why: 'a routing header of type 0 behind hop-by-hop options: RFC 5095',
    drops: { 'ip6-routing-header': [0] },
  },
  {
    capture: 'zeek/chksums/ip6-route0-udp-good-chksum.pcap',
    packets: 1,
    why: 'a routing header of type 0: RFC 5095',
    drops: { 'ip6-routing-header': [0] },
  },
  {
    capture: 'zeek/ipv6_zero_len_ah.pcap',
    packets: 10,
    why: 'an authentication header of length 0 is a protocol to the rules, not a way round them',
    drops: {},
    beside: { 'link-local': [2, 8], 'icmp-error-wrong-way': [5] },
  },
  {
    capture:
      'suricata-verify/tcp-rst-unacked-stream-11_TLPW1-tcp-47.32.209.86-10.11.23.101-tcp-80-49470.pcap',
    packets: 30,
    why: 'wrong header checksums: RFC 1812 5.2.2',
    drops: { 'ip4-bad-checksum': all(30) },
  },
  {
    capture: 'zeek/chksums/ip6-udp-bad-chksum.pcap',
    packets: 1,
    why: 'the checksum of UDP is the receiver’s business',
    drops: {},
  },
  {
    capture: 'zeek/chksums/localhost-bad-chksum.pcap',
    packets: 10,
    why: 'and that of TCP',
    drops: {},
  },
  {
    capture: 'suricata-verify/bug-4571-02_ipv6.pcap',
    packets: 1,
    why: 'a segment without flags: RFC 9293 3.10.7.1',
    drops: { 'tcp-bad-flags': [0] },
  },
];

const STREAMS: readonly Evasion[] = [
  {
    capture: 'suricata-verify/tcp-split-handshake-01-4whs_split-handshake-4whs.pcap',
    packets: 7,
    why: 'a split handshake is one (RFC 9293 3.5, simultaneous open), and its roles are kept',
    drops: {},
  },
  {
    capture: 'suricata-verify/tcp-split-handshake-02-5whs_split-handshake-5whs.pcap',
    packets: 8,
    why: 'the same with an acknowledgement first',
    drops: {},
  },
  {
    capture: 'suricata-verify/firewall_tcp-session-midstream-policy_input.pcap',
    packets: 3,
    why: 'segments of no connection: the policy saw no beginning',
    drops: { 'tcp-no-session': all(3) },
  },
  {
    capture: 'suricata-verify/exception-policy-midstream-06_input-http-ACK.pcap',
    packets: 2,
    why: 'the same',
    drops: { 'tcp-no-session': all(2) },
  },
  {
    capture: 'suricata-verify/smb3-03-midstream_input.pcap',
    packets: 45,
    why: 'the same, with answers that look sound',
    drops: { 'tcp-no-session': all(45) },
  },
  {
    capture: 'suricata-verify/dns-tcp-ts-gap_input.pcap',
    packets: 15,
    why: 'an acknowledgement of what was never sent, and all that builds on it: RFC 5961 5.2',
    drops: { 'tcp-out-of-window': [7, 8, 9, 10, 11, 12, 13, 14] },
  },
  ...[
    [
      'bug-6244-tcp-rst-with-data-02_tcp-rst-with-data.pcap',
      8,
      'a reset with text in it, in sequence: RFC 9293 3.5.3',
    ],
    [
      'tcp-rst-unacked-stream-02-raw-ips_input.pcap',
      8,
      'a reset before all was acknowledged, in sequence',
    ],
    ['tcp-rst-unacked-stream-04-gap-ips_input.pcap', 7, 'the same, with a gap before it'],
    [
      'eve-overlap-payload-01_tcp-overlap.pcap',
      7,
      'segments that say two things of one byte: within the window, it is up to the receiver',
    ],
    ['eve-payload-04-partial-overlap_tcp-overlap2.pcap', 7, 'the same in part'],
    ['eve-overlap-payload-05-gap_tcp-simple-gap2.pcap', 7, 'a hole within the window'],
    ['tcp-urgp-02-drop-ips_tcp-urgent1.pcap', 16, 'urgent data: RFC 6093 leaves it to the ends'],
    ['tcp-fastopen-01_tfo.pcap', 16, 'data in the SYN: RFC 7413'],
    ['tcp-empty-sack_tcp-opt.pcap', 42, 'an empty SACK option'],
    [
      'firewall_tcp-session-decode-malformed-ipv4_input.pcap',
      11,
      'an IP option that is cut short by the end of the list',
    ],
  ].map(([name, packets, why]) => ({
    capture: `suricata-verify/${String(name)}`,
    packets: Number(packets),
    why: String(why),
    drops: {},
  })),
];

const DATA = join(process.env['SLUICE_DATA'] ?? '../shared/data', 'pcap');

describe.skipIf(!existsSync(DATA))('evasion', () => {
  const compiled = compileFile('test/unit/fixtures/evasion.yaml');
  let datapath: OfflineDatapath;
  beforeAll(async () => {
    datapath = await OfflineDatapath.start(datapathBinary());
  });
  afterAll(async () => {
    await datapath.close();
  });

  /** Dropped packets by reason, and what is left. */
  async function fates(capture: string) {
    if (compiled === null) throw new Error('the rule file does not compile');
    const inputs = openInputs(compiled, [`left=${join(DATA, capture)}`]);
    if (typeof inputs === 'number') throw new Error(`${capture} cannot be read`);
    await datapath.load(compiled.image);
    const packets = await new Replay(compiled, datapath, null).run(inputs);
    const drops: Record<string, number[]> = {};
    packets.forEach(({ reason }, n) => {
      if (reason !== null) (drops[reason] ??= []).push(n);
    });
    return { packets: packets.length, drops };
  }

  for (const [kind, cases] of [
    ['fragments', FRAGMENTS],
    ['headers', HEADERS],
    ['streams', STREAMS],
  ] as const)
    describe(kind, () => {
      test.each(cases)('$capture: $why', async ({ capture, packets, drops, beside = {} }) => {
        expect(await fates(capture)).toEqual({ packets, drops: { ...drops, ...beside } });
      });
    });
});
