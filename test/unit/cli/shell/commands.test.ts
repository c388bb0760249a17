// SPDX-License-Identifier: BSD-3-Clause
import { expect, test } from 'vitest';
import { completion, helpText, offersFor } from '../../../../src/cli/shell/complete.js';
import { execute } from '../../../../src/cli/shell/execute.js';
import type { Step } from '../../../../src/cli/shell/grammar.js';
import { operational } from '../../../../src/cli/shell/operational.js';
import { Session } from '../../../../src/cli/shell/session.js';

const root = operational();
/** Nobody answers there: what is tested here needs no appliance. */
const session = new Session(root, { runDir: '/nonexistent', terminal: null });

const help = async (text: string) => helpText(await offersFor(root, text, session));
const complete = async (text: string) => completion(await offersFor(root, text, session));

async function run(text: string, of: Session = session) {
  let told = '';
  let output = '';
  const sink = { write: (more: string) => Promise.resolve(void (output += more)) };
  const code = await execute(of, text, {
    sink: () => sink,
    complain: (more) => (told += more),
    indent: 2,
  });
  return { code, told, output };
}

test('a wrong word has a caret and what was expected', async () => {
  expect(await run('show sesions source 10.1.0.1')).toEqual({
    code: 2,
    output: '',
    told: [
      '       ^^^^^^^',
      "'sesions' does not fit here, did you mean 'sessions'?",
      'expected one of archive, balancers, candidates, commits, configuration, drops, graph, groups, helpers, interfaces, log, nat, … (? shows all)',
      '',
    ].join('\n'),
  });
});

test('a line that is not whole, goes on too far, or fits two words', async () => {
  expect((await run('clear')).told).toBe('        ^\nthe line is not whole\nexpected sessions\n');
  expect((await run('confirm now')).told).toBe("          ^^^\nthe command ends before 'now'\n");
  expect((await run('show r')).told).toBe("       ^\n'r' could be routes, routing or rules\n");
  expect((await run('show log | match "(" | count')).told).toMatch(
    /^ {19}\^{3}\n'\(' does not fit/,
  );
  expect((await run('confirm | json')).told).toBe('          ^\nthe command has no JSON form\n');
  expect((await run('show "log')).told).toBe('       ^\nthe quote has no end\n');
  expect((await run('| count')).told).toBe('  ^\na command comes before the pipe\n');
  expect((await run('show log last x')).told).toMatch(
    /expected N \(100 unless given, 0 for all\)\n$/,
  );
});

test('an appliance that is away is exit 4', async () => {
  expect(await run('sh ver')).toEqual({
    code: 4,
    output: '',
    told: 'sluiced does not answer at /nonexistent/sluiced.sock (ENOENT)\n',
  });
});

test('prefixes are words; what does much is written out', async () => {
  expect((await run('rebo')).code).toBe(2);
  expect((await run('shel')).code).toBe(2);
  expect((await run('hel')).output).toContain('Ctrl-R');
});

test('completion', async () => {
  expect(await complete('')).toBeNull();
  expect(await complete('sh')).toBe('show ');
  expect(await complete('show sess')).toBe('sessions ');
  expect(await complete('show n')).toBeNull();
  expect(await complete('show ne')).toBe('neighbors ');
  expect(await complete('show log | ma')).toBe('match ');
  expect(await complete('show sessions protocol ud')).toBe('udp ');
  expect(await complete('show sessions port 80 so')).toBe('source ');
  // An option is given once.
  expect(await complete('show sessions source 10.1.0.1 so')).toBeNull();
  expect(await complete('nonsense ')).toBeNull();
});

test('help', async () => {
  expect(await help('show n')).toBe(
    '  nat        address translation\n  neighbors  neighbours, by ARP and neighbour discovery\n',
  );
  expect(await help('show routes ')).toBe(
    [
      '  limit    how many at the most',
      '  <Enter>  run the command',
      '  |        pass the output through a filter',
      '',
    ].join('\n'),
  );
  expect(await help('show routes limit ')).toBe('  <N>  1000 unless given, 0 for all\n');
  expect(await help('show nothing ')).toMatch(/^'nothing' does not fit here\n/);
});

test('every command that can be reached has help', () => {
  const seen = new Set<Step>();
  const lacking: string[] = [];
  const visit = (step: Step, path: string): void => {
    if (seen.has(step) || path.split(' ').length > 5) return;
    seen.add(step);
    for (const choice of step.choices) {
      const name = 'word' in choice ? choice.word : `<${choice.value}>`;
      if ('word' in choice && choice.help === '') lacking.push(`${path} ${name}`);
      if (typeof choice.next !== 'function') visit(choice.next, `${path} ${name}`);
    }
  };
  visit(root, '');
  expect(lacking).toEqual([]);
});

test('pipes filter the output', async () => {
  const lines = 'Alpha\nbeta\ngamma\n';
  const step: Step = {
    choices: [
      { word: 'say', help: '', next: { choices: [], run: (_s, _g, out) => out.write(lines) } },
    ],
  };
  const saying = new Session(step, { runDir: '/nonexistent', terminal: null });
  const piped = async (pipes: string) => (await run(`say ${pipes}`, saying)).output;
  expect(await piped('')).toBe(lines);
  expect(await piped('| match "^a|mm"')).toBe('Alpha\ngamma\n');
  expect(await piped('| except a')).toBe('');
  expect(await piped('| find beta')).toBe('beta\ngamma\n');
  expect(await piped('| count')).toBe('Count: 3 lines\n');
  expect(await piped('| match alpha | count')).toBe('Count: 1 line\n');
  expect(await piped('| last 2 | except beta')).toBe('gamma\n');
  expect(await piped('| no-more | last 1')).toBe('gamma\n');
});

test('request system asks first, needs whole words to do so at once, and knows fingers of Junos', async () => {
  for (const line of ['reboot', 'power-off', 'halt', 'rollback', 'upgrade x.upgrade'])
    expect(await run(`request system ${line}`)).toEqual({
      code: 1,
      output: '',
      told: `${line.split(' ')[0] ?? ''} asks first: it needs a terminal, or \`now\`\n`,
    });
  expect((await run('request system reboot n')).code).toBe(2);
  expect((await run('req sys software add x.upgrade')).told).toMatch(/^upgrade asks first/);
  expect(await complete('request system so')).toBeNull();
  expect(await complete('req sys po')).toBe('power-off ');
  expect((await run('poweroff')).told).toMatch(/^power-off asks first/);
});

test('a command of the other mode is told as that', async () => {
  expect((await run('set policies p')).told).toBe(
    "  ^^^\n'set' is a command of configuration mode: `configure` comes first\n",
  );
});
