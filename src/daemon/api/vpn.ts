// SPDX-License-Identifier: BSD-3-Clause

/** What `POST /vpn` does with a tunnel. */
export const TUNNEL_ACTIONS = ['up', 'down', 'rekey'] as const;
export type TunnelAction = (typeof TUNNEL_ACTIONS)[number];

/** What `POST /vpn/engine` does with a crypto engine. */
export const ENGINE_ACTIONS = ['enable', 'disable'] as const;
export type EngineAction = (typeof ENGINE_ACTIONS)[number];

/** Of `GET /secrets`; what a secret is nobody is told. */
export interface SecretShown {
  readonly name: string;
  /** ISO time; null where it is not stored. */
  readonly stored: string | null;
  /** What in force needs it: `tunnel hq`, `system.api`. */
  readonly needed_by: string | null;
}
