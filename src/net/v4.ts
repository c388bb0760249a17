// SPDX-License-Identifier: BSD-3-Clause

/**
 * Parses a dotted quad of exactly four decimal numbers without leading zeros (RFC 6943 section
 * 3.1.1, the strict form). Returns the address as an unsigned 32-bit number, or -1.
 */
export function parseV4(text: string): number {
  const length = text.length;
  if (length < 7 || length > 15) return -1;
  let value = 0;
  let octet = 0;
  let digits = 0;
  let dots = 0;
  for (let i = 0; i < length; i++) {
    const c = text.charCodeAt(i);
    if (c === 46) {
      if (digits === 0 || dots === 3) return -1;
      value = value * 256 + octet;
      octet = 0;
      digits = 0;
      dots++;
    } else {
      if (c < 48 || c > 57 || (digits > 0 && octet === 0)) return -1;
      octet = octet * 10 + (c - 48);
      if (octet > 255) return -1;
      digits++;
    }
  }
  return dots === 3 && digits > 0 ? value * 256 + octet : -1;
}

/** Formats an unsigned 32-bit number as a dotted quad. */
export function formatV4(value: number): string {
  return `${value >>> 24}.${(value >>> 16) & 255}.${(value >>> 8) & 255}.${value & 255}`;
}
