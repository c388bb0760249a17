// SPDX-License-Identifier: BSD-3-Clause
import { expect } from 'vitest';
import { RunningHost, type Flow } from '../../src/lab/host.js';
import type { Wire } from './appliance.js';

/** ms a boot may take where every instruction is played, on a machine that does other things too. */
export const BOOT = 1_500_000;

/** The two hosts that every test of an image has. */
export function wires(name: string): readonly [client: Wire, server: Wire] {
  return [
    {
      mac: '52:54:00:00:00:02',
      namespace: `${name}-in`,
      tap: `${name}0`,
      address: '10.1.0.10/24',
      gateway: '10.1.0.1',
    },
    {
      mac: '52:54:00:00:00:03',
      namespace: `${name}-out`,
      tap: `${name}1`,
      address: '198.51.100.10/24',
      gateway: '198.51.100.1',
    },
  ];
}

/** A rule file for them: one port passes, one is refused, all else is denied. */
export const RULES = `#sluice
version: 1
interfaces:
  inside: { port: { mac: '52:54:00:00:00:02' }, zone: inside, addresses: [10.1.0.1/24] }
  wan: { port: { mac: '52:54:00:00:00:03' }, zone: internet, addresses: [198.51.100.1/24] }
zones: { inside: {}, internet: {} }
policies:
  - name: out
    from: inside
    to: internet
    rules:
      - { name: web, service: tcp/8080, action: allow }
      - { name: refused, service: tcp/8082, action: reject }
`;

/** Where a host is, and its address with prefix length. */
type End = Pick<Wire, 'namespace' | 'address'>;

/** Hosts at the ends of the wires. */
export class Ends {
  readonly client: RunningHost;
  readonly server: RunningHost;

  private constructor(client: RunningHost, server: RunningHost) {
    this.client = client;
    this.server = server;
  }

  static async start([client, server]: readonly [End, End]): Promise<Ends> {
    const host = { tcp: [8080, 8081, 8082], udp: [], loopback: [] };
    return new Ends(
      await RunningHost.start(client.namespace, { ...host, addresses: [client.address] }),
      await RunningHost.start(server.namespace, { ...host, addresses: [server.address] }),
    );
  }

  /** What the rule file allows passes; within `ms`, of a machine that starts. A try takes `each` ms. */
  async passes(ms = 60_000, each = 10_000): Promise<void> {
    const flow = await opened(this.client, ms, each);
    await flow.echo('through the image', 60_000);
    await flow.close();
  }

  /** The rest does not: silently by default, with an answer where a rule says so. */
  async blocks(): Promise<void> {
    await expect(this.client.tcp('198.51.100.10', 8081, 5000)).rejects.toThrow('timeout');
    await expect(this.client.tcp('198.51.100.10', 8082, 60_000)).rejects.toThrow('ECONNREFUSED');
    await expect(this.server.tcp('10.1.0.10', 8080, 5000)).rejects.toThrow('timeout');
  }
}

/** Tries again while nobody answers: a SYN that was lost is not sent again soon. */
async function opened(client: RunningHost, ms: number, each: number): Promise<Flow> {
  const until = Date.now() + ms;
  for (;;) {
    try {
      return await client.tcp('198.51.100.10', 8080, each);
    } catch (error) {
      if (Date.now() > until) throw error;
    }
  }
}
