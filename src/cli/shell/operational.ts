// SPDX-License-Identifier: BSD-3-Clause
import { balancer } from './commands/balancer.js';
import { configureCommand, showConfigurations } from './commands/configuration.js';
import { clear } from './commands/clear.js';
import { ping, traceroute } from './commands/reach.js';
import { showChoices } from './commands/show.js';
import { system } from './commands/system.js';
import { request, showSystem } from './commands/request.js';
import { tech } from './commands/tech.js';
import { trace } from './commands/trace.js';
import { secret } from './commands/secret.js';
import { vpn } from './commands/vpn.js';
import { monitor } from './monitor/views.js';
import { keyword, type Keyword, type Step } from './grammar.js';

/** The commands of operational mode; `more` are those of the lab around it. */
export function operational(more: readonly Keyword[] = []): Step {
  const choices = [
    keyword('show', 'what the appliance has and does', {
      choices: [...showChoices(), ...showConfigurations, showSystem, tech].toSorted((a, b) =>
        a.word < b.word ? -1 : 1,
      ),
    }),
    balancer,
    clear,
    configureCommand,
    ping,
    traceroute,
    monitor,
    trace,
    request,
    secret,
    vpn,
    ...system,
    ...more,
  ];
  return { choices: choices.toSorted((a, b) => (a.word < b.word ? -1 : 1)) };
}
