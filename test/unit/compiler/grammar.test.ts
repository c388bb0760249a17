// SPDX-License-Identifier: BSD-3-Clause
import { expect, test } from 'vitest';
import { grammar } from '../../../src/compiler/grammar.js';
import { keys } from '../../../src/compiler/keys.js';
import type { GrammarNode } from '../../../src/rulefile/grammar.js';

/** The paths a node leads to, as the reference writes them. */
function* paths(node: GrammarNode, prefix = ''): Generator<string> {
  for (const [key, below] of Object.entries(node.keys ?? {})) {
    const path = prefix === '' ? key : `${prefix}.${key}`;
    yield path;
    yield* paths(below, path);
  }
  if (node.names !== undefined) yield* paths(node.names.each, `${prefix}.NAME`);
  if (node.items !== undefined) yield* paths(node.items.each, `${prefix}[]`);
}

function at(...words: string[]): GrammarNode {
  let node = grammar().root;
  for (const word of words)
    node = node.keys?.[word] ?? node.names?.each ?? (node.items?.each as GrammarNode);
  return node;
}

test('every key of the language, and no other, is in the grammar', () => {
  expect(new Set(paths(grammar().root))).toEqual(
    new Set(
      keys()
        .map(({ path }) => path)
        // `deactivate` is the way to it.
        .filter((path) => path !== 'inactive'),
    ),
  );
});

test('every place takes something, and has a description where people meet it', () => {
  const bare: string[] = [];
  const visit = (node: GrammarNode, path: string): void => {
    if (!node.keys && !node.names && !node.items && !node.value) bare.push(path);
    if (path !== '' && node.description === '' && !/\.NAME$|\[\]$/.test(path)) bare.push(path);
    for (const [key, below] of Object.entries(node.keys ?? {})) visit(below, `${path}.${key}`);
    if (node.names) visit(node.names.each, `${path}.NAME`);
    if (node.items) visit(node.items.each, `${path}[]`);
  };
  visit(grammar().root, '');
  expect(bare).toEqual([]);
});

test('values say what they are and what they may name', () => {
  expect(at('policies', 'p', 'rules', 'r', 'source')).toMatchObject({
    many: true,
    required: false,
    value: { refers: ['address-groups'] },
    keys: { except: { many: true }, balancer: { many: false, value: { refers: ['balancers'] } } },
  });
  expect(at('policies', 'p', 'rules', 'r', 'action')).toMatchObject({
    required: true,
    value: { words: ['allow', 'deny', 'reject'] },
  });
  expect(at('interfaces', 'wan', 'mtu').value?.number).toEqual({ minimum: 1280, maximum: 9216 });
  expect(at('routing', 'static').items?.identity).toBe('to');
  expect(at('schedules', 's', 'weekly').items).toMatchObject({ identity: null });
});
