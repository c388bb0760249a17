// SPDX-License-Identifier: BSD-3-Clause
import { spawn, type ChildProcess } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { command } from '../../src/lab/command.js';
import type { Lab } from '../../src/lab/lab.js';
import { until } from '../../src/lab/until.js';

/** FRR of the provider, at the lab's host `wan`. */
export class Provider {
  readonly #directory: string;
  readonly #daemons: readonly ChildProcess[];

  private constructor(directory: string, daemons: readonly ChildProcess[]) {
    this.#directory = directory;
    this.#daemons = daemons;
  }

  /** Starts zebra and bgpd, and tells them what is in a file of FRR. */
  static async start(lab: Lab, text: string): Promise<Provider> {
    const directory = `/run/frr/${lab.prefix}wan`;
    await command(['install', '-d', '-o', 'frr', '-g', 'frr', '/run/frr', directory]);
    writeFileSync(path.join(directory, 'vtysh.conf'), '');
    const daemons = ['zebra', 'bgpd'].map((name) => {
      const argv = ['-i', `${directory}/${name}.pid`, '--vty_socket', directory, '-P', '0'];
      const more = ['-z', `${directory}/zserv.api`, '-f', '/dev/null'];
      const within = ['netns', 'exec', `${lab.prefix}wan`, `/usr/lib/frr/${name}`];
      return spawn('ip', [...within, ...argv, ...more], { stdio: 'ignore' });
    });
    const provider = new Provider(directory, daemons);
    await until('the provider answers', 60_000, async () =>
      provider.vtysh('show bgp summary').then(
        () => true,
        () => false,
      ),
    );
    const folder = mkdtempSync(path.join(tmpdir(), 'sluice-provider-'));
    writeFileSync(path.join(folder, 'theirs.conf'), text);
    await provider.#run('-f', path.join(folder, 'theirs.conf'));
    rmSync(folder, { recursive: true });
    return provider;
  }

  vtysh(...lines: string[]): Promise<string> {
    return this.#run(...lines.flatMap((line) => ['-c', line]));
  }

  close(): void {
    for (const daemon of this.#daemons) daemon.kill();
    rmSync(this.#directory, { recursive: true, force: true });
  }

  #run(...argv: readonly string[]): Promise<string> {
    const where = ['--vty_socket', this.#directory, '--config_dir', this.#directory];
    return command(['vtysh', ...where, ...argv]);
  }
}

/** The lab's rules with a file of FRR for the appliance, whose provider may speak BGP to it. */
export function withFrr(text: string, file: string, more = ''): string {
  return text
    .replace('    - { to: 0.0.0.0/0, via: 198.51.100.1 }\n', '')
    .replace('routing:\n', `${more}routing:\n  frr: ${file}\n`)
    .replace(
      '  - name: published',
      '  - { name: peers, from: internet, to: local, rules: [{ name: bgp, service: tcp/179, action: allow }] }\n\n  - name: published',
    );
}
