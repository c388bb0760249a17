// SPDX-License-Identifier: BSD-3-Clause

/** Ports of the rig: clients behind the first, servers behind the second (RFC 2544 addresses). */
const INTERFACES = `version: 1
interfaces:
  inside: { port: { vdev: 'net_null0,size=60' }, zone: inside, addresses: [172.16.0.1/24] }
  outside: { port: { vdev: 'net_null1,size=60' }, zone: outside, addresses: [192.0.2.1/24] }
zones: { inside: {}, outside: {} }
settings: { max-sessions: SESSIONS, reverse-path: MODE }
routing:
  static:
    - { to: 10.0.0.0/8, via: 172.16.0.2 }
    - { to: 0.0.0.0/0, via: 192.0.2.2 }
`;

function interfaces(sessions: number, reversePath: 'strict' | 'off'): string {
  return INTERFACES.replace('SESSIONS', String(sessions)).replace('MODE', reversePath);
}

/**
 * A file of `count` rules; the last one allows the rig's connections, the others deny elsewhere.
 * Random sources come from anywhere: they reach the policy only with `reversePath` off.
 */
export function ruleFile(
  count: number,
  sessions: number,
  reversePath: 'strict' | 'off' = 'strict',
  nat = '',
): string {
  const rules: string[] = [];
  for (let i = 0; i < count - 1; i++) {
    const host = `192.168.${String((i >> 8) & 255)}.${String(i & 255)}`;
    const net = `203.${String(i % 113)}.${String((i >> 4) & 255)}.0/24`;
    rules.push(
      `      - { name: r${String(i)}, source: ${host}, destination: ${net}, service: tcp/${String(1 + (i % 60000))}, action: deny }`,
    );
  }
  rules.push(`      - { name: flows, source: 10.0.0.0/8, service: tcp/443, action: allow }`);
  return `${interfaces(sessions, reversePath)}policies:
  - name: bench
    from: inside
    to: outside
    rules:
${rules.join('\n')}
${nat}`;
}

/** Source NAT of all the rig's connections, to sixteen addresses. */
export const SOURCE_NAT = `nat:
  source: [{ name: all, from: inside, to: outside, translate-to: 192.0.2.16-192.0.2.31 }]
`;

/** Where all the rig's connections go, to be balanced. */
export const SERVICE = '203.0.113.5';

/** A balancer with ten backends, in one of its modes. */
export function balanced(mode: string): string {
  const net = mode === 'direct' ? '192.0.2' : '198.18.0';
  const backends = Array.from(
    { length: 10 },
    (_, i) => `b${String(i)}: { address: ${net}.${String(i + 16)} }`,
  );
  return `balancers:
  shop: { at: ${SERVICE}, service: tcp/443, mode: ${mode}, backends: { ${backends.join(', ')} } }
`;
}

/** An imported ClassBench file with the rig's ports, denying where it allowed: no session is made. */
export function classbenchFile(imported: string): string {
  const policies = imported.slice(imported.indexOf('policies:'), imported.indexOf('\nrouting:'));
  return `${interfaces(65_536, 'off')}${policies.replaceAll('action: allow', 'action: deny')}\n`;
}

/** A tunnel that takes all of 10.50.0.0/16; the rig makes its security associations itself. */
export const TUNNEL = `version: 1
interfaces:
  inside: { port: { vdev: 'net_null0,size=60' }, zone: inside, addresses: [172.16.0.1/24] }
  outside: { port: { vdev: 'net_null1,size=60' }, zone: outside, addresses: [192.0.2.1/24] }
  far: { tunnel: far, zone: vpn }
zones: { inside: {}, outside: {}, vpn: {} }
settings: { max-sessions: 65536 }
routing:
  static:
    - { to: 10.0.0.0/16, via: 172.16.0.2 }
    - { to: 10.50.0.0/16, interface: far }
    - { to: 0.0.0.0/0, via: 192.0.2.2 }
vpn:
  tunnels:
    far: { peer: 192.0.2.2, local-id: near.example, remote-id: far.example, psk: { secret: far } }
policies:
  - name: bench
    from: inside
    to: vpn
    rules:
      - { name: flows, source: 10.0.0.0/16, service: udp/4433, action: allow }
`;
