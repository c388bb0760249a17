// SPDX-License-Identifier: BSD-3-Clause
import type { Socket } from 'node:net';
import koffi from 'koffi';

/** Of <sys/socket.h> on Linux. */
const SOL_SOCKET = 1;
const SO_PEERCRED = 17;

type GetOption = (
  socket: number,
  level: number,
  name: number,
  value: Buffer,
  length: number[],
) => number;
let getsockopt: GetOption | undefined;

/** The user at the other end of a Unix socket, as the kernel knows it; null where there is none. */
export function peerUid(socket: Socket): number | null {
  const { fd } = (socket as { readonly _handle?: { readonly fd?: number } })._handle ?? {};
  if (fd === undefined || fd < 0) return null;
  getsockopt ??= koffi
    .load('libc.so.6')
    .func('int getsockopt(int, int, int, void *, _Inout_ uint32_t *)') as GetOption;
  // struct ucred: pid, uid, gid.
  const credentials = Buffer.alloc(12);
  if (getsockopt(fd, SOL_SOCKET, SO_PEERCRED, credentials, [12]) !== 0) return null;
  return credentials.readUInt32LE(4);
}
