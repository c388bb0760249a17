// SPDX-License-Identifier: BSD-3-Clause
import { readFileSync } from 'node:fs';
import path from 'node:path';
import type { Lab } from '../../src/lab/lab.js';

/**
 * The lab's rules with tunnels: an interface in zone `vpn` for each, and routes; all may pass between
 * the office and there.
 */
export function tunnelRules(
  lab: Pick<Lab, 'rules'>,
  tunnels: ReadonlyMap<string, string>,
  routes: readonly string[] = [],
): string {
  const part = path.join(path.dirname(lab.rules), 'parts/groups.yaml');
  const lines = (list: Iterable<string>): string => [...list].map((one) => `${one}\n`).join('');
  const ends = [...tunnels.keys()].map((name) => `  ${name}: { tunnel: ${name}, zone: vpn }`);
  const text = readFileSync(lab.rules, 'utf8')
    .replace(/\nassert:[^]*/, '\n')
    .replace(/^include: .*$/m, `include: ${part}`)
    .replace('interfaces:\n', `interfaces:\n${lines(ends)}`)
    .replace('zones:\n', 'zones:\n  vpn: {}\n')
    .replace(
      'policies:\n',
      'policies:\n  - { name: to-vpn, from: [inside, vpn], to: [inside, vpn], rules: [{ name: all, action: allow }] }\n',
    )
    .replace(/^ {2}static:\n/m, `  static:\n${lines(routes.map((one) => `    - ${one}`))}`);
  const vpn = [...tunnels].map(([name, tunnel]) => `    ${name}: { ${tunnel} }`);
  return `${text}\nvpn:\n  tunnels:\n${lines(vpn)}`;
}
