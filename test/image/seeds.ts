// SPDX-License-Identifier: BSD-3-Clause
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdirSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import type { Seed } from './appliance.js';
import { run } from './commands.js';

/** What a cloud may say of a machine beside its user-data. */
interface Told {
  readonly hostname: string;
  /** Text of the file that describes its network, in the cloud's own form. */
  readonly network?: string;
}

/** A FAT file system called CIDATA. */
export function noCloud(userData: string, { hostname, network }: Told): Seed {
  return {
    options(folder, key) {
      const meta = { 'instance-id': hostname, 'local-hostname': hostname, 'public-keys': [key] };
      const files = {
        'user-data': userData,
        'meta-data': JSON.stringify(meta),
        ...(network === undefined ? {} : { 'network-config': network }),
      };
      const image = path.join(folder, 'seed.img');
      run('sh', '-c', `rm -f ${image} && mkfs.vfat -C -n CIDATA ${image} 1024`);
      for (const [name, text] of Object.entries(files)) {
        writeFileSync(path.join(folder, name), text);
        run('mcopy', '-i', image, path.join(folder, name), `::${name}`);
      }
      return [
        ...['-drive', `id=seed,file=${image},if=none,format=raw,readonly=on`],
        ...['-device', 'virtio-blk-pci,bus=pcie.0,drive=seed'],
      ];
    },
  };
}

/** OpenStack's, on a SATA CD. */
export function configDrive(userData: string, { hostname, network }: Told): Seed {
  return {
    options(folder, key) {
      const latest = path.join(folder, 'drive/openstack/latest');
      mkdirSync(latest, { recursive: true });
      const meta = { uuid: hostname, hostname, name: hostname, public_keys: { admin: key } };
      writeFileSync(path.join(latest, 'meta_data.json'), JSON.stringify(meta));
      writeFileSync(path.join(latest, 'user_data'), userData);
      if (network !== undefined) writeFileSync(path.join(latest, 'network_data.json'), network);
      const image = path.join(folder, 'drive.iso');
      const argv = ['-as', 'mkisofs', '-quiet', '-V', 'config-2', '-J', '-R', '-o', image];
      run('xorriso', ...argv, path.join(folder, 'drive'));
      return [
        ...['-drive', `id=cd,file=${image},if=none,media=cdrom,readonly=on`],
        ...['-device', 'ide-cd,drive=cd,bus=ide.0'],
      ];
    },
  };
}

/** EC2: a machine that says it is one, and metadata at 169.254.169.254 for who has a token. */
export function ec2(userData: string, macs: Readonly<Record<string, object>>): Seed {
  const id = 'ec2e1916-9099-7caf-fd21-012345abcdef';
  let key = '';
  return {
    network: 'net=169.254.169.0/24,host=169.254.169.254,dns=169.254.169.253',
    options(_folder, publicKey) {
      key = publicKey;
      return ['-smbios', `type=1,manufacturer=Amazon EC2,product=m5.large,uuid=${id},serial=${id}`];
    },
    async start(namespace) {
      const told = () => JSON.stringify({ userData, macs, key });
      const program = path.join(import.meta.dirname, 'imds.mjs');
      const argv = ['netns', 'exec', namespace, process.execPath, program];
      const child = spawn('ip', argv, { stdio: ['pipe', 'pipe', 'inherit'] });
      await once(child.stdout, 'data');
      return {
        tell: () => child.stdin.write(`${told()}\n`),
        end: () => child.kill('SIGKILL'),
      };
    },
  };
}
