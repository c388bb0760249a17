// SPDX-License-Identifier: BSD-3-Clause
import { expect } from 'vitest';
import { compileModel } from '../../../src/compiler/image.js';
import { loadModel } from '../../../src/compiler/load.js';
import type { Model } from '../../../src/compiler/model.js';
import { noSlots, slotOf } from '../../../src/compiler/slots.js';
import type { OfflineDatapath } from '../../../src/datapath/offline.js';
import { textReader } from '../../../src/rulefile/reader.js';
import { CONSTANTS as C } from '../../../src/tables/layout.js';
import { MESSAGE_CONSTANTS as M } from '../../../src/tables/messages.js';
import type { Outcome, Packet, World } from '../../reference/iptables.js';
import { frameOf } from '../../reference/iptables-packets.js';

const VERDICTS = ['allow', 'deny', 'reject'] as const;
/** Between packets, so that no limit is ever reached. */
const APART = 60_000_000_000n;
let now = 1_800_000_000_000_000_000n;

const worlds = new WeakMap<Model, World>();

/** The box as the file that was made has it. */
export function worldOf(model: Model): World {
  const known = worlds.get(model);
  if (known !== undefined) return known;
  const prefixes = model.interfaces.flatMap(({ addresses }) => addresses);
  const last = prefixes
    .filter(({ address, length }) => address.family === 4 && length < 31)
    .map(({ address, length }) => address.value | ((1n << BigInt(32 - length)) - 1n));
  const world = {
    local: prefixes.map(({ address }) => address.value),
    broadcast: [0xffffffffn, ...last],
    sets: new Map(),
  };
  worlds.set(model, world);
  return world;
}

/** What became of a packet. */
type Kind = 'compared' | 'allowed' | 'unparsed' | 'implicit' | 'routeless' | 'link' | 'unknown';

export interface Judged {
  /** Packets of which the datapath says another thing: the first few. */
  readonly wrong: readonly unknown[];
  /** How many were compared, and how many not and why. */
  readonly seen: Readonly<Record<Kind, number>>;
}

/** Sends packets through the datapath with a rule file that was imported, and asks somebody else too. */
export async function judged(
  datapath: OfflineDatapath,
  text: string,
  count: number,
  make: (model: Model) => Omit<Packet, 'out'>,
  /** More than one outcome where it does not know; null where it does not care. */
  ask: (packet: Packet, model: Model) => ReadonlySet<Outcome> | null,
  /** `false`: it may deny what the other allows. */
  exact = true,
): Promise<Judged> {
  const { model, diagnostics } = loadModel('x.yaml', textReader(new Map([['x.yaml', text]])));
  expect(diagnostics.filter(({ severity }) => severity === 'error')).toEqual([]);
  const done = compileModel(model!, { generation: 1, slots: noSlots() });
  if (!done.ok) throw new Error(done.diagnostics[0]?.message);
  await datapath.load(done.image);
  const { slots } = done;
  const zones = new Map(model!.zones.map(({ name }) => [slotOf(slots.zones, name), name]));
  const wrong: unknown[] = [];
  const seen = {
    compared: 0,
    allowed: 0,
    unparsed: 0,
    implicit: 0,
    routeless: 0,
    link: 0,
    unknown: 0,
  };
  for (let first = 0; first < count; first += 1000) {
    const packets = Array.from({ length: Math.min(1000, count - first) }, () => make(model!));
    const batch = packets.map((packet) => ({
      time: (now += APART),
      iface: slotOf(slots.interfaces, packet.in),
      bytes: frameOf(packet),
    }));
    const { results } = await datapath.run('trace', batch);
    const base = Math.min(...results.map(({ input }) => input));
    for (const { input, rule, route, to, verdict } of results) {
      const packet = packets[input - base]!;
      if (rule === M.RULE_NOT_ASKED) seen.unparsed++;
      else if (rule < C.RULE_FIRST && rule !== C.RULE_DEFAULT_DENY) seen.implicit++;
      else if (route === M.ROUTE_MISSING) seen.routeless++;
      // Neighbour discovery never leaves its link, whatever rules say (RFC 4861).
      else if (route === M.ROUTE_FOUND && to === C.ZONE_LOCAL) seen.link++;
      else {
        const whole = { ...packet, out: to === C.ZONE_LOCAL ? null : zones.get(to)! };
        const want = ask(whole, model!);
        const got = VERDICTS[verdict]!;
        if (want === null) continue;
        if (want.size > 1) {
          seen.unknown++;
          // What is not understood may be denied, but never let in where it might be denied.
          if (got === 'allow') wrong.push({ ...whole, want: [...want], got });
        } else {
          seen.compared++;
          if (got === 'allow') seen.allowed++;
          if (!want.has(got) && (exact || got === 'allow'))
            wrong.push({ ...whole, want: [...want], got });
        }
      }
    }
  }
  return { wrong: wrong.slice(0, 3), seen };
}
