// SPDX-License-Identifier: BSD-3-Clause
import type { ViciMessage, ViciValue } from '../../vpn/vici-message.js';
import type { Vici } from '../../vpn/vici.js';

/** ms that new SAs may take. */
const PATIENCE = '10000';

interface Ids {
  readonly ike: string;
  readonly children: readonly string[];
}

/**
 * Gives a tunnel that is up SAs by what charon was told last, and takes the ones before away when the
 * new ones stand. Without any there is nothing to do: the next are made by the new words.
 */
export async function renew(vici: Vici, name: string): Promise<void> {
  const before = await idsOf(vici, name);
  if (!before.some(({ children }) => children.length > 0)) return;
  await vici.request('initiate', { ike: name, child: name, timeout: PATIENCE });
  const now = await idsOf(vici, name);
  const old = new Set(before.flatMap(({ children }) => children));
  const fresh = now.filter(({ children }) => children.some((id) => !old.has(id)));
  if (fresh.length === 0) return;
  for (const { ike, children } of now) {
    if (!fresh.some((one) => one.ike === ike))
      await vici.request('terminate', { 'ike-id': ike, timeout: '-1' });
    else
      for (const id of children.filter((one) => old.has(one)))
        await vici.request('terminate', { 'child-id': id, timeout: '-1' });
  }
}

/** What stands of it. */
async function idsOf(vici: Vici, name: string): Promise<Ids[]> {
  const all = await vici.list('list-sas', 'list-sa', { ike: name });
  return all.flatMap((one) =>
    Object.values(one)
      .map(section)
      .filter(({ state }) => state === 'ESTABLISHED' || state === 'REKEYING')
      .map((sa) => ({
        ike: text(sa['uniqueid']),
        children: Object.values(section(sa['child-sas']))
          .map(section)
          .filter(({ state }) => state === 'INSTALLED' || state === 'REKEYING')
          .map((child) => text(child['uniqueid'])),
      })),
  );
}

function text(value: ViciValue | undefined): string {
  return typeof value === 'string' ? value : '';
}

function section(value: ViciValue | undefined): ViciMessage {
  return typeof value === 'object' && !Array.isArray(value) ? (value as ViciMessage) : {};
}
