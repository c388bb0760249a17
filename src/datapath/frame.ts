// SPDX-License-Identifier: BSD-3-Clause

const ETHERTYPE_IP4 = 0x0800;
const ETHERTYPE_IP6 = 0x86dd;
const ETHERTYPE_VLAN = 0x8100;

/** Locally administered; the offline datapath takes frames for any destination. */
const DESTINATION = [0x02, 0, 0, 0, 0, 0x01];
const SOURCE = [0x02, 0, 0, 0, 0, 0x02];

/** Puts an Ethernet header before an IP packet, with a tag if `vlan` is not 0, from `mac` if given. */
export function etherFrame(
  packet: Uint8Array,
  family: 4 | 6,
  vlan: number,
  mac: number | null = null,
): Uint8Array {
  const source = mac === null ? SOURCE : bytesOf(mac);
  const type = family === 4 ? ETHERTYPE_IP4 : ETHERTYPE_IP6;
  const tag = vlan === 0 ? [] : [...word(ETHERTYPE_VLAN), ...word(vlan)];
  return Buffer.concat([
    Uint8Array.from([...DESTINATION, ...source, ...tag, ...word(type)]),
    packet,
  ]);
}

/** Puts a VLAN tag into an Ethernet frame; a frame without room for one stays as it is. */
export function tagFrame(frame: Uint8Array, vlan: number): Uint8Array {
  if (vlan === 0 || frame.length < 12) return frame;
  const tag = Uint8Array.from([...word(ETHERTYPE_VLAN), ...word(vlan)]);
  return Buffer.concat([frame.subarray(0, 12), tag, frame.subarray(12)]);
}

function bytesOf(mac: number): number[] {
  return [5, 4, 3, 2, 1, 0].map((i) => Math.floor(mac / 256 ** i) % 256);
}

function word(value: number): [number, number] {
  return [value >> 8, value & 0xff];
}
