// SPDX-License-Identifier: BSD-3-Clause
import type { ApiClient } from '../../daemon/api/client.js';
import { runDirectory } from '../../daemon/api/rundir.js';
import type { Grammar } from '../../daemon/api/candidates.js';
import { configurationMode } from './config/commands.js';
import type { Configuration } from './config/configuration.js';
import type { Step } from './grammar.js';
import { LiveNames } from './names.js';
import type { Terminal } from './terminal.js';

/** One user's stay in the shell. */
export class Session {
  readonly names: LiveNames;
  /** null where commands come from a file, a pipe or `-c`. */
  readonly terminal: Terminal | null;
  /** What programs are started by: the lab's appliance lives in a namespace. */
  readonly within: readonly string[];
  /** In configuration mode. */
  configuration: Configuration | null = null;
  /** Set by `exit`. */
  over = false;
  /** Where sluiced has its socket and logs. */
  readonly directory: string;
  readonly #root: Step;
  readonly #editing: Step;
  #grammar: Promise<Grammar> | null = null;
  #client: Promise<ApiClient> | null = null;

  constructor(root: Step, { runDir, terminal, within = [] }: SessionOptions) {
    this.#root = root;
    this.#editing = configurationMode(root);
    this.directory = runDirectory(runDir);
    this.terminal = terminal;
    this.within = within;
    this.names = new LiveNames(() => this.api());
  }

  /** sluiced. Its client is loaded when it is first needed, after the prompt stands. */
  api(): Promise<ApiClient> {
    return (this.#client ??= import('../../daemon/api/client.js').then(
      ({ ApiClient: Client }) => new Client(this.directory),
    ));
  }

  /** Of programs that are started. */
  get environment(): NodeJS.ProcessEnv {
    return { ...process.env, SLUICE_RUN_DIR: this.directory };
  }

  /** The language, for paths. */
  grammar(): Promise<Grammar> {
    this.#grammar ??= this.api().then(async (api) => (await api.get('/grammar')) as Grammar);
    // What failed is asked again.
    this.#grammar.catch(() => (this.#grammar = null));
    return this.#grammar;
  }

  /** The commands of the mode that this is not. */
  get otherRoot(): Step {
    return this.configuration === null ? this.#editing : this.#root;
  }

  /** The commands there are now. */
  get root(): Step {
    return this.configuration === null ? this.#root : this.#editing;
  }
}

export interface SessionOptions {
  readonly runDir: string | undefined;
  readonly terminal: Terminal | null;
  readonly within?: readonly string[];
}
