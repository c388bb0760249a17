// SPDX-License-Identifier: BSD-3-Clause

/** What people may do on the appliance: look, change the configuration too, or everything. */
export const ROLES = ['viewer', 'operator', 'admin'] as const;
export type Role = (typeof ROLES)[number];

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
}

export const NO_SYSTEM: System = {
  hostname: null,
  timezone: null,
  users: [],
  keys: [],
  dns: [],
  ntp: [],
  syslog: [],
};
