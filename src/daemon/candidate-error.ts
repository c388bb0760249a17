// SPDX-License-Identifier: BSD-3-Clause

/** A request that cannot be answered: HTTP's status, and why. */
export class CandidateError extends Error {
  readonly status: number;

  constructor(status: number, message: string) {
    super(message);
    this.status = status;
  }
}
