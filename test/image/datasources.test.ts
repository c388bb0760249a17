// SPDX-License-Identifier: BSD-3-Clause
import { afterEach, expect, it } from 'vitest';
import { BootedImage, MANAGEMENT, type Machine } from './appliance.js';
import { configDrive, ec2, noCloud } from './seeds.js';
import { BOOT, Ends, RULES, wires } from './traffic.js';

let appliance: BootedImage | null = null;

afterEach(async () => {
  await appliance?.stop();
  appliance = null;
});

async function boot(machine: Machine, says: string): Promise<BootedImage> {
  appliance = await BootedImage.start(machine);
  await appliance.says(says, BOOT);
  appliance.connect();
  return appliance;
}

const IN_FORCE = 'the rule file of the user-data is in force';

/** Neither a password nor a listener that nobody asked for. */
async function isClosed(booted: BootedImage): Promise<void> {
  const shadow = await booted.ssh('sudo cut -d: -f1,2 /etc/shadow');
  const open = shadow.split('\n').filter((line) => line !== '' && !/:[!*]/.test(line));
  expect(open).toEqual([]);
  const listeners = await booted.ssh('sudo ss -Hltn');
  const beyond = listeners
    .split('\n')
    .filter(Boolean)
    // ss without the kernel's module for it cannot tell `[::]` from both families at once.
    .map((line) => (line.split(/\s+/)[3] ?? '').replace(/^\*:/, '[::]:'))
    .filter((local) => !/^(127\.|\[::1\])/.test(local));
  expect(beyond.sort()).toEqual(['0.0.0.0:22', '[::]:22']);
}

/** Users of the rule file do what their role lets them, as themselves. */
async function rolesHold(booted: BootedImage): Promise<void> {
  const users = 'system: { users: { eve: { role: viewer }, olga: { role: operator } } }';
  await booted.ssh(
    `(sudo cat /var/lib/sluice/user-data.yaml; echo "${users}") >/tmp/users.yaml && sudo sluice apply /tmp/users.yaml --replace`,
    BOOT,
  );
  const as = (user: string, command: string) =>
    booted.ssh(`sudo -u ${user} sluice ${command} 2>&1; echo ended with $?`, BOOT);
  expect(await as('eve', 'show rules')).toMatch(/web[^]*ended with 0/);
  expect(await as('eve', 'apply /tmp/users.yaml')).toMatch(/viewer[^]*ended with 1/);
  expect(await as('olga', 'apply /tmp/users.yaml')).toMatch(/admin[^]*ended with 1/);
  const clear = 'shell -c "clear sessions all"';
  expect(await as('eve', clear)).toMatch(/viewer[^]*ended with 1/);
  expect(await as('olga', clear)).toContain('ended with 0');
  expect(await as('nobody', 'show rules')).not.toContain('ended with 0');
}

it(
  'boots by UEFI from a ConfigDrive on a SATA CD, and a restart keeps everything',
  async () => {
    const all = wires('sluefi');
    const seed = configDrive(RULES, { hostname: 'edge-uefi' });
    const booted = await boot({ name: 'sluefi', seed, wires: all, firmware: 'uefi' }, IN_FORCE);
    const ends = await Ends.start(all);
    await ends.passes();
    await ends.blocks();
    expect((await booted.ssh('hostname')).trim()).toBe('edge-uefi');
    expect(await booted.ssh('ls /sys/firmware/efi')).toContain('efivars');
    await isClosed(booted);
    await rolesHold(booted);
    const before = await booted.ssh('sudo sluice show version --json');
    const key = await booted.ssh('cat /data/ssh/ssh_host_ed25519_key.pub');

    await booted.ssh('sudo systemctl reboot --no-block');
    // From its own last image, whether or not cloud-init, sluiced and SSH are there.
    await booted.says(/Booting `Sluice'/, BOOT);
    await ends.passes(BOOT);
    await ends.blocks();
    const after = await booted.ssh('sudo sluice show version --json', BOOT);
    const generation = (text: string) => (JSON.parse(text) as { generation: number }).generation;
    expect(generation(after)).toBe(generation(before));
    expect(await booted.ssh('cat /data/ssh/ssh_host_ed25519_key.pub')).toBe(key);
  },
  3 * BOOT,
);

it(
  'boots on what says it is EC2, from metadata that want a token',
  async () => {
    const all = wires('slec2');
    const macs = {
      [MANAGEMENT]: {
        'device-number': '0',
        'local-ipv4s': '10.0.0.10',
        'subnet-ipv4-cidr-block': '10.0.0.0/24',
      },
    };
    const seed = ec2(RULES, macs);
    const booted = await boot({ name: 'slec2', seed, wires: all }, IN_FORCE);
    const ends = await Ends.start(all);
    await ends.passes();
    await ends.blocks();
    expect((await booted.ssh('cloud-id')).trim()).toBe('aws');
    expect((await booted.ssh('hostname')).trim()).toBe('ip-10-0-0-10');
  },
  2 * BOOT,
);

it(
  'without a rule file gives the ports what the cloud says of them, and lets nothing pass',
  async () => {
    const all = wires('slnet');
    const port = (name: string, mac: string, addresses: readonly string[], more: object = {}) => ({
      [name]: { match: { macaddress: mac }, addresses, ...more },
    });
    const network = {
      version: 2,
      ethernets: {
        ...port('mgmt', MANAGEMENT, ['10.0.2.77/24'], {
          routes: [{ to: 'default', via: '10.0.2.2' }],
        }),
        ...port('inside', '52:54:00:00:00:02', ['10.1.0.1/24']),
        ...port('wan', '52:54:00:00:00:03', ['198.51.100.1/24']),
      },
    };
    const seed = noCloud('#cloud-config\n{}\n', {
      hostname: 'edge-net',
      network: JSON.stringify(network),
    });
    const machine = { name: 'slnet', seed, wires: all, guest: '10.0.2.77' };
    const booted = await boot(machine, 'what the cloud says of the ports is in force');
    const ends = await Ends.start(all);
    const management = await booted.ssh('ip -j -4 address show scope global', BOOT);
    expect(management).toContain('"local":"10.0.2.77"');
    const shown = await booted.ssh('sudo sluice show interfaces --json');
    for (const address of ['10.1.0.1/24', '198.51.100.1/24']) expect(shown).toContain(address);
    await expect(ends.client.tcp('198.51.100.10', 8080, 10_000)).rejects.toThrow('timeout');
    const drops = await booted.ssh('sudo sluice show drops --json');
    expect(drops).toMatch(/policy-deny|no-policy|default-deny|deny/);
  },
  2 * BOOT,
);
