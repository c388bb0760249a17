// SPDX-License-Identifier: BSD-3-Clause

import type { Excerpt } from '../diagnostics/diagnostic.js';
import type { Position } from '../diagnostics/position.js';
import type { PemFile } from '../rulefile/pem.js';
import type { SecretUse } from '../rulefile/secrets.js';

/** What people may do on the appliance: look, change the configuration too, or everything. */
export const ROLES = ['viewer', 'operator', 'admin'] as const;
export type Role = (typeof ROLES)[number];

/** As sshd takes it (sshd(8), AUTHORIZED_KEYS FILE FORMAT), without options. */
export const PUBLIC_KEY =
  /^(ssh-ed25519|ssh-rsa|ecdsa-sha2-nistp(256|384|521)|sk-ssh-ed25519@openssh\.com|sk-ecdsa-sha2-nistp256@openssh\.com) [A-Za-z0-9+/]+={0,3}( .*)?$/;

export interface User {
  readonly name: string;
  readonly role: Role;
  /** Lines of authorized_keys. */
  readonly keys: readonly string[];
}

export const TRANSPORTS = ['udp', 'tcp', 'tls'] as const;

/** Where the log goes too. */
export interface SyslogServer {
  /** An address or a host name. */
  readonly to: string;
  readonly port: number;
  readonly transport: (typeof TRANSPORTS)[number];
}

/** Where sessions are told by IPFIX. */
export interface IpfixCollector {
  /** An address or a host name. */
  readonly to: string;
  readonly port: number;
  readonly transport: 'udp' | 'tcp';
  /** Observation domain (RFC 7011, 3.1). */
  readonly domain: number;
}

/** Where commits are kept too. */
export type Archive =
  | { readonly kind: 'directory'; readonly directory: string }
  | {
      readonly kind: 'git';
      readonly url: string;
      readonly branch: string;
      /** Of SSH. */
      readonly key: SecretUse | null;
      /** `TYPE BASE64` of its server; none leaves it to what root knows. */
      readonly hostKeys: readonly string[];
      /** Of HTTP. */
      readonly login: { readonly user: string; readonly password: SecretUse } | null;
    };

/** An address and port to listen at, and where the rule file says so. */
export interface Endpoint {
  readonly address: string;
  readonly port: number;
  readonly at: Position;
  readonly excerpt: Excerpt;
}

/** What its bearer may do, and is called. */
export interface Token {
  readonly name: string;
  readonly role: Role;
  readonly secret: SecretUse;
}

/** Where something listens over TLS, and whom it answers. */
export interface Listener {
  readonly listen: readonly Endpoint[];
  readonly certificate: PemFile;
  readonly key: SecretUse;
  /** What certificates of clients come from; their common names are users. */
  readonly clients: readonly PemFile[];
  readonly tokens: readonly Token[];
}

/** The appliance itself; what is null or empty is left as the machine has it. */
export interface System {
  readonly hostname: string | null;
  readonly timezone: string | null;
  readonly users: readonly User[];
  /** Of the user `admin`, who is part of the image. */
  readonly keys: readonly string[];
  readonly dns: readonly string[];
  readonly ntp: readonly string[];
  readonly syslog: readonly SyslogServer[];
  readonly ipfix: readonly IpfixCollector[];
  readonly archive: readonly Archive[];
  readonly api: Listener | null;
  readonly metrics: Listener | null;
}

export const NO_SYSTEM: System = {
  hostname: null,
  timezone: null,
  users: [],
  keys: [],
  dns: [],
  ntp: [],
  syslog: [],
  ipfix: [],
  archive: [],
  api: null,
  metrics: null,
};

/** Every secret that the appliance itself needs, with what for. */
export function systemSecrets({ api, metrics, archive }: System): { use: SecretUse; by: string }[] {
  const of = (listener: Listener | null, by: string): { use: SecretUse; by: string }[] =>
    listener === null
      ? []
      : [listener.key, ...listener.tokens.map(({ secret }) => secret)].map((use) => ({ use, by }));
  const archives = archive.flatMap((one) =>
    one.kind === 'git' ? [one.key ?? [], one.login?.password ?? []].flat() : [],
  );
  return [
    ...of(api, 'system.api'),
    ...of(metrics, 'system.metrics'),
    ...archives.map((use) => ({ use, by: 'system.archive' })),
  ];
}
