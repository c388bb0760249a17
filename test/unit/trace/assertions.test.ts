// SPDX-License-Identifier: BSD-3-Clause
import { afterAll, beforeAll, expect, test } from 'vitest';
import { assertionsOf, failing } from '../../../src/trace/assertions.js';
import { OfflineDatapath } from '../../../src/datapath/offline.js';
import { toJson } from '../../../src/diagnostics/diagnostic.js';
import { render } from '../../../src/diagnostics/render.js';
import { office } from '../daemon/fixture.js';

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
    excerpt: null,
  }));
  const asked = assertionsOf({ ...model, assertions }, slots);
  const found = await failing(asked, offline, bytes, names.slots);
  return found.map((one) => render(one).split('\n')[0]!);
}

test('the assertions of the lab hold', async () => {
  expect(model.assertions.length).toBeGreaterThan(0);
  expect(await failing(assertionsOf(model, slots), offline, bytes, names.slots)).toEqual([]);
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

test('the trace says how it came to that', async () => {
  const text = 'inside tcp 10.1.2.3:1 203.0.113.25:25 => allow';
  const excerpt = { text: `  - ${text}`, column: 5, length: text.length };
  const assertions = [{ text, at: { file: 'x.yaml', line: 9, column: 5 }, excerpt }];
  const [failed] = await failing(
    assertionsOf({ ...model, assertions }, slots),
    offline,
    bytes,
    names.slots,
  );
  const line = model.policies[0]!.places.lines[0]!;
  const rule = { policy: 'office-out', name: 'no-direct-mail', file: 'rules/office.yaml', line };
  expect(render(failed!))
    .toBe(`x.yaml:9:5: error assert-failed: '${text}' does not hold: the packet gets deny office-out/no-direct-mail out wan (policy-deny)
    9 |   - ${text}
      |     ^${'~'.repeat(text.length - 1)}
  parse    pass     IPv4, protocol 6
  route    found    out wan
  policy   drop     policy-deny; inside -> internet, office-out/no-direct-mail (rules/office.yaml:${line})`);
  expect(toJson(failed!).trace).toEqual({
    in: 'inside',
    verdict: 'deny',
    rule,
    reason: 'policy-deny',
    out: null,
    phases: [
      { name: 'parse', result: 'pass', detail: 'IPv4, protocol 6' },
      { name: 'route', result: 'found', detail: 'out wan' },
      {
        name: 'policy',
        result: 'drop',
        detail: `policy-deny; inside -> internet, office-out/no-direct-mail (rules/office.yaml:${line})`,
      },
    ],
  });
});

test('a thousand assertions take about as long as one', async () => {
  const ports = Array.from({ length: 1000 }, (_, i) => 1024 + i);
  const assertions = ports.map((port, i) => ({
    text: `inside tcp 10.1.2.3:${port} 203.0.113.80:443 => ${i % 100 === 7 ? 'deny' : 'allow'}`,
    at: { file: 'x.yaml', line: i + 1, column: 5 },
    excerpt: null,
  }));
  const start = performance.now();
  const asked = assertionsOf({ ...model, assertions }, slots);
  const failed = await failing(asked, offline, bytes, names.slots);
  process.stdout.write(`1,000 assertions: ${(performance.now() - start).toFixed(0)} ms\n`);
  expect(failed.map(({ line }) => line)).toEqual(Array.from({ length: 10 }, (_, i) => 8 + i * 100));
});
