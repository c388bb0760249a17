// SPDX-License-Identifier: BSD-3-Clause
import type { Collector } from '../diagnostics/collect.js';
import type { Diagnostic } from '../diagnostics/diagnostic.js';
import type { Sources } from '../diagnostics/source.js';
import { groupsOf, resolveGroups, type Groups } from '../firewall/groups.js';
import { checkTimezone, resolveSchedules } from '../firewall/schedules.js';
import { resolveFirewall, type ResolvedPolicy } from '../firewall/resolve.js';
import { resolveBalancers } from '../balancer/resolve.js';
import type { Balancer } from '../balancer/model.js';
import type { Nat } from '../nat/model.js';
import { judgeNat64 } from '../nat/nat64.js';
import { resolveNat } from '../nat/resolve.js';
import { resolveInterfaces, resolveZones } from '../interfaces/resolve.js';
import { resolveTunnels } from '../vpn/resolve.js';
import { poolRoutes } from '../vpn/routes.js';
import { Checked } from '../firewall/checks/checked.js';
import type { Interface } from '../interfaces/model.js';
import { resolveFrr } from '../routing/frr.js';
import { resolveRoutes } from '../routing/resolve.js';
import type { Prefix } from '../net/sets.js';
import { Context } from '../rulefile/context.js';
import { closure, readRuleFile } from '../rulefile/load.js';
import type { Reader } from '../rulefile/reader.js';
import type { Node } from '../rulefile/tree.js';
import { typed } from '../rulefile/typed.js';
import { resolveSystem } from '../system/resolve.js';
import { CHECKS } from './checks.js';
import { checkAnalysis } from './checks/analysis.js';
import { documentLayout, documentSchema, type Document } from './document.js';
import { activePart, marked } from './edit/inactive.js';
import type { LoadMemory } from './memory.js';
import type { Model } from './model.js';
import { resolveSettings } from './settings.js';

/** Times of loading in ms, by stage. */
export interface LoadStages {
  readonly read: number;
  readonly schema: number;
  readonly check: number;
  /** Only where rules were compared. */
  readonly analysis?: number;
}

export interface Loading {
  /** null after an error, which is then among the diagnostics. */
  readonly model: Model | null;
  /** Its groups, null with it. */
  readonly groups: Groups | null;
  readonly diagnostics: readonly Diagnostic[];
  readonly stages: LoadStages;
}

export interface LoadOptions {
  /** Compare the rules with each other, which takes longer than all the rest. */
  readonly analyse?: boolean;
}

/** Loads a rule file: text to tree, tree to document by the schema, checks, model. Never throws. */
export function loadModel(path: string, reader: Reader, options: LoadOptions = {}): Loading {
  const start = performance.now();
  const tree = readTree(path, reader);
  const read = performance.now() - start;
  const loading = loadTree(tree, options);
  return { ...loading, stages: { ...loading.stages, read } };
}

/** A rule file with all it includes as one tree; what is inactive is marked in it. */
export interface Tree {
  readonly root: Node | null;
  readonly sources: Sources;
  readonly collector: Collector;
  /** Of the trees before it that it shares nodes with. */
  readonly memory?: LoadMemory;
}

/** Reads a rule file to a tree; without a root, the collector has an error. */
export function readTree(path: string, reader: Reader): Tree {
  const { root, sources, collector } = readRuleFile(path, reader, documentLayout());
  return { root: root === null ? null : marked(root, collector), sources, collector };
}

/** A tree to its model: all but what is inactive. */
export function loadTree(tree: Tree, options: LoadOptions = {}): Loading {
  const { root, sources, collector, memory = null } = tree;
  const read = performance.now();
  if (root !== null) memory?.renew(root, sources);
  const context = new Context(sources, collector, memory?.values);
  const document =
    root === null
      ? undefined
      : (typed(documentSchema)(activePart(root), context) as Document | undefined);
  const schema = performance.now();
  const resolved = document === undefined ? null : resolve(document, context, memory);
  const checked = performance.now();
  const stages = { read: 0, schema: schema - read, check: checked - schema };
  if (resolved === null || collector.errors > 0)
    return { model: null, groups: null, diagnostics: collector.list(), stages };
  const { model, groups, policies } = resolved;
  if (options.analyse !== true) return { model, groups, diagnostics: collector.list(), stages };
  checkAnalysis(policies, model.tunnels, model.zones, context);
  const analysis = performance.now() - checked;
  return { model, groups, diagnostics: collector.list(), stages: { ...stages, analysis } };
}

/** The texts a rule file consists of, by path: what another process needs to load it alike. */
export function ruleFileTexts(path: string, reader: Reader): Map<string, string> {
  return closure(path, reader, documentLayout());
}

interface Whole {
  readonly model: Model;
  readonly groups: Groups;
  readonly policies: readonly ResolvedPolicy[];
}

function resolve(document: Document, context: Context, memory: LoadMemory | null): Whole {
  const reversePath = document.settings?.['reverse-path'] ?? 'strict';
  const interfaces = resolveInterfaces(document, reversePath, context);
  const named = document.interfaces;
  const tunnels = resolveTunnels(document, named ?? new Map<string, never>(), context);
  const all = [
    ...interfaces.map((one) => one.interface),
    ...tunnels.flatMap(({ implicit }): Interface[] => (implicit === null ? [] : [implicit])),
  ];
  const routes = resolveRoutes(
    document,
    {
      interfaces: all,
      wrote: (name) => named !== undefined && context.wrote(named, name),
    },
    context,
  );
  if (document.system !== undefined) checkTimezone(document.system, context);
  const system = resolveSystem(document.system, context);
  const schedules = resolveSchedules(
    document.schedules,
    document.system?.timezone ?? 'UTC',
    context,
  );
  const sets = resolveGroups(document, context);
  const balancers = resolveBalancers(
    document,
    {
      interfaces: interfaces.map((one) => one.interface),
      zones: document.zones ?? new Map<string, never>(),
      service: (owner) => sets.services.ofRule(owner),
    },
    context,
  );
  const nat = resolveNat(
    document,
    {
      interfaces: interfaces.map((one) => one.interface),
      published: balancers.map(({ addresses }) => addresses),
      addresses: (value, owner, key) => sets.addresses.resolve(value, owner, key),
      service: (owner) => sets.services.ofRule(owner),
    },
    context,
  );
  const names = {
    balancers: serversOf(document, balancers),
    forwards: forwardsOf(document, nat),
    interfaces: document.interfaces ?? new Map<string, never>(),
    schedules: document.schedules ?? new Map<string, never>(),
  };
  const written = resolveFirewall(document, names, context, sets, memory?.rules);
  const policies = crossesFamilies(nat, balancers)
    ? written.map((one) => ({ ...one, policy: judgeNat64(one.policy) }))
    : written;
  const settings = resolveSettings(document.settings, context);
  const checked = memory?.checked ?? new Checked();
  for (const check of CHECKS)
    check({ document, interfaces, routes, policies, tunnels, checked }, context);
  const assertions = (document.assert ?? []).map((text, i) => ({
    text,
    at: context.position(document.assert as object, i),
    excerpt: context.excerpt(document.assert as object, i),
  }));
  const model = {
    interfaces: all,
    zones: resolveZones(document, context),
    policies: policies.map((one) => one.policy),
    schedules,
    nat,
    balancers,
    tunnels: tunnels.map((one) => one.tunnel),
    routes: [
      ...routes.map((one) => one.route),
      ...poolRoutes(
        tunnels,
        routes.map((one) => one.route),
      ),
    ],
    frr: resolveFrr(document, context),
    assertions,
    settings,
    system,
  };
  return { model, groups: groupsOf(document, sets), policies };
}

/** Forwards by name, with the server each leads to; null where it has an error of its own. */
function forwardsOf(document: Document, nat: Nat): ReadonlyMap<string, Prefix | null> {
  const found = new Map<string, Prefix | null>();
  for (const { name } of document.nat?.forwards ?? []) found.set(name, null);
  for (const { name, direction, translation } of nat.rules)
    if (direction === 'destination' && found.has(name) && translation.kind === 'prefix')
      found.set(name, translation.prefix);
  return found;
}

/** Whether clients of IPv6 reach servers of IPv4. */
function crossesFamilies(nat: Nat, balancers: readonly Balancer[]): boolean {
  return (
    nat.rules.some(({ enabled, translation }) => enabled && translation.kind === 'nat64') ||
    balancers.some(({ family, backends }) =>
      backends.some(({ address }) => address.family !== family),
    )
  );
}

/** The same of balancers: the addresses of their backends. */
function serversOf(
  document: Document,
  balancers: readonly Balancer[],
): ReadonlyMap<string, readonly Prefix[] | null> {
  const found = new Map<string, readonly Prefix[] | null>();
  for (const name of document.balancers?.keys() ?? []) found.set(name, null);
  for (const { name, backends } of balancers)
    found.set(
      name,
      backends.map(({ address }) => ({ address, length: address.family === 4 ? 32 : 128 })),
    );
  return found;
}
