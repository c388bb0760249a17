// SPDX-License-Identifier: BSD-3-Clause
import { afterAll, beforeAll, expect, test } from 'vitest';
import { assertionsOf, failing } from '../../../src/daemon/assertions.js';
import { OfflineDatapath } from '../../../src/datapath/offline.js';
import { render } from '../../../src/diagnostics/render.js';
import { office } from './fixture.js';

let offline: OfflineDatapath;
beforeAll(async () => {
  offline = await OfflineDatapath.start();
});
afterAll(() => offline.close());

const { model, slots, bytes, names } = office();

async function ask(...texts: string[]): Promise<string[]> {
  const assertions = texts.map((text, i) => ({
    text,
    at: { file: 'x.yaml', line: i + 1, column: 5 },
  }));
  const found = await failing(assertionsOf({ ...model, assertions }, slots), offline, bytes, names);
  return found.map(render);
}

test('the assertions of the lab hold', async () => {
  expect(model.assertions.length).toBeGreaterThan(0);
  expect(await failing(assertionsOf(model, slots), offline, bytes, names)).toEqual([]);
});

test('assert-failed says what the packet gets instead, for each that does not hold', async () => {
  const web = 'inside tcp 10.1.2.3:40000 203.0.113.80:443';
  const says = (line: number, text: string, got: string): string =>
    `x.yaml:${line}:5: error assert-failed: '${text}' does not hold: the packet gets ${got}`;
  expect(
    await ask(
      `${web} => deny`,
      `${web} => allow published/web`,
      `${web} => allow out dmz`,
      `${web} => allow office-out/browse out wan`,
      'wan tcp 203.0.113.80:40000 10.20.0.11:22 => allow',
      'inside tcp 10.1.2.3:1 203.0.113.25:25 => allow',
      'inside icmp/echo-request 10.1.2.3 10.1.0.1 => allow out wan',
    ),
  ).toEqual([
    says(1, `${web} => deny`, 'allow office-out/browse out wan'),
    says(2, `${web} => allow published/web`, 'allow office-out/browse out wan'),
    says(3, `${web} => allow out dmz`, 'allow office-out/browse out wan'),
    says(
      5,
      'wan tcp 203.0.113.80:40000 10.20.0.11:22 => allow',
      'deny default deny out dmz (policy-default)',
    ),
    says(
      6,
      'inside tcp 10.1.2.3:1 203.0.113.25:25 => allow',
      'deny office-out/no-direct-mail out wan (policy-deny)',
    ),
    says(
      7,
      'inside icmp/echo-request 10.1.2.3 10.1.0.1 => allow out wan',
      'allow manage/ping out local',
    ),
  ]);
});
