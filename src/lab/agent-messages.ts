// SPDX-License-Identifier: BSD-3-Clause

/** What the lab asks of the agent in a host's namespace; times in ms. */
export type AgentJob =
  | { readonly op: 'serve-tcp'; readonly port: number }
  | { readonly op: 'serve-udp'; readonly address: string; readonly port: number }
  | {
      readonly op: 'tcp';
      readonly host: string;
      readonly port: number;
      readonly timeout: number;
    }
  | { readonly op: 'udp'; readonly host: string; readonly port: number }
  | {
      readonly op: 'echo';
      readonly flow: number;
      readonly text: string;
      readonly timeout: number;
    }
  | { readonly op: 'close'; readonly flow: number };

export interface AgentAnswer {
  readonly id: number;
  readonly value?: unknown;
  /** An errno's name, or `timeout`. */
  readonly error?: string;
}
