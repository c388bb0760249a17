// SPDX-License-Identifier: BSD-3-Clause
import { etherFrame, tagFrame } from './frame.js';

/** Link types by the numbers of tcpdump.org/linktypes.html: those met most, for messages. */
const NAMES = new Map([
  [0, 'NULL'],
  [1, 'ETHERNET'],
  [3, 'AX25'],
  [6, 'IEEE802_5'],
  [7, 'ARCNET'],
  [8, 'SLIP'],
  [9, 'PPP'],
  [10, 'FDDI'],
  [12, 'RAW'],
  [14, 'RAW'],
  [50, 'PPP_HDLC'],
  [51, 'PPP_ETHER'],
  [100, 'ATM_RFC1483'],
  [101, 'RAW'],
  [104, 'C_HDLC'],
  [105, 'IEEE802_11'],
  [107, 'FRELAY'],
  [108, 'LOOP'],
  [113, 'LINUX_SLL'],
  [117, 'PFLOG'],
  [119, 'IEEE802_11_PRISM'],
  [127, 'IEEE802_11_RADIOTAP'],
  [187, 'BLUETOOTH_HCI_H4'],
  [189, 'USB_LINUX'],
  [192, 'PPI'],
  [195, 'IEEE802_15_4_WITHFCS'],
  [220, 'USB_LINUX_MMAPPED'],
  [228, 'IPV4'],
  [229, 'IPV6'],
  [230, 'IEEE802_15_4_NOFCS'],
  [239, 'NFLOG'],
  [240, 'NETANALYZER'],
  [249, 'USBPCAP'],
  [253, 'NETLINK'],
  [276, 'LINUX_SLL2'],
]);

export const LINK_ETHERNET = 1;
const LINK_IPV4 = 228;
const LINK_IPV6 = 229;
/** 12 and 14 are DLT_RAW as some systems number it, in files of theirs. */
const RAW = new Set([12, 14, 101, LINK_IPV4, LINK_IPV6]);

export function linkName(link: number): string {
  return NAMES.get(link) ?? 'unknown';
}

export function isTaken(link: number): boolean {
  return link === LINK_ETHERNET || RAW.has(link);
}

/** The Ethernet frame of a packet of a link type that is taken; `vlan` other than 0 tags it. */
export function frameOf(
  { link, bytes }: { link: number; bytes: Uint8Array },
  vlan: number,
): Uint8Array {
  if (link === LINK_ETHERNET) return tagFrame(bytes, vlan);
  const six = link === LINK_IPV6 || (link !== LINK_IPV4 && (bytes[0] ?? 0) >> 4 === 6);
  return etherFrame(bytes, six ? 6 : 4, vlan);
}
