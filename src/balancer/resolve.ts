// SPDX-License-Identifier: BSD-3-Clause
import { synCookiesOf } from '../rulefile/values.js';
import { didYouMean } from '../diagnostics/suggest.js';
import { quote } from '../diagnostics/text.js';
import type { ServiceSet } from '../firewall/model.js';
import { formatAddress, parseAddress } from '../net/address.js';
import { fromPrefix, isEmpty, subtract, union } from '../net/algebra.js';
import type { Address } from '../net/sets.js';
import type { Interface } from '../interfaces/model.js';
import type { Context } from '../rulefile/context.js';
import { itemsOf } from '../rulefile/schema.js';
import { isOneWay, type Backend, type Balancer } from './model.js';
import { resolveCheck, timeOf } from './resolve-check.js';
import type { BalancerConfig, BalancerPart } from './schema.js';

/** What balancers refer to. */
export interface BalancerNames {
  readonly interfaces: readonly Interface[];
  readonly zones: ReadonlyMap<string, unknown>;
  /** null for any; undefined after a report. */
  service(owner: {
    readonly service?: string | readonly string[] | undefined;
  }): ServiceSet | null | undefined;
}

/** Balancers as the model has them; what cannot be is reported and left out. */
export function resolveBalancers(
  { balancers }: BalancerPart,
  names: BalancerNames,
  context: Context,
): Balancer[] {
  const found: Balancer[] = [];
  for (const [name, one] of balancers ?? []) {
    const at = context.positionOf(context.atKey(balancers as object, name));
    const balancer = resolve(name, one, names, context);
    if (balancer !== null) found.push({ ...balancer, at });
  }
  return found;
}

function resolve(
  name: string,
  one: BalancerConfig,
  names: BalancerNames,
  context: Context,
): Omit<Balancer, 'at'> | null {
  const fail = (owner: object, key: string, message: string): null => {
    context.report('balancer-form', context.at(owner, key), message);
    return null;
  };
  const read = (text: string, owner: object, key: string | number): Address | undefined => {
    const address = parseAddress(text);
    if (typeof address !== 'string') return address;
    context.report(
      'address-invalid',
      context.at(owner, key),
      `${quote(text)} is not an address: ${address}`,
    );
    return undefined;
  };
  if (context.wrote(one, 'from')) checkZones(one, names.zones, context);
  const asked = itemsOf(one, 'at', one.at).map((item) => read(item.text, item.owner, item.key));
  const service = names.service(one);
  const backends: (Backend | undefined)[] = [...one.backends]
    .filter(([, { enabled }]) => enabled)
    .map(([backendName, { address, port, weight }]) => {
      const owner = one.backends.get(backendName) as object;
      const parsed = read(address, owner, 'address');
      const at = context.positionOf(context.atKey(one.backends, backendName));
      return parsed && { name: backendName, at, address: parsed, port: port ?? null, weight };
    });
  if (service === undefined || asked.includes(undefined) || backends.includes(undefined))
    return null;
  const good = backends as Backend[];
  const [first] = good;
  if (first === undefined)
    return fail(one, 'backends', 'a balancer needs a backend that is enabled');
  const [at] = asked as Address[];
  const family = at?.family ?? first.address.family;
  const oneWay = isOneWay(one);
  if (
    (asked as Address[]).some((address) => address.family !== family) ||
    good.some(({ address }) => address.family !== first.address.family)
  )
    return fail(one, 'at', "the addresses of 'at' are of one family, and so are all backends");
  if (first.address.family !== family && (family === 4 || oneWay))
    return fail(
      one,
      'at',
      family === 4
        ? 'clients of IPv4 have backends of IPv4; those of IPv6 may have either'
        : `with '${one.mode}' backends are of the family that is asked for`,
    );
  const entries = one['table-size'];
  if (!prime(entries))
    return fail(one, 'table-size', `${entries} is no prime, which the table's size has to be`);
  if (good.length * 100 > entries)
    return fail(
      one,
      'table-size',
      `${good.length} backends need a table of ${good.length * 100} entries or more`,
    );
  if (oneWay && !checkOneWay(one, good, names.interfaces, context)) return null;
  if (one.midstream === 'allow' && !oneWay)
    return fail(
      one,
      'midstream',
      `only 'direct', 'ipip' and 'gue' pick up connections; with '${one.mode}' another appliance does not know their translation`,
    );
  if (oneWay && one['syn-cookies'] !== undefined)
    return fail(
      one,
      'syn-cookies',
      `with '${one.mode}' the appliance does not see what servers answer`,
    );
  if (oneWay && one.proxy !== undefined)
    return fail(one, 'proxy', `with '${one.mode}' packets reach servers as they are`);
  const { sorry } = one;
  if (sorry !== undefined && !good.some((backend) => backend.name === sorry)) {
    const hint = (): string | null => didYouMean(sorry, one.backends.keys());
    const message = `there is no backend ${quote(sorry)} that is enabled`;
    context.report('balancer-form', context.at(one, 'sorry'), message, { hint });
    return null;
  }
  if (sorry !== undefined && good.length === 1)
    return fail(one, 'sorry', 'a sorry backend is one beside others');
  const check = resolveCheck(one, { service, backends: good }, context);
  const slowStart = timeOf(one, 'slow-start', [0, 3_600_000], context);
  if (check === undefined || slowStart === undefined) return null;
  return {
    name,
    check,
    onFailure: one['on-failure'],
    slowStart,
    sorry: sorry ?? null,
    from: [one.from].flat(),
    addresses: union(
      ...(asked as Address[]).map((address) =>
        fromPrefix({ address, length: family === 4 ? 32 : 128 }),
      ),
    ),
    service,
    family,
    mode: one.mode,
    guePort: one['gue-port'],
    midstream: one.midstream === 'allow',
    scheduler: one.scheduler,
    persistence: one.persistence ?? null,
    entries,
    backends: good,
    hairpin: one.hairpin,
    proxy: one.proxy !== undefined,
    synCookies: synCookiesOf(one['syn-cookies']),
    description: one.description ?? null,
  };
}

/** Packets keep their destination; with direct return they go to the backends' MAC addresses. */
function checkOneWay(
  one: BalancerConfig,
  backends: readonly Backend[],
  interfaces: readonly Interface[],
  context: Context,
): boolean {
  const links = union(
    ...interfaces
      .filter(({ zone }) => zone !== null)
      .flatMap(({ addresses }) => addresses.map(fromPrefix)),
  );
  let good = true;
  for (const { name, address, port } of backends) {
    const owner = one.backends.get(name) as object;
    const own = fromPrefix({ address, length: address.family === 4 ? 32 : 128 });
    if (port !== null) {
      const message = `with '${one.mode}' a backend keeps the port that was asked for`;
      context.report('balancer-form', context.at(owner, 'port'), message);
    } else if (one.mode === 'direct' && !isEmpty(subtract(own, links))) {
      const message = `${formatAddress(address)} is on no interface's subnet, where direct return needs it`;
      context.report('balancer-form', context.at(owner, 'address'), message);
    } else continue;
    good = false;
  }
  return good;
}

function checkZones(
  one: BalancerConfig,
  zones: ReadonlyMap<string, unknown>,
  context: Context,
): void {
  for (const { text, owner, key } of itemsOf(one, 'from', one.from)) {
    if (text === 'any' || zones.has(text) || context.wrote(zones, text)) continue;
    context.report('unknown-zone', context.at(owner, key), `there is no zone '${text}'`, {
      hint: () => didYouMean(text, ['any', ...zones.keys()]),
    });
  }
}

function prime(n: number): boolean {
  for (let i = 2; i * i <= n; i++) if (n % i === 0) return false;
  return n > 1;
}
