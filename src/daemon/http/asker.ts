// SPDX-License-Identifier: BSD-3-Clause
import { readFileSync } from 'node:fs';
import type { IncomingMessage } from 'node:http';
import { peerUid } from '../../datapath/peer.js';
import { RequestError, type Asker, type Role } from './route.js';

/** The groups of `system: users`: each role has those before it too. */
export const ROLE_GROUPS: readonly (readonly [group: string, role: Role])[] = [
  ['sluice-viewer', 'viewer'],
  ['sluice-operator', 'operator'],
  ['sluice-admin', 'admin'],
];
const ORDER: readonly Role[] = ['viewer', 'operator', 'admin'];

/** Whether a role may do what takes another. */
export function may(role: Role, needed: Role): boolean {
  return ORDER.indexOf(role) >= ORDER.indexOf(needed);
}

/**
 * Who is at the other end, by the kernel's word. Root acts for others: whom, it says itself, as it does
 * from where; what they say is for commits and the audit log and gives no right.
 */
export function askerOf({ headers, socket }: IncomingMessage): Asker {
  const uid = peerUid(socket);
  if (uid === null) throw new RequestError(403, 'the socket does not say who asks');
  const said = (name: string): string | null => {
    const value = headers[name];
    return typeof value === 'string' && value !== '' ? value.slice(0, 128) : null;
  };
  const from = said('x-sluice-from') ?? 'local';
  if (uid === 0) return { user: said('x-sluice-user') ?? 'root', from, role: 'admin' };
  const { user, role } = accountOf(uid, readText('/etc/passwd'), readText('/etc/group'));
  if (role === null) throw new RequestError(403, `${user} is in no group of the appliance`);
  return { user, from, role };
}

/** Name and highest role of a user, from the texts of passwd(5) and group(5). */
export function accountOf(
  uid: number,
  passwd: string,
  group: string,
): { readonly user: string; readonly role: Role | null } {
  const line = passwd.split('\n').find((one) => one.split(':')[2] === String(uid));
  const [user = `uid ${uid}`, , , gid] = line?.split(':') ?? [];
  let role: Role | null = null;
  for (const [name, grants] of ROLE_GROUPS) {
    const fields = group
      .split('\n')
      .find((one) => one.startsWith(`${name}:`))
      ?.split(':');
    if (fields === undefined) continue;
    const member = fields[3]?.split(',').includes(user) === true;
    if ((line !== undefined && member) || (gid !== undefined && fields[2] === gid)) role = grants;
  }
  return { user, role };
}

function readText(file: string): string {
  try {
    return readFileSync(file, 'utf8');
  } catch {
    return '';
  }
}
