// SPDX-License-Identifier: BSD-3-Clause
import { userInfo } from 'node:os';
import type { ApiClient } from '../../../daemon/api/client.js';
import type {
  CandidateTold,
  Config,
  Edited,
  EditRefused,
  LiveNames,
  Operation,
  TreeConfig,
  Words,
} from '../../../daemon/api/candidates.js';
import { render } from '../../../diagnostics/render.js';
import { CommandError, WordError } from '../grammar.js';

/** A candidate that is being edited, and where in it the user stands. */
export class Configuration {
  readonly #api: ApiClient;
  readonly told: CandidateTold;
  /** What `edit` goes to. */
  level: Words = [];

  private constructor(api: ApiClient, told: CandidateTold) {
    this.#api = api;
    this.told = told;
  }

  static async open(api: ApiClient, mode: 'private' | 'exclusive'): Promise<Configuration> {
    const [from] = (process.env['SSH_CONNECTION'] ?? '').split(' ');
    const request = {
      mode,
      user: userInfo().username,
      from: from === undefined || from === '' ? 'local' : from,
    };
    return new Configuration(api, (await api.post('/candidates', request)) as CandidateTold);
  }

  /** Who else edits. */
  async others(): Promise<readonly CandidateTold[]> {
    const all = (await this.#api.get('/candidates')) as readonly CandidateTold[];
    return all.filter(({ id }) => id !== this.told.id);
  }

  async changed(): Promise<boolean> {
    const all = (await this.#api.get('/candidates')) as readonly CandidateTold[];
    return all.find(({ id }) => id === this.told.id)?.changed ?? false;
  }

  /** Words as they stand below the level. */
  at(words: Words): Words {
    return [...this.level, ...words];
  }

  /** Part of the candidate in one of the API's forms. */
  read(path: Words, format: 'tree' | 'set' | 'text' | 'yaml'): Promise<unknown> {
    const query = { path: JSON.stringify(path), format };
    return this.#api.get(this.#path('config'), query);
  }

  /** The names that stand at a path. */
  async names(path: Words): Promise<readonly string[]> {
    const { config } = (await this.read(path, 'tree')) as TreeConfig;
    return config === null ? [] : wordsOf(config);
  }

  /** Names that values may refer to. */
  async references(): Promise<LiveNames> {
    return (await this.#api.get('/names', { candidate: this.told.id })) as LiveNames;
  }

  /**
   * Changes it; what is refused is told at the word that is wrong. `givenAs` says which of the words
   * given for the key `path` a word of an operation was.
   */
  async edit(
    operations: readonly Operation[],
    givenAs: (word: number, operation: number) => number = (word) => word,
  ): Promise<Edited> {
    const answer = (await this.#api.post(this.#path('edit'), { operations })) as
      Edited | EditRefused;
    if (answer.ok) return answer;
    const [error] = answer.errors;
    if (error === undefined)
      throw new CommandError(answer.diagnostics.map((one) => render(one)).join('\n'));
    const lines = [
      error.message,
      ...(error.suggestions.length === 0 ? [] : [`did you mean ${error.suggestions.join(', ')}?`]),
      ...(error.expected.length === 0
        ? []
        : [`expected ${error.expected.slice(0, 12).join(', ')}`]),
    ];
    const word = givenAs(error.word - this.level.length, error.operation);
    throw new WordError(lines.join('\n'), 'path', word);
  }

  get(what: string, query: Readonly<Record<string, string>> = {}): Promise<unknown> {
    return this.#api.get(this.#path(what), query);
  }

  post(what: string, body: unknown): Promise<unknown> {
    return this.#api.post(this.#path(what), body);
  }

  /** Throws it away. */
  async drop(): Promise<void> {
    await this.#api.delete(this.#path(null));
  }

  #path(what: string | null): string {
    const own = `/candidates/${encodeURIComponent(this.told.id)}`;
    return what === null ? own : `${own}/${what}`;
  }
}

/** The words that may come next in a part of a configuration. */
export function wordsOf(config: Config): readonly string[] {
  if (config.kind === 'map') return config.entries.map(({ word }) => word);
  return config.kind === 'values' ? config.values.map(({ text }) => text) : [config.value];
}
