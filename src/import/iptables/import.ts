// SPDX-License-Identifier: BSD-3-Clause
import type { Imported } from '../imported.js';
import { lastAddress } from '../shared/addresses.js';
import type { Surroundings } from './conditions.js';
import { decisionsOf } from '../shared/decisions.js';
import { marksOf } from './marks.js';
import { parseDump, type Dump, type Table } from './dump.js';
import { flatten, TooMuch } from '../shared/flatten.js';
import { MOST_INTERFACES } from '../shared/interfaces.js';
import { interfacesOf } from './interfaces.js';
import { Ipsets } from './ipsets.js';
import { PolicyWriter, type BaseChain } from '../shared/policies.js';
import { Remarks } from '../shared/remarks.js';
import type { Chain } from '../shared/rule.js';
import { readChains } from './rules.js';
import { siteOf } from './site.js';
import { sortOutCalls } from '../shared/calls.js';
import { writeFile } from './write.js';
import { flow } from '../shared/yaml.js';

export interface IptablesOptions {
  /** What `ipset save` printed. */
  readonly ipsets?: string;
}

/** A rule file from what iptables-save or ip6tables-save printed. */
export function importIptables(text: string, { ipsets: saved }: IptablesOptions = {}): Imported {
  const dump = parseDump(text);
  const remarks = new Remarks();
  for (const { line, message } of dump.problems) remarks.problem(line, message);
  const filter = dump.tables.find(({ name }) => name === 'filter');
  if (filter === undefined) return refused('there is no filter table in it', remarks);
  const family = familyOf(dump);
  otherTables(dump, filter, remarks);
  const interfaces = interfacesOf(dump);
  if (interfaces.left > 0)
    remarks.problem(
      filter.line || 1,
      `more than ${MOST_INTERFACES} interfaces: rules of ${interfaces.left} of them are left out`,
    );
  const site = siteOf(dump, filter, interfaces, family);
  const ipsets = new Ipsets(
    family,
    interfaces.list.map(({ name }) => name),
    remarks,
  );
  ipsets.read(dump.sets, false);
  if (saved !== undefined)
    ipsets.read(
      saved.split('\n').map((one) => ({ line: 1, text: one })),
      true,
    );
  const schedules = new Map<string, string>();
  const around: Surroundings = {
    family,
    space: { interfaces: interfaces.all, lastAddress: lastAddress(family) },
    interfaces: (pattern) => interfaces.bits(pattern),
    isLoopback: (pattern) => pattern === 'lo',
    addressTypes: site.addressTypes,
    ipset: (name, directions, line) => ipsets.group(name, directions, line),
    countries: (codes, line) => ipsets.countries(codes, line),
    marks: marksOf(dump),
    schedule: (value) => {
      const text = flow(value);
      const name = schedules.get(text) ?? `time-${schedules.size + 1}`;
      schedules.set(text, name);
      return name;
    },
    translated: isTranslated(dump),
  };
  const chains = sortOutCalls(readChains(filter, around, remarks), remarks);
  if (typeof chains === 'string') return refused(chains, remarks);
  try {
    const bases = (['INPUT', 'FORWARD'] as const).map((name): BaseChain => {
      const { chain, allow, verdict } = baseOf(name, filter, chains, remarks);
      const events = flatten(chain, allow, chains, around.space, remarks);
      return { name, verdict, decisions: decisionsOf(events, remarks) };
    });
    output(filter, chains, around, remarks);
    const writer = new PolicyWriter(interfaces, family, (name) => ipsets.notIn(name));
    const policies = writer.write(bases);
    const rules = policies.reduce((sum, policy) => sum + policy.rules.length, 0);
    const written = writeFile(policies, site, interfaces, ipsets, schedules, family, remarks);
    return { text: written, rules, problems: remarks.problems() };
  } catch (error) {
    if (!(error instanceof TooMuch)) throw error;
    return refused(error.message, remarks);
  }
}

function refused(why: string, remarks: Remarks): Imported {
  return { text: '', rules: 0, problems: remarks.problems(), refused: why };
}

/** As the file says, else as its addresses and protocols look. */
function familyOf(dump: Dump): 4 | 6 {
  if (dump.family !== null) return dump.family;
  for (const table of dump.tables)
    for (const chain of table.chains.values())
      for (const { text } of chain.rules) {
        if (
          /(-s|-d|--source|--destination|--(src|dst)-range)\s+(!\s+)?[0-9a-f]*:[0-9a-f:]/i.test(
            text,
          )
        )
          return 6;
        if (
          /(-s|-d|--source|--destination|--(src|dst)-range)\s+(!\s+)?\d+\.\d+\.\d+\.\d/.test(text)
        )
          return 4;
        if (/--icmpv6-type|icmp6-|-p (ipv6-icmp|icmpv6)/.test(text)) return 6;
      }
  return 4;
}

const OTHERS = new Map([
  ['nat', 'NAT comes with its own part: the rule is not imported'],
  ['mangle', 'the mangle table is not imported'],
  ['raw', 'the raw table is not imported'],
  ['security', 'the security table is not imported'],
]);

function otherTables(dump: Dump, filter: Table, remarks: Remarks): void {
  for (const table of dump.tables) {
    if (!table.complete)
      remarks.problem(
        table.line,
        `the table ${table.name} has no COMMIT: the file is cut off, so what its rules leave open is denied`,
      );
    if (table === filter) continue;
    const why = OTHERS.get(table.name) ?? `a table '${table.name}' is not known: it is left out`;
    const again = table.name === 'filter' ? 'a second filter table is left out' : why;
    for (const { rules } of table.chains.values())
      for (const { line } of rules) remarks.problem(line, again);
  }
}

/** Whether destinations are not what they were when packets came in. */
function isTranslated({ tables }: Dump): boolean {
  return tables.some(
    ({ name, chains }) =>
      name === 'nat' &&
      [...chains.values()].some(({ rules }) =>
        rules.some(({ text }) => /-j (DNAT|REDIRECT|NETMAP)\b/.test(text)),
      ),
  );
}

/** A base chain with its verdict. One the file does not tell is taken as DROP. */
function baseOf(
  name: string,
  filter: Table,
  chains: ReadonlyMap<string, Chain>,
  remarks: Remarks,
): { chain: Chain; allow: boolean; verdict: string } {
  const chain = chains.get(name) ?? { name, line: filter.line || 1, policy: null, rules: [] };
  const known = chain.policy === 'ACCEPT' || chain.policy === 'DROP';
  if (!known) remarks.problem(chain.line, `the policy of ${name} is not in it and taken as DROP`);
  const verdict = known ? (chain.policy as string) : 'DROP';
  return { chain, allow: verdict === 'ACCEPT' && filter.complete, verdict };
}

/** What the appliance sends asks no policy: rules of OUTPUT that deny are named. */
function output(
  filter: Table,
  chains: ReadonlyMap<string, Chain>,
  around: Surroundings,
  remarks: Remarks,
): void {
  const chain = chains.get('OUTPUT');
  if (chain === undefined) return;
  const why = 'what the appliance itself sends is always allowed: this denies nothing';
  const allow = chain.policy !== 'DROP';
  for (const event of flatten(chain, allow, chains, around.space, null)) {
    if (event.kind === 'decide' && !event.allow)
      remarks.problem(event.rule?.line ?? chain.line, `OUTPUT: ${why}`);
    else if (event.kind === 'cap')
      remarks.problem(event.rule.line, 'OUTPUT: what the appliance itself sends has no limits');
  }
}
