// SPDX-License-Identifier: BSD-3-Clause

/** How a backend is asked whether it serves. Times in ms. */
export type CheckKind =
  | { readonly kind: 'tcp' }
  /** A TLS handshake to its end; `name` is the server name asked for, `verify` the certificate's. */
  | { readonly kind: 'tls'; readonly name: string | null; readonly verify: boolean }
  | {
      readonly kind: 'http';
      readonly tls: boolean;
      readonly path: string;
      readonly host: string | null;
      readonly verify: boolean;
      /** Inclusive ranges of status codes that are good. */
      readonly status: readonly (readonly [number, number])[];
      /** Text that the first 64 KiB of the body must hold; null: any body. */
      readonly body: string | null;
    }
  /** A datagram sent; the answer must hold `expect`. null: an ICMP error in the time is bad, silence good. */
  | { readonly kind: 'udp'; readonly send: Uint8Array; readonly expect: string | null }
  | { readonly kind: 'icmp' };

export interface Check {
  readonly ask: CheckKind;
  /** Over TCP a PROXY header goes ahead, which says that there is no client: `LOCAL`. */
  readonly proxy?: boolean;
  readonly interval: number;
  /** At most the interval. */
  readonly timeout: number;
  /** Good answers in a row that bring a backend up, bad ones that take it down; 1..100. */
  readonly rise: number;
  readonly fall: number;
}

/** Where a backend is asked. */
export interface Target {
  readonly address: string;
  readonly family: 4 | 6;
  readonly port: number;
}

export interface Answer {
  readonly good: boolean;
  /** For the user: `200 OK`, `connection refused`, `no answer in 2000 ms`. */
  readonly why: string;
}

/** Asks once. Never throws; when the signal ends it, the answer counts for nothing. */
export type Ask = (check: Check, target: Target, signal: AbortSignal) => Promise<Answer>;
