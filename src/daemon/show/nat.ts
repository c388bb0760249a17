// SPDX-License-Identifier: BSD-3-Clause
import { columns, span } from '../../diagnostics/columns.js';
import { formatAddress, parseAddress, type Range } from '../../net/address.js';
import type { Address } from '../../net/sets.js';
import { MESSAGE_CONSTANTS as M } from '../../tables/messages.js';
import { endpoint, liveSessions, type SessionShown } from './sessions.js';
import type { Shown } from './source.js';

/** As OP_NAT tells: sessions by the source address they were given, of each worker. */
interface Told {
  readonly addresses: readonly { readonly address: string; readonly sessions: readonly number[] }[];
  readonly others: number;
}

interface Used {
  readonly address: string;
  readonly sessions: number;
  readonly workers: readonly number[];
}

/** As OP_NAT_BLOCKS tells. */
interface BlocksTold {
  readonly blocks: readonly {
    readonly client: string;
    readonly address: string;
    readonly low: number;
    readonly high: number;
    readonly sessions: number;
    readonly age_ms: number;
    readonly rule: number;
  }[];
  readonly more: boolean;
  readonly addresses: readonly { readonly address: string; readonly blocks: number }[];
}

/** A block of ports that a client has. */
export interface BlockShown {
  /** IPv6: the /64. */
  readonly client: string;
  readonly address: string;
  readonly ports: string;
  readonly sessions: number;
  readonly age_ms: number;
  readonly rule: string;
}

export interface PoolShown {
  /** The NAT rule; of addresses of interfaces, the interface. */
  readonly rule: string | null;
  readonly interface: string | null;
  readonly addresses: string;
  /** Given out to TCP and UDP for each destination; null where interfaces lend their own. */
  readonly ports: string | null;
  /** CGNAT: blocks lent, and that there are. */
  readonly blocks: { readonly size: number; readonly lent: number; readonly all: number } | null;
  readonly sessions: number;
  /** The same by worker. */
  readonly workers: readonly number[];
  readonly used: readonly Used[];
}

export const natPools: Shown<{ readonly pools: readonly PoolShown[]; readonly others: number }> = {
  data: async ({ appliance }) => {
    const { names, datapath } = appliance;
    const { addresses, others } = await datapath.json<Told>(M.OP_NAT);
    const lent = names.lenders.some(({ blockSize }) => blockSize !== null)
      ? (await datapath.json<BlocksTold>(M.OP_NAT_BLOCKS)).addresses
      : [];
    const left = new Map(addresses.map((one) => [one.address, one]));
    const take = (fits: (address: Address) => boolean): Used[] => {
      const used: Used[] = [];
      for (const [text, { sessions }] of left) {
        const address = parseAddress(text);
        if (typeof address === 'string' || !fits(address)) continue;
        used.push({ address: text, sessions: sum(sessions), workers: sessions });
      }
      return used;
    };
    const pools = names.lenders.map(({ rule, ranges, ports: [low, high], blockSize: size }) => {
      const of = (text: string): boolean => {
        const address = parseAddress(text);
        return typeof address !== 'string' && ranges.some((range) => within(range, address));
      };
      const count = ranges.reduce((all, one) => all + Number(one.high - one.low + 1n), 0);
      const blocks =
        size === null
          ? null
          : {
              size,
              lent: sum(lent.filter(({ address }) => of(address)).map((one) => one.blocks)),
              all: count * Math.floor((high - low + 1) / size),
            };
      const used = take((address) => ranges.some((range) => within(range, address)));
      const text = ranges.map(rangeText).join(', ');
      return {
        rule,
        interface: null,
        addresses: text,
        ports: `${low}-${high}`,
        blocks,
        ...total(used),
      };
    });
    for (const { used } of pools) for (const { address } of used) left.delete(address);
    const own = names.interfaces.flatMap(({ name, addresses: texts }) => {
      const bare = texts.map((text) => text.slice(0, text.indexOf('/')));
      const used = take((address) => bare.includes(formatAddress(address)));
      for (const { address } of used) left.delete(address);
      return used.length === 0
        ? []
        : [
            {
              rule: null,
              interface: name,
              addresses: bare.join(', '),
              ports: null,
              blocks: null,
              ...total(used),
            },
          ];
    });
    const rest = take(() => true);
    const more =
      rest.length === 0
        ? []
        : [
            {
              rule: null,
              interface: null,
              addresses: 'others',
              ports: null,
              blocks: null,
              ...total(rest),
            },
          ];
    return { pools: [...pools, ...own, ...more], others };
  },
  text: ({ pools }) =>
    columns(pools, [
      ['rule', (one) => one.rule ?? one.interface],
      ['addresses', ({ addresses }) => addresses],
      ['ports', ({ ports }) => ports],
      ['blocks', ({ blocks }) => blocks && `${blocks.lent} of ${blocks.all} by ${blocks.size}`],
      ['sessions', ({ sessions }) => sessions],
      ['by worker', ({ workers }) => workers.join(' ')],
    ]),
};

export const natBlocks: Shown<{ readonly blocks: readonly BlockShown[]; readonly more: boolean }> =
  {
    data: async ({ appliance }) => {
      const { names, datapath } = appliance;
      const { blocks, more } = await datapath.json<BlocksTold>(M.OP_NAT_BLOCKS);
      return {
        blocks: blocks.map(({ client, address, low, high, sessions, age_ms, rule }) => ({
          client: client.includes(':') ? `${client}/64` : client,
          address,
          ports: `${low}-${high}`,
          sessions,
          age_ms,
          rule: names.rule(rule),
        })),
        more,
      };
    },
    text: ({ blocks, more }) => {
      const table = columns(blocks, [
        ['client', ({ client }) => client],
        ['address', ({ address }) => address],
        ['ports', ({ ports }) => ports],
        ['sessions', ({ sessions }) => sessions],
        ['age', ({ age_ms }) => span(age_ms)],
        ['rule', ({ rule }) => rule],
      ]);
      return more ? `${table}these are the first ${blocks.length}\n` : table;
    },
  };

export const natTranslations: Shown<{
  readonly translations: readonly SessionShown[];
  readonly more: boolean;
}> = {
  data: async (source, query) => {
    const { sessions, more } = await liveSessions(source, query, true);
    return { translations: sessions, more };
  },
  text: ({ translations, more }) => {
    const table = columns(translations, [
      ['protocol', ({ protocol }) => protocol],
      ['source', ({ source, source_port: port }) => endpoint(source, port)],
      ['becomes', ({ nat }) => (nat ? endpoint(nat.source, nat.source_port) : null)],
      ['destination', ({ destination, destination_port: port }) => endpoint(destination, port)],
      ['becomes', ({ nat }) => (nat ? endpoint(nat.destination, nat.destination_port) : null)],
      ['state', ({ state }) => state],
      ['age', ({ age_ms }) => span(age_ms)],
      ['idle', ({ idle_ms }) => span(idle_ms)],
    ]);
    return more ? `${table}there may be more: --limit N, 0 for all\n` : table;
  },
};

function total(used: readonly Used[]): Pick<PoolShown, 'sessions' | 'workers' | 'used'> {
  const workers = (used[0]?.workers ?? []).map((_, i) =>
    sum(used.map((one) => one.workers[i] ?? 0)),
  );
  return { sessions: sum(used.map((one) => one.sessions)), workers, used };
}

function within({ family, low, high }: Range, address: Address): boolean {
  return address.family === family && address.value >= low && address.value <= high;
}

function rangeText({ family, low, high }: Range): string {
  const first = formatAddress({ family, value: low });
  return low === high ? first : `${first}-${formatAddress({ family, value: high })}`;
}

function sum(numbers: readonly number[]): number {
  return numbers.reduce((all, one) => all + one, 0);
}
