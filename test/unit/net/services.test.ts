// SPDX-License-Identifier: BSD-3-Clause
import { describe, expect, it } from 'vitest';
import { parsePortRange, parseService } from '../../../src/net/services.js';

describe('parseService', () => {
  it.each([
    ['tcp', 6, [0, 65535]],
    ['tcp/80', 6, [80, 80]],
    ['udp/20-23', 17, [20, 23]],
    ['sctp/0', 132, [0, 0]],
    ['icmp', 1, [0, 65535]],
    ['icmp/echo-request', 1, [2048, 2303]],
    ['icmp/3/4', 1, [772, 772]],
    ['icmpv6/packet-too-big', 58, [512, 767]],
    ['icmpv6/128/0', 58, [32768, 32768]],
    ['proto/47', 47, [0, 65535]],
    ['proto/0', 0, [0, 65535]],
  ])('reads %s', (text, protocol, destination) => {
    expect(parseService(text)).toEqual({ protocol, destination });
  });

  it.each([
    ['tpc/80', 'the protocol is tcp, udp, sctp, icmp, icmpv6 or proto/NUMBER'],
    ['tcp/', 'a port is a number from 0 to 65535'],
    ['tcp/65536', 'a port is a number from 0 to 65535'],
    ['tcp/080', 'a port is a number from 0 to 65535'],
    ['tcp/23-20', 'the range of ports ends before it starts'],
    ['tcp/80/90', 'one port or range follows the protocol'],
    ['icmp/256', 'the type is a number from 0 to 255 or a name like echo-request'],
    ['icmp/packet-too-big', 'the type is a number from 0 to 255 or a name like echo-request'],
    ['icmp/3/256', 'the code is a number from 0 to 255'],
    ['icmp/3/4/5', 'only a type and a code follow the protocol'],
    ['proto/256', 'a protocol number is 0 to 255'],
    ['proto', 'a protocol number is 0 to 255'],
    ['constructor', 'the protocol is tcp, udp, sctp, icmp, icmpv6 or proto/NUMBER'],
  ])('refuses %s', (text, reason) => {
    expect(parseService(text)).toBe(reason);
  });

  it('reads port ranges', () => {
    expect(parsePortRange('1024-65535')).toEqual([1024, 65535]);
    expect(parsePortRange('-5')).toBe('a port is a number from 0 to 65535');
  });
});
