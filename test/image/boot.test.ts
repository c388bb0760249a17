// SPDX-License-Identifier: BSD-3-Clause
import { afterAll, beforeAll, expect, it } from 'vitest';
import { RunningHost } from '../../src/lab/host.js';
import { BootedImage, type Wire } from './appliance.js';

/** ms a boot may take where every instruction is played. */
const BOOT = 600_000;

const CLIENT: Wire = {
  mac: '52:54:00:00:00:02',
  namespace: 'sluice-img-in',
  tap: 'slimg0',
  address: '10.1.0.10/24',
  gateway: '10.1.0.1',
};
const SERVER: Wire = {
  mac: '52:54:00:00:00:03',
  namespace: 'sluice-img-out',
  tap: 'slimg1',
  address: '198.51.100.10/24',
  gateway: '198.51.100.1',
};

const RULES = `#sluice
version: 1
interfaces:
  inside: { port: { mac: '${CLIENT.mac}' }, zone: inside, addresses: [10.1.0.1/24] }
  wan: { port: { mac: '${SERVER.mac}' }, zone: internet, addresses: [198.51.100.1/24] }
zones: { inside: {}, internet: {} }
policies:
  - name: out
    from: inside
    to: internet
    rules:
      - { name: web, service: tcp/8080, action: allow }
      - { name: refused, service: tcp/8082, action: reject }
`;

let appliance: BootedImage;
let client: RunningHost;
let server: RunningHost;

beforeAll(async () => {
  appliance = BootedImage.start(RULES, [CLIENT, SERVER]);
  await appliance.says('the rule file of the user-data is in force', BOOT);
  appliance.connect();
  const host = { tcp: [8080, 8081, 8082], udp: [], loopback: [] };
  client = await RunningHost.start(CLIENT.namespace, { ...host, addresses: [CLIENT.address] });
  server = await RunningHost.start(SERVER.namespace, { ...host, addresses: [SERVER.address] });
}, BOOT + 60_000);

afterAll(async () => {
  await appliance.stop();
});

it('forwards what the rule file of the user-data allows', async () => {
  const flow = await client.tcp('198.51.100.10', 8080, 30_000);
  await flow.echo('through the image', 30_000);
  await flow.close();
});

it('blocks the rest: silently by default, with an answer where a rule says so', async () => {
  await expect(client.tcp('198.51.100.10', 8081, 5000)).rejects.toThrow('timeout');
  await expect(client.tcp('198.51.100.10', 8082, 30_000)).rejects.toThrow('ECONNREFUSED');
  await expect(server.tcp('10.1.0.10', 8080, 5000)).rejects.toThrow('timeout');
});
