// SPDX-License-Identifier: BSD-3-Clause
import type { ServerResponse } from 'node:http';
import type { z } from 'zod';
import type { Source } from '../show/source.js';

/**
 * What somebody may do: a viewer looks, an operator changes the configuration but for `system`, which
 * has the users, an admin everything.
 */
export type Role = 'viewer' | 'operator' | 'admin';

/** Who asks, and from where, as far as the socket knows. */
export interface Asker {
  readonly user: string;
  readonly from: string;
  readonly role: Role;
}

/** A request as a route gets it: what its schemas say, read. */
export interface Asked {
  readonly source: Source;
  readonly by: Asker;
  /** By the names in braces of the path. */
  readonly params: Readonly<Record<string, string>>;
  readonly query: Readonly<Record<string, string>>;
  readonly body: unknown;
  /** Of routes with `raw`: as it came. */
  readonly bytes: Uint8Array;
  readonly response: ServerResponse;
  /** The answer is text for people. */
  readonly text: boolean;
}

export interface Route {
  readonly method: 'GET' | 'POST' | 'DELETE';
  /** `/candidates/{id}/edit` */
  readonly path: string;
  readonly role: Role;
  readonly summary: string;
  /** Names and meanings of what may stand in the query. */
  readonly query?: Readonly<Record<string, z.ZodType>>;
  /** Of the JSON in the body. */
  readonly body?: z.ZodType;
  /** The body is passed on as it came: it is large, and read elsewhere. */
  readonly raw?: true;
  /** A change, which the audit log has. */
  readonly audited?: true;
  /** The answer, as a JSON value; undefined where `run` answers itself; text where text was asked. */
  readonly run: (asked: Asked) => unknown;
}

/** A request that is none of ours; `status` is HTTP's. */
export class RequestError extends Error {
  readonly status: number;
  /** What exactly is wrong with it. */
  readonly details: readonly string[];

  constructor(status: number, message: string, details: readonly string[] = []) {
    super(message);
    this.status = status;
    this.details = details;
  }
}
