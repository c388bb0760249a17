// SPDX-License-Identifier: BSD-3-Clause
import type { Diagnostic } from '../diagnostics/diagnostic.js';
import { groupsOf, resolveGroups, type Groups } from '../firewall/groups.js';
import { checkTimezone, resolveSchedules } from '../firewall/schedules.js';
import { resolveFirewall, type ResolvedPolicy } from '../firewall/resolve.js';
import { resolveInterfaces, resolveZones } from '../interfaces/resolve.js';
import { resolveRoutes } from '../routing/resolve.js';
import { Context } from '../rulefile/context.js';
import { closure, readRuleFile } from '../rulefile/load.js';
import type { Reader } from '../rulefile/reader.js';
import { typed } from '../rulefile/typed.js';
import { CHECKS } from './checks.js';
import { checkAnalysis } from './checks/analysis.js';
import { documentLayout, documentSchema, type Document } from './document.js';
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
  const { root, sources, collector } = readRuleFile(path, reader, documentLayout());
  const read = performance.now();
  const context = new Context(sources, collector);
  const document = root === null ? undefined : (typed(documentSchema)(root, context) as Document);
  const schema = performance.now();
  const resolved = document === undefined ? null : resolve(document, context);
  const checked = performance.now();
  const stages = { read: read - start, schema: schema - read, check: checked - schema };
  if (resolved === null || collector.errors > 0)
    return { model: null, groups: null, diagnostics: collector.list(), stages };
  const { model, groups, policies } = resolved;
  if (options.analyse !== true) return { model, groups, diagnostics: collector.list(), stages };
  checkAnalysis(policies, model.zones, context);
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

function resolve(document: Document, context: Context): Whole {
  const reversePath = document.settings?.['reverse-path'] ?? 'strict';
  const interfaces = resolveInterfaces(document, reversePath, context);
  const named = document.interfaces;
  const routes = resolveRoutes(
    document,
    {
      interfaces: interfaces.map((one) => one.interface),
      wrote: (name) => named !== undefined && context.wrote(named, name),
    },
    context,
  );
  if (document.system !== undefined) checkTimezone(document.system, context);
  const schedules = resolveSchedules(
    document.schedules,
    document.system?.timezone ?? 'UTC',
    context,
  );
  const names = {
    interfaces: document.interfaces ?? new Map<string, never>(),
    schedules: document.schedules ?? new Map<string, never>(),
  };
  const sets = resolveGroups(document, context);
  const policies = resolveFirewall(document, names, context, sets);
  const settings = resolveSettings(document.settings, context);
  for (const check of CHECKS) check({ document, interfaces, routes, policies }, context);
  const assertions = (document.assert ?? []).map((text, i) => ({
    text,
    at: context.position(document.assert as object, i),
    excerpt: context.excerpt(document.assert as object, i),
  }));
  const model = {
    interfaces: interfaces.map((one) => one.interface),
    zones: resolveZones(document, context),
    policies: policies.map((one) => one.policy),
    schedules,
    routes: routes.map((one) => one.route),
    assertions,
    settings,
    ...(document.system?.hostname === undefined ? {} : { hostname: document.system.hostname }),
  };
  return { model, groups: groupsOf(document, sets), policies };
}
