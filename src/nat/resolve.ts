// SPDX-License-Identifier: BSD-3-Clause
import { didYouMean } from '../diagnostics/suggest.js';
import { quote } from '../diagnostics/text.js';
import type { ServiceSet } from '../firewall/model.js';
import type { Interface } from '../interfaces/model.js';
import { hasHostBits, parseAddress, parsePrefix, rangeOf } from '../net/address.js';
import { fromPrefix, isEmpty, ranges, subtract, union } from '../net/algebra.js';
import { AddressSetBuilder } from '../net/builder.js';
import { hasPorts, parsePortRange } from '../net/services.js';
import type { Address, AddressSet, Prefix } from '../net/sets.js';
import type { Context } from '../rulefile/context.js';
import type {
  Nat,
  NatPool,
  NatRule,
  PortBlocks,
  PortRange,
  SourcePorts,
  Translation,
} from './model.js';
import { isNat64Prefix } from './nat64.js';
import type {
  ForwardConfig,
  Nat64Config,
  NatPart,
  PrefixConfig,
  SourceConfig,
  StaticConfig,
} from './schema.js';

/** What NAT refers to. A resolver that gives undefined has reported why. */
export interface NatNames {
  readonly interfaces: readonly Interface[];
  /** Public addresses beside those of NAT, which are to be found here too. */
  readonly published: readonly AddressSet[];
  addresses(value: string | readonly string[], owner: object, key: string): AddressSet | undefined;
  /** null for any. */
  service(owner: {
    readonly service?: string | readonly string[] | undefined;
  }): ServiceSet | null | undefined;
}

/** RFC 4787 3.2.1: ports below are well known, and nobody is given one unasked. */
const DEFAULT_PORTS: PortRange = [1024, 65535];

/** NAT as the model has it; what cannot be is reported and left out. */
export function resolveNat(config: NatPart, names: NatNames, context: Context): Nat {
  return new Resolver(config.nat ?? {}, names, context).resolve();
}

class Resolver {
  readonly #config: NonNullable<NatPart['nat']>;
  readonly #names: NatNames;
  readonly #context: Context;
  readonly #pools = new Map<
    string,
    NatPool & { readonly ports: PortRange; readonly blocks: PortBlocks | null }
  >();

  constructor(config: NonNullable<NatPart['nat']>, names: NatNames, context: Context) {
    this.#config = config;
    this.#names = names;
    this.#context = context;
  }

  resolve(): Nat {
    for (const [name, pool] of this.#config.pools ?? []) {
      const addresses = this.#names.addresses(pool.addresses, pool, 'addresses');
      const ports =
        pool.ports === undefined ? DEFAULT_PORTS : this.#ports(pool, 'ports', pool.ports);
      if (addresses === undefined || ports === undefined) continue;
      const family = this.#familyOf(addresses, pool, 'addresses');
      if (family === undefined) continue;
      const size = pool['block-size'];
      if (size !== undefined && (family === 6 || size > ports[1] - ports[0] + 1)) {
        const message =
          family === 6
            ? 'blocks are of ports of IPv4; IPv6 needs none'
            : `the pool has ${ports[1] - ports[0] + 1} ports an address, less than one block`;
        this.#fail(pool, 'block-size', message);
        continue;
      }
      const blocks = size === undefined ? null : { size, most: pool['blocks-per-client'] };
      this.#pools.set(name, { name, addresses, ports, blocks });
    }
    const statics = [
      ...(this.#config.static ?? []).map((one) => this.#static(one, false)),
      ...(this.#config.nptv6 ?? []).map((one) => this.#static(one, true)),
    ];
    const rules = [
      ...statics.map(({ out }) => out),
      ...(this.#config.source ?? []).map((one) => this.#source(one)),
      ...(this.#config.forwards ?? []).map((one) => this.#forward(one)),
      ...(this.#config.nat64 ?? []).map((one) => this.#nat64(one)),
      ...statics.map(({ back }) => back),
    ].filter((rule) => rule !== undefined);
    return {
      rules,
      pools: [...this.#pools.values()].map(({ name, addresses }) => ({ name, addresses })),
      proxied: this.#proxied(rules),
    };
  }

  #source(one: SourceConfig): NatRule | undefined {
    const source = this.#optional(one, 'source');
    const destination = this.#optional(one, 'destination');
    const service = this.#names.service(one);
    const translation = this.#translation(one);
    if (source === undefined || destination === undefined || service === undefined)
      return undefined;
    if (translation === undefined) return undefined;
    const family = translation.kind === 'pool' ? translation.family : source === null ? 4 : null;
    const fitting = family === null ? source : ofFamily(source, family);
    if (fitting !== null && isEmpty(fitting)) {
      const message = `the rule's sources are not IPv${String(family)}, as what they become is`;
      this.#fail(one, 'translate-to', message);
      return undefined;
    }
    return {
      ...this.#common(one),
      direction: 'source',
      from: [one.from].flat(),
      to: [one.to].flat(),
      source: fitting,
      destination,
      service,
      translation,
    };
  }

  #nat64(one: Nat64Config): NatRule | undefined {
    const source = this.#optional(one, 'source');
    const prefix = this.#prefix(one, 'prefix');
    const to = this.#translation(one);
    if (source === undefined || prefix === undefined || to === undefined) return undefined;
    if (!isNat64Prefix(prefix)) {
      const message =
        'IPv4 lies behind 32, 40, 48, 56, 64 or 96 bits of IPv6, and bits 64 to 71 are zero';
      this.#fail(one, 'prefix', message);
      return undefined;
    }
    if (to.kind !== 'interface' && (to.kind !== 'pool' || to.family !== 4)) {
      this.#fail(one, 'translate-to', 'the source to a server of IPv4 is an address of IPv4');
      return undefined;
    }
    const fitting = source === null ? null : ofFamily(source, 6);
    if (fitting !== null && isEmpty(fitting)) {
      this.#fail(one, 'source', 'clients of NAT64 have addresses of IPv6');
      return undefined;
    }
    const addresses = to.kind === 'pool' ? to.addresses : null;
    return {
      ...this.#common(one),
      direction: 'destination',
      from: [one.from].flat(),
      to: [],
      source: fitting,
      destination: fromPrefix(prefix),
      service: null,
      translation: { kind: 'nat64', prefix, addresses, ports: to.ports },
    };
  }

  #translation(one: SourceConfig | Nat64Config): Translation | undefined {
    const to = one['translate-to'];
    const choice = { preserve: one.ports === 'preserve', parity: one.parity };
    if (to === 'none') return { kind: 'none' };
    if (to === 'interface')
      return { kind: 'interface', ports: { range: DEFAULT_PORTS, blocks: null, ...choice } };
    const pool = this.#pools.get(to);
    // A pool whose value was refused is not unknown.
    if (pool === undefined && this.#context.wrote(this.#config.pools ?? {}, to)) return undefined;
    const addresses = pool?.addresses ?? this.#names.addresses(to, one, 'translate-to');
    if (addresses === undefined) return undefined;
    const family = this.#familyOf(addresses, one, 'translate-to');
    if (family === undefined) return undefined;
    const ports: SourcePorts = {
      range: pool?.ports ?? DEFAULT_PORTS,
      blocks: pool?.blocks ?? null,
      ...choice,
    };
    return { kind: 'pool', pool: pool === undefined ? null : to, family, addresses, ports };
  }

  /** One to one: a rule of each direction. */
  #static(
    one: StaticConfig | PrefixConfig,
    neutral: boolean,
  ): { out: NatRule | undefined; back: NatRule | undefined } {
    const inside = this.#prefix(one, 'inside');
    const follows = neutral ? this.#followed(one, inside) : null;
    // Until the interface is lent one, nothing is changed.
    const outside = follows === null ? this.#prefix(one, 'outside') : inside;
    if (inside === undefined || outside === undefined) return { out: undefined, back: undefined };
    if (inside.address.family !== outside.address.family || inside.length !== outside.length) {
      this.#fail(one, 'outside', "'inside' and 'outside' are prefixes of one family and length");
      return { out: undefined, back: undefined };
    }
    // RFC 6296 3.4: beyond 64 bits no word is sure to be left for the checksum.
    if (neutral && (inside.address.family !== 6 || inside.length > 64)) {
      this.#fail(one, 'inside', 'NPTv6 is for IPv6 prefixes of at most 64 bits');
      return { out: undefined, back: undefined };
    }
    const prefix = (to: Prefix): Translation => ({
      kind: 'prefix',
      prefix: to,
      ports: null,
      hairpin: true,
      neutral,
    });
    const common = {
      ...this.#common(one),
      service: null,
      ...(follows === null
        ? {}
        : { enabled: false, follows: { interface: follows, enabled: one.enabled } }),
    };
    return {
      out: {
        ...common,
        direction: 'source',
        from: ['any'],
        to: [one.zone].flat(),
        source: fromPrefix(inside),
        destination: null,
        translation: prefix(outside),
      },
      back: {
        ...common,
        direction: 'destination',
        from: ['any'],
        to: [],
        source: null,
        destination: fromPrefix(outside),
        translation: prefix(inside),
      },
    };
  }

  /** The interface whose prefix is the outside; null where that is written itself. */
  #followed(one: PrefixConfig | StaticConfig, inside: Prefix | undefined): string | null {
    const iface = this.#names.interfaces.find(({ name }) => name === one.outside);
    if (iface === undefined) return null;
    const { name, requestPrefix } = iface;
    if (requestPrefix === undefined)
      this.#fail(one, 'outside', `interface ${quote(name)} has no 'request-prefix'`);
    else if (inside !== undefined && inside.length < requestPrefix) {
      const message = `a prefix of ${requestPrefix} bits, as ${quote(name)} asks for, is too small for 'inside'`;
      this.#fail(one, 'outside', message);
    }
    return name;
  }

  #forward(one: ForwardConfig): NatRule | undefined {
    const to = this.#address(one, 'translate-to');
    const source = this.#optional(one, 'source');
    const service = this.#names.service(one);
    const at = this.#asked(one, to?.family);
    const range = one.port === undefined ? null : this.#ports(one, 'port', one.port);
    if (to === undefined || source === undefined || service === undefined) return undefined;
    if (at === undefined || range === undefined) return undefined;
    const ports = range === null ? null : this.#forwardPorts(one, service, range);
    if (ports === undefined) return undefined;
    return {
      ...this.#common(one),
      direction: 'destination',
      from: [one.from].flat(),
      to: [],
      source,
      destination: at,
      service,
      translation: {
        kind: 'prefix',
        prefix: { address: to, length: to.family === 4 ? 32 : 128 },
        ports,
        hairpin: one.hairpin,
      },
    };
  }

  /** One new port for all, or a range as long as that of the service. */
  #forwardPorts(
    one: ForwardConfig,
    service: ServiceSet | null,
    range: PortRange,
  ): { readonly range: PortRange; readonly matched: number } | undefined {
    const found = new Set(
      (service?.services ?? [])
        .filter(({ protocol }) => hasPorts(protocol))
        .map(({ destination: [low, high] }) => `${low}-${high}`),
    );
    const [only] = found;
    if (service === null || only === undefined) {
      this.#fail(one, 'port', "a new port needs a 'service' with ports");
      return undefined;
    }
    const [low = 0, high = 0] = only.split('-').map(Number);
    if (range[0] === range[1]) return { range, matched: found.size === 1 ? low : 0 };
    if (found.size > 1 || high - low !== range[1] - range[0]) {
      this.#fail(one, 'port', 'a range of new ports is as long as the one range of the service');
      return undefined;
    }
    return { range, matched: low };
  }

  /** The addresses a forward is for. */
  #asked(one: ForwardConfig, family: 4 | 6 | undefined): AddressSet | undefined {
    const iface = this.#names.interfaces.find(({ name }) => name === one.at);
    if (iface === undefined) {
      const address = parseAddress(one.at);
      if (typeof address === 'string') {
        const known = this.#names.interfaces.map(({ name }) => name);
        const message = `there is no interface ${quote(one.at)}, and it is no address: ${address}`;
        this.#context.report('unknown-interface', this.#context.at(one, 'at'), message, {
          hint: () => didYouMean(one.at, known),
        });
        return undefined;
      }
      if (family !== undefined && family !== address.family) {
        this.#fail(one, 'translate-to', `${quote(one.at)} is not of its family`);
        return undefined;
      }
      return setOf(address);
    }
    const own = iface.addresses.map(({ address }) => address);
    const fitting = own.filter((address) => family === undefined || address.family === family);
    if (fitting.length > 0) return union(...fitting.map(setOf));
    this.#fail(one, 'at', `interface ${quote(one.at)} has no IPv${String(family)} address`);
    return undefined;
  }

  /** What others on an interface's subnets are to find here, though no interface has it. */
  #proxied(rules: readonly NatRule[]): Nat['proxied'] {
    const lent = union(
      ...this.#names.published,
      ...rules.flatMap(({ enabled, direction, destination, translation }) => {
        if (!enabled) return [];
        if (translation.kind === 'nat64') return translation.addresses ?? [];
        if (direction === 'destination') return destination === null ? [] : [destination];
        if (translation.kind === 'pool') return [translation.addresses];
        return translation.kind === 'prefix' ? [fromPrefix(translation.prefix)] : [];
      }),
    );
    if (isEmpty(lent)) return [];
    const found: { readonly interface: string; readonly addresses: AddressSet }[] = [];
    for (const { name, addresses, zone } of this.#names.interfaces) {
      if (zone === null || addresses.length === 0) continue;
      const outside = subtract(lent, union(...addresses.map(fromPrefix)));
      const here = subtract(lent, union(outside, ...addresses.map(keptFree)));
      if (!isEmpty(here)) found.push({ interface: name, addresses: here });
    }
    return found;
  }

  #common(one: SourceConfig | StaticConfig | PrefixConfig | Nat64Config | ForwardConfig) {
    return {
      name: one.name,
      at: this.#context.position(one),
      enabled: one.enabled,
      description: one.description ?? null,
    };
  }

  #optional(
    one: SourceConfig | Nat64Config | ForwardConfig,
    key: 'source' | 'destination',
  ): AddressSet | null | undefined {
    const value = (one as SourceConfig)[key];
    return value === undefined || value === 'any' ? null : this.#names.addresses(value, one, key);
  }

  #prefix<Key extends 'inside' | 'outside' | 'prefix'>(
    one: Readonly<Record<Key, string>>,
    key: Key,
  ): Prefix | undefined {
    const text = one[key];
    const address = text.includes('/') ? '' : parseAddress(text);
    const prefix =
      typeof address === 'string'
        ? parsePrefix(text)
        : { address, length: address.family === 4 ? 32 : 128 };
    if (typeof prefix === 'string') {
      const message = `${quote(text)} is not an address or prefix: ${prefix}`;
      this.#context.report('address-invalid', this.#context.at(one, key), message);
      return undefined;
    }
    if (hasHostBits(prefix)) {
      this.#fail(one, key, `${quote(text)} has bits set beyond its length`);
      return undefined;
    }
    return prefix;
  }

  #address(one: ForwardConfig, key: 'translate-to'): Address | undefined {
    const address = parseAddress(one[key]);
    if (typeof address !== 'string') return address;
    const message = `${quote(one[key])} is not an address: ${address}`;
    this.#context.report('address-invalid', this.#context.at(one, key), message);
    return undefined;
  }

  #ports(owner: object, key: string, value: string | number): PortRange | undefined {
    const range = parsePortRange(String(value));
    if (typeof range !== 'string' && range[0] > 0) return range;
    const why = typeof range === 'string' ? range : 'port 0 is none';
    const message = `${quote(String(value))} is not a port or a range of ports: ${why}`;
    this.#context.report('service-invalid', this.#context.at(owner, key), message);
    return undefined;
  }

  #familyOf(set: AddressSet, owner: object, key: string): 4 | 6 | undefined {
    if (set.v4.length > 0 && set.v6.length === 0) return 4;
    if (set.v6.length > 0 && set.v4.length === 0) return 6;
    this.#fail(
      owner,
      key,
      isEmpty(set) ? 'there is no address to give' : 'addresses of one family are needed',
    );
    return undefined;
  }

  #fail(owner: object, key: string, message: string): void {
    this.#context.report('nat-form', this.#context.at(owner, key), message);
  }
}

function setOf(address: Address): AddressSet {
  return fromPrefix({ address, length: address.family === 4 ? 32 : 128 });
}

/** The interface's own address, and in IPv4 those of its network and broadcast. */
function keptFree(prefix: Prefix): AddressSet {
  const builder = new AddressSetBuilder();
  const { family, low, high } = rangeOf(prefix);
  const { value } = prefix.address;
  for (const one of family === 4 && prefix.length < 31 ? [low, value, high] : [value])
    builder.addRange({ family, low: one, high: one });
  return builder.build();
}

/** The part of a set, null being all addresses, of one family. */
function ofFamily(set: AddressSet | null, family: 4 | 6): AddressSet {
  const builder = new AddressSetBuilder();
  if (set === null)
    builder.addRange({ family, low: 0n, high: family === 4 ? 2n ** 32n - 1n : 2n ** 128n - 1n });
  else for (const range of ranges(set, family)) builder.addRange(range);
  return builder.build();
}
