// SPDX-License-Identifier: BSD-3-Clause
import type { ViciMessage, ViciValue } from '../../vpn/vici-message.js';
import { ViciAway, ViciRefused, type Vici } from '../../vpn/vici.js';

/** ms until a tunnel that is not up is begun again: the first time, then twice as long, and at most. */
const FIRST = 5000;
const LONGEST = 60_000;
/** And after it has been up. */
const AGAIN = 500;

interface Wait {
  readonly due: number;
  readonly pause: number;
}

/**
 * Tunnels that are to be up always. charon asks a silent peer for ever, but one that refuses not
 * again: it may have been told of the tunnel only since. So what is not up is begun anew from here.
 */
export class Lasting {
  readonly #failed: (error: unknown) => void;
  #vici: Vici | null = null;
  #wanted = new Set<string>();
  readonly #up = new Set<string>();
  readonly #waits = new Map<string, Wait>();
  #timer: NodeJS.Timeout | null = null;

  constructor(failed: (error: unknown) => void) {
    this.#failed = failed;
  }

  /** Another charon, which has told of nothing yet. */
  async follow(vici: Vici): Promise<void> {
    this.#vici = vici;
    this.#up.clear();
    this.#waits.clear();
    vici.on('child-updown', (message) => this.#heard(message));
    await vici.listen('child-updown');
  }

  /** These are to be up. */
  want(names: Iterable<string>): void {
    this.#wanted = new Set(names);
    for (const name of [...this.#up, ...this.#waits.keys()])
      if (!this.#wanted.has(name)) {
        this.#up.delete(name);
        this.#waits.delete(name);
      }
    for (const name of this.#wanted)
      if (!this.#up.has(name) && !this.#waits.has(name)) this.#wait(name, FIRST);
    this.#plan();
  }

  stop(): void {
    this.#vici = null;
    if (this.#timer !== null) clearTimeout(this.#timer);
    this.#timer = null;
  }

  #heard(message: ViciMessage): void {
    for (const name of Object.keys(message).filter((key) => this.#wanted.has(key)))
      if (message['up'] === 'yes') {
        this.#up.add(name);
        this.#waits.delete(name);
      } else if (this.#up.delete(name)) this.#wait(name, AGAIN);
    this.#plan();
  }

  #wait(name: string, pause: number): void {
    this.#waits.set(name, { due: Date.now() + pause, pause });
  }

  #plan(): void {
    if (this.#timer !== null) clearTimeout(this.#timer);
    this.#timer = null;
    if (this.#vici === null || this.#waits.size === 0) return;
    const first = Math.min(...[...this.#waits.values()].map(({ due }) => due));
    this.#timer = setTimeout(() => void this.#look(), Math.max(0, first - Date.now()));
    this.#timer.unref();
  }

  async #look(): Promise<void> {
    const vici = this.#vici;
    if (vici === null) return;
    try {
      const all = await vici.list('list-sas', 'list-sa', { noblock: 'yes' });
      const now = Date.now();
      for (const [name, { due, pause }] of this.#waits) {
        if (due > now) continue;
        const sas = all.filter((one) => name in one).map((one) => section(one[name]));
        if (sas.some(hasChild)) {
          this.#up.add(name);
          this.#waits.delete(name);
          continue;
        }
        this.#wait(name, Math.min(LONGEST, pause * 2));
        if (!sas.some(isBusy))
          await vici.request('initiate', { ike: name, child: name, timeout: '-1' });
      }
    } catch (error) {
      // Without charon there is nothing to begin; what it does not know it was not told yet.
      if (!(error instanceof ViciAway || error instanceof ViciRefused)) this.#failed(error);
    }
    if (this.#vici === vici) this.#plan();
  }
}

function hasChild(sa: ViciMessage): boolean {
  const children = Object.values(section(sa['child-sas'])).map(section);
  return children.some(({ state }) => state === 'INSTALLED' || state === 'REKEYING');
}

/** Something is under way with the peer. */
function isBusy(sa: ViciMessage): boolean {
  if (sa['state'] !== 'ESTABLISHED') return true;
  return ['tasks-queued', 'tasks-active'].some((key) => sa[key] !== undefined);
}

function section(value: ViciValue | undefined): ViciMessage {
  return typeof value === 'object' && !Array.isArray(value) ? (value as ViciMessage) : {};
}
