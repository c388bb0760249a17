// SPDX-License-Identifier: BSD-3-Clause
import type { InterfaceShown } from '../daemon/show/interfaces.js';
import type { RouteShown } from '../daemon/show/routes.js';
import type { RuleShown } from '../daemon/show/rules.js';
import type { SessionShown } from '../daemon/show/sessions.js';
import type { RunningHost } from './host.js';
import type { Lab } from './lab.js';
import { FAR, INTERNET, SERVER } from './network.js';
import { until } from './until.js';

/** One thing the lab must show; it throws when it does not hold, and may say a figure. */
export interface Check {
  readonly name: string;
  readonly run: (lab: Lab) => Promise<string | undefined>;
}

const FAMILIES = ['v4', 'v6'] as const;
/** ms a denied flow is given to come through after all. */
const SILENCE = 700;
/** Bytes of a transfer that needs many packets. */
const BULK = 256 * 1024;
/** ms until a kernel route must be in use. */
const ROUTE_IN_USE = 100;
/** ms from the end of the datapath until the next forwards, beyond its build of the tables. */
const BACK = 2000;

export const CHECKS: readonly Check[] = [
  ...FAMILIES.flatMap((family): Check[] => [
    {
      name: `ping the internet from inside, ${family}`,
      run: async ({ hosts }) => expect(await hosts.inside.ping(INTERNET[family]), 'no answer'),
    },
    {
      name: `ping the appliance from inside, ${family}`,
      run: async ({ hosts }) =>
        expect(
          await hosts.inside.ping(family === 'v4' ? '10.1.0.1' : '2001:db8:a::1'),
          'no answer',
        ),
    },
    {
      name: `TCP from inside to the internet, ${family}`,
      run: ({ hosts }) => echoes(hosts.inside.tcp(INTERNET[family], 80)),
    },
    {
      name: `UDP from inside to the internet, ${family}`,
      run: ({ hosts }) => echoes(hosts.inside.udp(INTERNET[family], 53)),
    },
    {
      name: `TCP from the internet to the dmz, ${family}`,
      run: ({ hosts }) => echoes(hosts.wan.tcp(SERVER[family], 8080)),
    },
    {
      name: `UDP from the internet to the dmz, ${family}`,
      run: ({ hosts }) => echoes(hosts.wan.udp(SERVER[family], 5353)),
    },
    {
      name: `path MTU of a link of the appliance, ${family}`,
      run: async (lab) => {
        const before = await dropped(lab, 'too-big');
        const figure = await pathMtu(lab.hosts.inside, SERVER[family], 8080, 1400);
        const drops = (await dropped(lab, 'too-big')) - before;
        expect(drops >= 2, `${drops} packets were too big, of TCP and ping`);
        return figure;
      },
    },
    {
      name: `path MTU of a link beyond, told by its router, ${family}`,
      run: ({ hosts }) => pathMtu(hosts.inside, FAR[family], 80, 1280),
    },
    {
      name: `a denied flow stays denied, and its counters rise, ${family}`,
      run: (lab) => denied(lab, family),
    },
  ]),
  { name: 'a session is shown with its rule', run: shownSession },
  { name: 'counters of interfaces and rules', run: counters },
  { name: 'a route of the kernel is used within 100 ms', run: kernelRoute },
  { name: 'the datapath killed: back with its rules, addresses untouched', run: killed },
];

async function echoes(open: ReturnType<Lab['hosts']['inside']['tcp']>): Promise<undefined> {
  const flow = await open;
  await flow.echo('through the firewall');
  await flow.close();
}

/** Large packets that may not be fragmented: TCP finds its way, and then a ping on its own. */
async function pathMtu(
  host: RunningHost,
  address: string,
  port: number,
  mtu: number,
): Promise<string> {
  const flow = await host.tcp(address, port);
  await flow.echo('x'.repeat(BULK));
  await flow.close();
  await host.forgetMtus();
  const said = await host.pathMtu(address, 1500);
  expect(said === mtu, `a ping of 1500 bytes is told ${said ?? 'nothing'}`);
  expect((await host.pathMtu(address, mtu)) === mtu, `a ping of ${mtu} bytes has no answer`);
  return `${mtu} bytes; ${BULK / 1024} KiB of TCP and back`;
}

async function denied(lab: Lab, family: (typeof FAMILIES)[number]): Promise<string> {
  const { inside, wan } = lab.hosts;
  const before = await counted(lab);
  await refused(inside.tcp(INTERNET[family], 25, SILENCE));
  await refused(wan.tcp(SERVER[family], 22, SILENCE));
  const after = await counted(lab);
  expect(after.mail > before.mail, 'the rule that denies mail counts no hit');
  expect(after.policy > before.policy, 'no drop by a policy is counted');
  expect(after.unmatched > before.unmatched, 'no drop by the default is counted');
  return `${after.mail - before.mail} hits of office-out/no-direct-mail`;
}

async function dropped(lab: Lab, reason: string): Promise<number> {
  const { drops } = await lab.show<{ drops: { reason: string; packets: number }[] }>('drops');
  return drops.find((drop) => drop.reason === reason)?.packets ?? 0;
}

async function counted(lab: Lab): Promise<{ mail: number; policy: number; unmatched: number }> {
  const { rules } = await lab.show<{ rules: RuleShown[] }>('rules');
  return {
    mail: rules.find(({ rule }) => rule === 'no-direct-mail')?.hits ?? NaN,
    policy: await dropped(lab, 'policy-deny'),
    unmatched: await dropped(lab, 'policy-default'),
  };
}

async function refused(open: Promise<unknown>): Promise<void> {
  let error: unknown = null;
  try {
    await open;
  } catch (caught) {
    error = caught;
  }
  const message = (error as Error | null)?.message;
  expect(message === 'timeout', `expected silence, got ${message ?? 'a connection'}`);
}

async function shownSession(lab: Lab): Promise<undefined> {
  const flow = await lab.hosts.inside.tcp(INTERNET.v4, 80);
  await flow.echo('shown');
  const filters = ['--destination', INTERNET.v4, '--port', '80', '--protocol', 'tcp'];
  const { sessions } = await lab.show<{ sessions: SessionShown[] }>('sessions', ...filters);
  const found = sessions.find(({ state }) => state === 'established');
  expect(found?.rule === 'office-out/browse', `its rule is ${found?.rule ?? 'not there'}`);
  expect(found?.from === 'inside' && found.to === 'internet', 'its zones are others');
  await flow.close();
}

async function counters(lab: Lab): Promise<string> {
  const { interfaces } = await lab.show<{ interfaces: InterfaceShown[] }>('interfaces');
  for (const { name, link, rx_packets, tx_packets } of interfaces) {
    expect(link === 'up', `${name} is down`);
    expect(rx_packets > 0 && tx_packets > 0, `${name} counts no packet`);
  }
  const { rules } = await lab.show<{ rules: RuleShown[] }>('rules');
  const browse = rules.find(({ rule }) => rule === 'browse');
  expect((browse?.hits ?? 0) > 0 && browse?.last_hit !== null, 'office-out/browse has no hit');
  return `${browse?.hits ?? 0} hits of office-out/browse`;
}

async function kernelRoute(lab: Lab): Promise<string> {
  const prefix = '192.0.2.0/24';
  const route = ['route', 'replace', prefix, 'via', SERVER.v4];
  const { code, stderr } = await lab.inEdge('ip', ...route);
  expect(code === 0, stderr.trim());
  try {
    const { ms } = await until('the route', ROUTE_IN_USE * 10, async () => {
      const { routes } = (await lab.api.get('/show/routes')) as { routes: RouteShown[] };
      return routes.some((shown) => shown.prefix === prefix && shown.interface === 'dmz');
    });
    expect(ms < ROUTE_IN_USE, `it took ${ms.toFixed(0)} ms`);
    return `${ms.toFixed(0)} ms`;
  } finally {
    await lab.inEdge('ip', 'route', 'del', prefix);
  }
}

async function killed(lab: Lab): Promise<string> {
  const addresses = async (): Promise<string> => {
    const { stdout } = await lab.inEdge('ip', '-br', 'address', 'show');
    return stdout.replace(/@\S+/g, '');
  };
  const before = await addresses();
  const pid = lab.datapathPid;
  process.kill(pid, 'SIGKILL');
  const { ms } = await until('a new datapath', BACK * 5, async () => {
    const flow = await lab.hosts.inside.tcp(INTERNET.v4, 80, 200).catch(() => null);
    await flow?.close();
    return flow !== null;
  });
  expect(lab.datapathPid !== pid, 'it is still the old one');
  expect(ms < BACK, `it took ${ms.toFixed(0)} ms`);
  const after = await addresses();
  expect(after === before, `addresses were\n${before}and are\n${after}`);
  return `${ms.toFixed(0)} ms until a new connection`;
}

function expect(holds: boolean, otherwise: string): undefined {
  if (!holds) throw new Error(otherwise);
}
