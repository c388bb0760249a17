// SPDX-License-Identifier: BSD-3-Clause
import { closeSync, fstatSync, openSync, readSync } from 'node:fs';
import { contains } from '../../net/algebra.js';
import { parseAddress } from '../../net/address.js';
import { lastNegotiation, type Negotiation } from '../../vpn/log/negotiation.js';
import type { Tunnel } from '../../vpn/model.js';
import type { Shown } from './source.js';

/** Bytes at the end of charon's log that are looked through. */
const TAIL = 8 * 1024 * 1024;

export interface NegotiationsShown {
  readonly negotiations: readonly (Negotiation | { readonly tunnel: string; readonly at: null })[];
}

/** The last negotiation of each tunnel, or of the one that `tunnel` names. */
export const vpnLog: Shown<NegotiationsShown> = {
  data: ({ appliance: { vpn } }, query) => {
    const log = vpn.charon.logs.map(tailOf).join('');
    const name = query.get('tunnel');
    return {
      negotiations: vpn.tunnels
        .filter((one) => name === null || one.name === name)
        .map(
          (tunnel) =>
            lastNegotiation(log, tunnel.name, (address) => isPeer(tunnel, address)) ?? {
              tunnel: tunnel.name,
              at: null,
            },
        ),
    };
  },
  text: ({ negotiations }) => negotiations.map(textOf).join('\n'),
};

function isPeer({ from, start }: Tunnel, text: string): boolean {
  if (from === null) return start === 'respond';
  const address = parseAddress(text);
  return typeof address !== 'string' && contains(from, address);
}

function textOf(one: NegotiationsShown['negotiations'][number]): string {
  if (one.at === null) return `${one.tunnel}: no negotiation in the log\n`;
  const { tunnel, at, began, peer, outcome, phase, cause, ours, theirs } = one;
  const who = began === 'we' ? `we went to ${peer}` : `${peer} came to us`;
  const lines = [`${tunnel}: ${outcome}, ${at}, ${who}`];
  if (cause === null) return `${lines.join('\n')}\n`;
  const refused = { we: 'we refused', 'the peer': 'the peer refused', nobody: 'no answer' };
  lines.push(`  ${refused[cause.side]} in ${phase}: ${cause.why}`);
  if (cause.about !== null)
    lines.push(
      `  ours    ${ours ?? '-'}`,
      `  theirs  ${theirs ?? 'not told; they are in the log of the peer'}`,
    );
  return `${[...lines, `  change  ${cause.change}`].join('\n')}\n`;
}

function tailOf(file: string): string {
  let handle: number;
  try {
    handle = openSync(file, 'r');
  } catch {
    return ''; // charon has never run
  }
  try {
    const { size } = fstatSync(handle);
    const length = Math.min(size, TAIL);
    const bytes = Buffer.alloc(length);
    const got = readSync(handle, bytes, 0, length, size - length);
    return bytes.toString('utf8', 0, got);
  } finally {
    closeSync(handle);
  }
}
