// SPDX-License-Identifier: BSD-3-Clause
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import type { RuleShown } from '../../src/daemon/show/rules.js';
import { attempt, command } from '../../src/lab/command.js';
import { Lab } from '../../src/lab/lab.js';
import { until } from '../../src/lab/until.js';

/** ms that a screen may take on a busy machine. */
const PATIENCE = 60_000;

let lab: Lab;
let home: string;
const program = () => path.join(process.cwd(), 'build/js/cli/shell/login.js');

/** The shell in a terminal of its own, driven by keys. */
class Screen {
  readonly #socket: string;

  private constructor(socket: string) {
    this.#socket = socket;
  }

  static async open(columns: number, rows: number): Promise<Screen> {
    const screen = new Screen(path.join(mkdtempSync(path.join(home, 'tmux-')), 'socket'));
    const { SLUICE_RUN_DIR: directory = '' } = lab.environment;
    const start = `HOME=${home} SLUICE_RUN_DIR=${directory} ${process.execPath} ${program()}; echo it is over`;
    const size = ['-x', String(columns), '-y', String(rows)];
    await screen.#tmux('-f', '/dev/null', 'new-session', '-d', ...size, start);
    await screen.#tmux('set-option', '-g', 'remain-on-exit', 'on');
    await screen.has(/^\S+@\S+> $/m);
    return screen;
  }

  /** Keys as they are: text, or tmux's names of keys. */
  async type(...keys: readonly string[]): Promise<void> {
    for (const key of keys) {
      const named = /^(Tab|Enter|C-.|Up)$/.test(key);
      await this.#tmux('send-keys', ...(named ? [] : ['-l']), '--', key);
    }
  }

  async paste(text: string): Promise<void> {
    await this.#tmux('set-buffer', '--', text);
    await this.#tmux('paste-buffer', '-p', '-r');
  }

  async text(): Promise<string> {
    const { stdout } = await this.#tmux('capture-pane', '-p', '-J');
    return stdout.replaceAll(/^\S+@[^>#\s]+([>#])/gm, 'user@host$1').trimEnd();
  }

  async has(wanted: RegExp): Promise<string> {
    let text = '';
    await until(`${String(wanted)} on the screen`, PATIENCE, async () => {
      text = (await attempt(['tmux', '-S', this.#socket, 'capture-pane', '-p', '-J'])).stdout;
      return wanted.test(text);
    }).catch((error: unknown) => {
      throw new Error(`${(error as Error).message}:\n${text.trimEnd()}`);
    });
    return this.text();
  }

  async resize(columns: number, rows: number): Promise<void> {
    await this.#tmux('resize-window', '-x', String(columns), '-y', String(rows));
  }

  async clear(): Promise<void> {
    await this.type('C-l');
  }

  async close(): Promise<void> {
    await this.#tmux('kill-server');
  }

  async #tmux(...args: readonly string[]) {
    return { stdout: await command(['tmux', '-S', this.#socket, ...args]) };
  }
}

const sluice = (...args: string[]) => lab.sluice('shell', ...args);
const rules = async () =>
  (await lab.show<{ rules: RuleShown[] }>('rules')).rules.map(({ rule }) => rule);

beforeAll(async () => {
  lab = await Lab.start();
  home = mkdtempSync(path.join(tmpdir(), 'sluice-shell-'));
  const { code, stderr } = await lab.sluice('apply', lab.rules);
  expect([code, stderr]).toEqual([0, '']);
});
afterAll(async () => {
  await lab.close();
  rmSync(home, { recursive: true });
});

test('a new operator adds a rule, previews, commits and rolls back by ? and tab', async () => {
  const screen = await Screen.open(100, 50);
  let keys = 0;
  const names: string[] = [];
  /** Types and counts what is no name. */
  const type = async (...typed: readonly string[]): Promise<void> => {
    for (const key of typed) {
      keys += /^(Tab|Enter)$/.test(key) ? 1 : key.length;
      await screen.type(key);
    }
  };
  const name = async (text: string): Promise<void> => {
    names.push(text);
    await screen.type(text);
  };
  await type('?');
  await screen.has(/configure +edit a candidate configuration/);
  await type('conf', 'Enter');
  await screen.has(/^\[edit\]\n\S+# $/m);
  await type('se', 'Tab', 'p', 'Tab');
  await screen.has(/# set policies $/m);
  await name('office-out ');
  await type('r', 'Tab');
  await screen.has(/office-out rules $/m);
  await name('web2 ');
  await type('ac', 'Tab');
  await screen.has(/web2 action $/m);
  await type('d', 'Tab', 'Enter');
  await screen.has(/web2 action deny *\n\[edit\]\n\S+# $/m);
  await type('com', 'Tab');
  await screen.has(/commit +bring the candidate/);
  await type('mit p', 'Enter');
  expect(await screen.has(/would end/)).toContain('+ office-out/web2 (');
  await screen.has(/would end\n\[edit\]\n\S+# $/m);
  await type('commit', 'Enter');
  await screen.has(/is in force after/);
  expect(await rules()).toContain('web2');
  expect(keys).toBeLessThanOrEqual(40);
  // And back again.
  await screen.type('rollback 1', 'Enter', 'commit', 'Enter');
  await until('the way back', PATIENCE, async () => !(await rules()).includes('web2'));
  await screen.close();
});

test('screens of help, a wrong word and a narrow terminal', async () => {
  const screen = await Screen.open(80, 24);
  await screen.type('show n?');
  expect(await screen.has(/neighbors /)).toMatchInlineSnapshot(`
    "user@host> show n
      nat        address translation
      neighbors  neighbours, by ARP and neighbour discovery
    user@host> show n"
  `);
  await screen.type('C-u', 'C-l', 'show sesions', 'Enter');
  await screen.has(/shows all\)/);
  await screen.type('C-l');
  await screen.resize(40, 24);
  await screen.type('show sessions destination 203.0.113.80 port 443', 'C-u');
  await screen.type('show version | match sluice', 'Enter');
  expect(await screen.has(/^sluice +\d/m)).toContain('sluice ');
  await screen.close();
});

test('200 lines are pasted as they are, Ctrl-C ends what runs, history is searched', async () => {
  const screen = await Screen.open(100, 50);
  await screen.type('configure', 'Enter');
  await screen.has(/^\[edit\]\n\S+# $/m);
  const lines = Array.from({ length: 200 }, (_, i) => `set groups addresses pasted 192.0.2.${i}\t`);
  await screen.paste(`${lines.join('\n')}\nset zones dmz description "ü ? done"\n`);
  await screen.has(/"ü \? done"\n\[edit\]\n\S+# $/m);
  await screen.type('C-l', 'show groups addresses pasted | display set | count', 'Enter');
  await screen.has(/^Count: 200 lines$/m);
  await screen.type('C-l', 'exit', 'Enter');
  await screen.has(/uncommitted changes/);
  await screen.type('exit discard', 'Enter');
  await screen.has(/^\S+> $/m);
  await screen.type('C-l', 'ping 127.0.0.1', 'Enter');
  await screen.has(/icmp_seq=1/);
  await screen.type('C-c');
  await screen.has(/ping statistics/);
  await screen.has(/^\S+> $/m);
  await screen.type('C-l', 'C-r', 'ping', 'Enter');
  await screen.has(/icmp_seq=1/);
  await screen.type('C-c');
  await screen.has(/ping statistics[^]*> $/m);
  await screen.type('C-l', 'monitor interfaces', 'Enter');
  await screen.has(/rx bit\/s/);
  await screen.type('q');
  await screen.has(/^\S+> monitor interfaces *\n\S+> $/m);
  await screen.type('show configuration', 'Enter');
  await screen.has(/--More--/);
  await screen.type('q', 'exit', 'Enter');
  await screen.has(/it is over/);
  await screen.close();
});

test('without a terminal', async () => {
  expect(await sluice('-c', 'show interfaces | match wan | count')).toEqual({
    code: 0,
    stdout: 'Count: 1 line\n',
    stderr: '',
  });
  expect(await sluice('-c', 'show intrfaces')).toMatchObject({
    code: 2,
    stdout: '',
    stderr: expect.stringMatching(
      /^show intrfaces\n {5}\^{9}\n'intrfaces' does not fit here/,
    ) as string,
  });
  const trace = await sluice('-c', 'trace packet inside tcp 10.1.2.3:40000 203.0.113.80:80');
  expect(trace.stdout).toMatch(
    /policy +allow +inside -> internet, office-out\/browse \(.*office.yaml:\d+\)/,
  );
  const script = ['configure', 'set zones nowhere descripton x', 'commit'];
  const { code, stderr } = await attempt([process.execPath, program()], {
    input: script.join('\n'),
    env: lab.environment,
  });
  expect([code, stderr.split('\n').slice(0, 2)]).toEqual([
    2,
    ['line 2: set zones nowhere descripton x', `${' '.repeat(26)}^^^^^^^^^^`],
  ]);
  expect(readFileSync(lab.rules, 'utf8')).not.toContain('nowhere');
});

test('one command shows what the shell shows, with its pipes', async () => {
  const show = (...args: string[]) => lab.sluice('show', ...args);
  const browse = ['configuration', 'policies', 'office-out', 'rules', 'browse'];
  expect((await show(...browse, '--set')).stdout).toMatch(
    /^set policies office-out rules browse source staff$/m,
  );
  expect(JSON.parse((await show('commits', '--json')).stdout)).toContainEqual(
    expect.objectContaining({ ago: 0 }),
  );
  const rule = ['--rule', 'office-out/browse', '|', 'count'];
  expect((await show('sessions', ...rule)).stdout).toMatch(/^Count: \d+ lines?\n$/);
  expect((await show('rules', '| match "browse" | count')).stdout).toBe('Count: 1 line\n');
  expect(await show('configuration', 'polices')).toMatchObject({ code: 2, stdout: '' });
});

test('a command of operational mode in the other one is told as that', async () => {
  const { code, stderr } = await attempt([process.execPath, program()], {
    input: 'configure\nrequest system reboot\n',
    env: lab.environment,
  });
  expect([code, stderr.trimEnd().split('\n').at(-1)]).toEqual([
    2,
    "'request' is a command of operational mode: `run request`",
  ]);
});

test('show | compare is that of Junos', async () => {
  const script = ['configure', 'set zones dmz description x', 'show zones | compare'];
  const { stdout } = await attempt([process.execPath, program()], {
    input: [...script, 'show interfaces | compare', 'exit discard'].join('\n'),
    env: lab.environment,
  });
  expect(stdout).toMatch(/\[edit zones dmz\]\n\+ .*description.*x.*\n$/);
});

/** ms from the start of a program in a terminal until it says something: by the clock, and of a CPU. */
async function startOf(argv: readonly string[], wanted: RegExp): Promise<readonly number[]> {
  const begin = performance.now();
  const line = ['exec', ...argv].join(' ');
  const child = spawn('script', ['-qfec', line, '/dev/null'], {
    stdio: ['pipe', 'pipe', 'ignore'],
    env: { ...process.env, ...lab.environment, HOME: home },
  });
  let text = '';
  await new Promise<void>((done) => {
    child.stdout.on('data', (more: Buffer) => {
      if (wanted.test((text += more.toString()))) done();
    });
  });
  const clock = performance.now() - begin;
  const children = `/proc/${child.pid ?? 0}/task/${child.pid ?? 0}/children`;
  const stat = readFileSync(`/proc/${readFileSync(children, 'utf8').trim()}/stat`, 'utf8');
  const [user, system] = stat
    .slice(stat.lastIndexOf(')') + 2)
    .split(' ')
    .slice(11, 13);
  child.kill();
  await once(child, 'exit');
  return [clock, (Number(user) + Number(system)) * 10];
}

test('the prompt stands within 300 ms', async () => {
  const shells: (readonly number[])[] = [];
  const bare: (readonly number[])[] = [];
  const node = [process.execPath, '-e', `"console.log('up'); setInterval(() => 0, 1e6)"`];
  for (let i = 0; i < 9; i++) {
    shells.push(await startOf([process.execPath, program()], /> /));
    bare.push(await startOf(node, /up/));
  }
  const median = (all: readonly (readonly number[])[], which: number): number =>
    all.map((one) => one[which] ?? 0).sort((a, b) => a - b)[4] ?? 0;
  const clock = median(shells, 0);
  const cpu = median(shells, 1);
  // What else the machine has to do makes Node itself late too.
  const busy = Math.max(1, median(bare, 0) / median(bare, 1));
  process.stdout.write(
    `prompt after ${Math.round(clock)} ms, ${cpu} ms of a CPU; Node alone ${Math.round(median(bare, 0))} and ${median(bare, 1)} ms\n`,
  );
  expect(cpu).toBeLessThanOrEqual(300);
  expect(clock).toBeLessThanOrEqual(300 * busy);
});

test('what was committed with a deadline goes back by itself when its session is cut off', async () => {
  const screen = await Screen.open(100, 30);
  await screen.type('configure', 'Enter');
  await screen.has(/^\[edit\]\n\S+# $/m);
  // Assertions speak of its rules.
  await screen.type('delete assert', 'Enter', 'delete policies office-out', 'Enter');
  await screen.type('commit confirm 1', 'Enter');
  await screen.has(/goes back at/);
  expect(await rules()).not.toContain('browse');
  await screen.close();
  await until('the way back', 90_000, async () => (await rules()).includes('browse'));
});
