// SPDX-License-Identifier: BSD-3-Clause
import type { Span } from '../../diagnostics/collect.js';
import { didYouMean } from '../../diagnostics/suggest.js';
import { quote } from '../../diagnostics/text.js';
import { parseEnd, parsePacket, wordsOf } from '../../firewall/packet.js';
import { PROTOCOLS } from '../../net/services.js';
import type { Context } from '../../rulefile/context.js';
import type { Document } from '../document.js';

/** Names assertions may use. */
interface Names {
  readonly interfaces: ReadonlySet<string>;
  /** Of these, the ones whose packets go to the kernel unseen. */
  readonly management: ReadonlySet<string>;
  readonly rules: ReadonlySet<string>;
  readonly backends: ReadonlySet<string>;
  /** Of these, the ones that are not in force. */
  readonly disabled: ReadonlySet<string>;
  /** Without errors so far: otherwise a name may only seem to be missing. */
  readonly whole: boolean;
}

const PLANNED: ReadonlyMap<string, string> = new Map([['sa', 'VPN']]);

const OUTCOMES = ['allow', 'deny', 'reject'];

/** Assertions can be read, and what they name exists. Whether they hold is for the fast path to say. */
export function checkAssertions(document: Document, context: Context): void {
  const lines = document.assert ?? [];
  if (lines.length === 0) return;
  const interfaces = [...(document.interfaces ?? [])];
  const rules = (document.policies ?? []).flatMap((policy) =>
    policy.rules.map((rule) => ({
      name: `${policy.name}/${rule.name}`,
      enabled: policy.enabled && rule.enabled,
    })),
  );
  const names: Names = {
    interfaces: new Set(document.interfaces?.keys()),
    management: new Set(interfaces.filter(([, one]) => one.management).map(([name]) => name)),
    rules: new Set(rules.map(({ name }) => name)),
    backends: new Set(
      [...(document.balancers?.values() ?? [])].flatMap((one) => [...one.backends.keys()]),
    ),
    disabled: new Set(rules.filter(({ enabled }) => !enabled).map(({ name }) => name)),
    whole: context.errors === 0,
  };
  for (const [i, line] of lines.entries())
    new Line(line, context.at(lines, i), names, context).check();
}

/** Why a text is no end of a packet of this protocol; null where it is one. */
function wrongEnd(text: string, protocol: number): string | null {
  const end = parseEnd(text, protocol);
  return typeof end === 'string' ? end : null;
}

/** The protocol of an assertion's packet; that of TCP where it has a fault, which is told already. */
function packetProtocol(text: string): number {
  const packet = parsePacket(text.slice(0, text.indexOf('=>')).trimEnd());
  return 'problem' in packet ? PROTOCOLS.tcp : packet.protocol;
}

class Line {
  readonly #text: string;
  readonly #span: Span;
  readonly #names: Names;
  readonly #context: Context;

  constructor(text: string, span: Span, names: Names, context: Context) {
    this.#text = text;
    this.#span = span;
    this.#names = names;
    this.#context = context;
  }

  check(): void {
    const arrow = this.#text.indexOf('=>');
    if (arrow < 0) {
      this.#fail("an assertion has '=>' between packet and outcome", 0, this.#text.length);
      return;
    }
    const packet = parsePacket(this.#text.slice(0, arrow).trimEnd());
    if ('problem' in packet) this.#fail(packet.problem, packet.index, packet.length);
    else this.#interface(packet.interface, this.#text.indexOf(packet.interface));
    this.#outcome(arrow + 2);
  }

  #outcome(from: number): void {
    const words = wordsOf(this.#text.slice(from)).map(({ text, index }) => ({
      text,
      index: index + from,
    }));
    const [verdict, ...rest] = words;
    if (verdict === undefined || !OUTCOMES.includes(verdict.text)) {
      const found = verdict === undefined ? 'nothing' : quote(verdict.text);
      const index = verdict?.index ?? from - 2;
      this.#fail(
        `allow, deny or reject follows '=>', not ${found}`,
        index,
        verdict?.text.length ?? 2,
      );
      return;
    }
    for (let i = 0; i < rest.length; i++) {
      const word = rest[i] as (typeof words)[number];
      const part = PLANNED.get(word.text);
      if (part !== undefined) {
        const message = `'${word.text}' belongs to ${part}, which is not built yet`;
        this.#context.report('not-built', this.#part(word.index, word.text.length), message);
        return;
      }
      if (word.text === 'source' || word.text === 'destination') {
        const end = rest[++i];
        const problem =
          end === undefined
            ? `an address follows '${word.text}'`
            : wrongEnd(end.text, packetProtocol(this.#text));
        const { index, text } = end ?? word;
        if (problem !== null) this.#fail(problem, index, text.length);
      } else if (word.text === 'backend') {
        const named = rest[++i];
        if (named === undefined)
          this.#fail("names of backends follow 'backend', as in web1|web2", word.index, 7);
        else this.#backends(named.text, named.index);
      } else if (word.text === 'out') {
        const name = rest[++i];
        if (name === undefined) this.#fail("the name of an interface follows 'out'", word.index, 3);
        else if (name.text !== 'local') this.#interface(name.text, name.index);
      } else if (i === 0 && word.text.includes('/')) this.#rule(word.text, word.index);
      else {
        const message = `${quote(word.text)} is no outcome: POLICY/RULE, 'source ADDR', 'destination ADDR', 'backend NAME' or 'out IFACE' can follow`;
        this.#fail(message, word.index, word.text.length);
      }
    }
  }

  #interface(name: string, index: number): void {
    const { interfaces, management, whole } = this.#names;
    const span = this.#part(index, name.length);
    if (management.has(name))
      this.#context.report(
        'assert-management',
        span,
        `${quote(name)} is a management interface: its packets go to the kernel unseen`,
      );
    if (interfaces.has(name) || !whole) return;
    this.#context.report('unknown-interface', span, `there is no interface ${quote(name)}`, {
      hint: () => didYouMean(name, interfaces),
    });
  }

  /** One of these backends, whatever balancer they are of. */
  #backends(text: string, index: number): void {
    const { backends, whole } = this.#names;
    for (const name of text.split('|')) {
      if (backends.has(name) || !whole) continue;
      const span = this.#part(index, text.length);
      this.#context.report('unknown-balancer', span, `there is no backend ${quote(name)}`, {
        hint: () => didYouMean(name, backends),
      });
    }
  }

  #rule(name: string, index: number): void {
    const { rules, disabled, whole } = this.#names;
    const span = this.#part(index, name.length);
    if (disabled.has(name))
      this.#context.report('assert-disabled', span, `the rule ${quote(name)} is disabled`);
    if (rules.has(name) || !whole) return;
    this.#context.report('unknown-rule', span, `there is no rule ${quote(name)}`, {
      hint: () => didYouMean(name, rules),
    });
  }

  #fail(message: string, index: number, length: number): void {
    this.#context.report('assert-syntax', this.#part(index, length), message);
  }

  /** A part of the text, where it is written as it reads; else all of it. */
  #part(index: number, length: number): Span {
    const { offset, end } = this.#span;
    const extra = end - offset - this.#text.length;
    // Quotes around it shift it by one; escapes and folded lines would shift it by we know not what.
    if (extra !== 0 && extra !== 2) return this.#span;
    const start = offset + extra / 2 + index;
    return { offset: start, end: start + length };
  }
}
