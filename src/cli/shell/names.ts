// SPDX-License-Identifier: BSD-3-Clause
import type { ApiClient } from '../../daemon/api/client.js';
import type { Name } from './grammar.js';

/** ms for which names count as those there are. */
const FRESH = 3000;
/** ms that completion waits for names that are not there yet. */
const PATIENCE = 1000;

/** A row of a show, of which the name is one field. */
type Row = Readonly<Record<string, unknown>>;

/** Names of what runs, asked of sluiced and kept for a moment. */
export class LiveNames {
  readonly #api: () => Promise<ApiClient>;
  readonly #kept = new Map<
    string,
    { readonly at: number; readonly rows: Promise<readonly Row[]> }
  >();

  constructor(api: () => Promise<ApiClient>) {
    this.#api = api;
  }

  /** Names of interfaces, with their zones. */
  async interfaces(): Promise<readonly Name[]> {
    const rows = await this.#rows('interfaces', 'interfaces');
    return rows.map((row) => ({ name: text(row['name']), help: `zone ${text(row['zone'])}` }));
  }

  async zones(): Promise<readonly Name[]> {
    const rows = await this.#rows('interfaces', 'interfaces');
    const zones = rows.map((row) => text(row['zone'])).filter((zone) => zone !== '-');
    return [...new Set([...zones, 'local'])].map((name) => ({ name }));
  }

  /** POLICY/RULE of every rule. */
  async rules(): Promise<readonly Name[]> {
    const rows = await this.#rows('rules', 'rules');
    return rows
      .filter((row) => typeof row['policy'] === 'string')
      .map((row) => ({ name: `${text(row['policy'])}/${text(row['rule'])}` }));
  }

  async tunnels(): Promise<readonly Name[]> {
    const rows = await this.#rows('vpn/tunnels', 'tunnels');
    return [...new Set(rows.map((row) => text(row['name'])))].map((name) => ({ name }));
  }

  async engines(): Promise<readonly Name[]> {
    const rows = await this.#rows('vpn/engines', 'engines');
    return rows.map((row) => ({ name: text(row['name']), help: text(row['state']) }));
  }

  async balancers(): Promise<readonly Name[]> {
    const rows = await this.#rows('balancers', 'balancers');
    return rows.map((row) => ({ name: text(row['name']) }));
  }

  async backends(balancer: string): Promise<readonly Name[]> {
    const rows = await this.#rows('balancers', 'balancers');
    const backends = rows.find((row) => row['name'] === balancer)?.['backends'];
    if (!Array.isArray(backends)) return [];
    return (backends as Row[]).map((row) => ({
      name: text(row['name']),
      help: text(row['state']),
    }));
  }

  /** The rows of a show; none where sluiced is away or slow. */
  async #rows(show: string, field: string): Promise<readonly Row[]> {
    const now = performance.now();
    let kept = this.#kept.get(show);
    if (kept === undefined || now - kept.at > FRESH) {
      kept = { at: now, rows: this.#ask(show, field) };
      this.#kept.set(show, kept);
    }
    let timer: NodeJS.Timeout | undefined;
    const late = new Promise<readonly Row[]>((resolve) => {
      timer = setTimeout(() => resolve([]), PATIENCE);
    });
    const rows = await Promise.race([kept.rows, late]);
    clearTimeout(timer);
    return rows;
  }

  async #ask(show: string, field: string): Promise<readonly Row[]> {
    try {
      const document = (await (await this.#api()).get(`/show/${show}`)) as Row;
      const rows = document[field];
      return Array.isArray(rows) ? (rows as Row[]) : [];
    } catch {
      // Completion is a convenience: the command itself will say what is wrong.
      this.#kept.delete(show);
      return [];
    }
  }
}

function text(value: unknown): string {
  return typeof value === 'string' ? value : '-';
}
