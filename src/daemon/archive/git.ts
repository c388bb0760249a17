// SPDX-License-Identifier: BSD-3-Clause
import { execFile } from 'node:child_process';
import { chmod, mkdir, rm, writeFile } from 'node:fs/promises';
import path from 'node:path';
import type { Archive } from '../../system/model.js';
import { writeTexts } from './write.js';

export type GitArchive = Extract<Archive, { readonly kind: 'git' }>;

/** A commit of git to be. */
export interface Archived {
  readonly texts: ReadonlyMap<string, string>;
  /** Who, as git has it: `NAME <ADDRESS>`. */
  readonly author: string;
  /** ISO time. */
  readonly at: string;
  readonly message: string;
}

/** ms that a remote may take. */
const PATIENCE = 120_000;

/**
 * Brings commits to a branch of a remote: always on top of what it has there, so that whatever became of
 * the copy here, or of an attempt before, nothing of the remote is lost. git is a program of its own; what
 * is secret goes to it by files and its environment.
 */
export class GitRemote {
  readonly #archive: GitArchive;
  readonly #folder: string;
  readonly #read: (secret: string) => string | null;
  #running: AbortController | null = null;

  /** `folder` is its own, and may be lost. */
  constructor(archive: GitArchive, folder: string, read: (secret: string) => string | null) {
    this.#archive = archive;
    this.#folder = folder;
    this.#read = read;
  }

  async push(commits: readonly (() => Archived)[]): Promise<void> {
    const { url, branch } = this.#archive;
    const ref = `refs/heads/${branch}`;
    const tree = path.join(this.#folder, 'tree');
    await mkdir(this.#folder, { recursive: true, mode: 0o700 });
    const environment = await this.#environment(tree);
    const git = (args: readonly string[], more: Readonly<Record<string, string>> = {}) =>
      this.#git(args, { ...environment, ...more });
    try {
      await git(['init', '-q', `--initial-branch=${branch}`]);
      await git(['symbolic-ref', 'HEAD', ref]);
      const there = await git(['ls-remote', url, ref]);
      if (there === '') await git(['update-ref', '-d', ref]);
      else {
        await git(['fetch', '-q', '--no-tags', url, ref]);
        await git(['update-ref', ref, 'FETCH_HEAD']);
      }
      for (const made of commits) {
        const { texts, author, at, message } = made();
        await rm(tree, { recursive: true, force: true });
        await mkdir(tree, { recursive: true, mode: 0o700 });
        await writeTexts(tree, texts);
        await git(['add', '--all', '--force', '.']);
        await git(
          ['commit', '-q', '--allow-empty', '--no-verify', `--author=${author}`, '-m', message],
          { GIT_AUTHOR_DATE: at, GIT_COMMITTER_DATE: at },
        );
      }
      await git(['push', '-q', url, `${ref}:${ref}`]);
    } finally {
      for (const name of ['tree', 'key', 'hosts'])
        await rm(path.join(this.#folder, name), { recursive: true, force: true });
    }
  }

  close(): void {
    this.#running?.abort();
  }

  /** Nothing of the machine's or root's own settings, and nobody who could be asked. */
  async #environment(tree: string): Promise<Record<string, string>> {
    const { key, hostKeys, login, url } = this.#archive;
    const settings: [string, string][] = [
      ['core.hooksPath', '/dev/null'],
      ['core.autocrlf', 'false'],
      ['commit.gpgSign', 'false'],
      ['gc.autoDetach', 'false'],
    ];
    if (login !== null) {
      const password = this.#secret(login.password.secret);
      const basic = Buffer.from(`${login.user}:${password}`).toString('base64');
      settings.push(['http.extraHeader', `Authorization: Basic ${basic}`]);
    }
    return {
      PATH: process.env['PATH'] ?? '/usr/bin:/bin',
      HOME: process.env['HOME'] ?? '/root',
      GIT_DIR: path.join(this.#folder, 'git'),
      GIT_WORK_TREE: tree,
      GIT_CONFIG_NOSYSTEM: '1',
      GIT_CONFIG_GLOBAL: '/dev/null',
      GIT_TERMINAL_PROMPT: '0',
      GIT_ALLOW_PROTOCOL: new URL(url).protocol.slice(0, -1),
      GIT_AUTHOR_NAME: 'sluice',
      GIT_AUTHOR_EMAIL: 'sluice',
      GIT_COMMITTER_NAME: 'sluice',
      GIT_COMMITTER_EMAIL: 'sluice',
      GIT_SSH_COMMAND: await this.#ssh(key?.secret ?? null, hostKeys, new URL(url)),
      GIT_CONFIG_COUNT: String(settings.length),
      ...Object.fromEntries(
        settings.flatMap(([name, value], i) => [
          [`GIT_CONFIG_KEY_${i}`, name],
          [`GIT_CONFIG_VALUE_${i}`, value],
        ]),
      ),
    };
  }

  async #ssh(key: string | null, hostKeys: readonly string[], url: URL): Promise<string> {
    const words = ['ssh', '-o', 'BatchMode=yes', '-o', 'StrictHostKeyChecking=yes'];
    if (key !== null) {
      const file = path.join(this.#folder, 'key');
      // A private key without its last newline is none to OpenSSH.
      await writeFile(file, `${this.#secret(key).trimEnd()}\n`, { mode: 0o600 });
      await chmod(file, 0o600);
      words.push('-i', quoted(file), '-o', 'IdentitiesOnly=yes');
    }
    if (hostKeys.length > 0) {
      const file = path.join(this.#folder, 'hosts');
      const host =
        url.port === '' ? url.hostname : `[${url.hostname.replace(/^\[|\]$/g, '')}]:${url.port}`;
      await writeFile(file, hostKeys.map((one) => `${host} ${one}\n`).join(''));
      words.push(
        '-o',
        quoted(`UserKnownHostsFile=${file}`),
        '-o',
        'GlobalKnownHostsFile=/dev/null',
      );
    }
    return words.join(' ');
  }

  #secret(name: string): string {
    const value = this.#read(name);
    if (value === null) throw new Error(`the secret ${name} is not stored`);
    return value;
  }

  #git(args: readonly string[], env: Readonly<Record<string, string>>): Promise<string> {
    const running = new AbortController();
    this.#running = running;
    const options = { env, timeout: PATIENCE, signal: running.signal, cwd: this.#folder };
    return new Promise((resolve, reject) => {
      execFile('git', args, options, (error, stdout, stderr) => {
        if (error === null) resolve(stdout);
        else if ((error as NodeJS.ErrnoException).code === 'ENOENT')
          reject(new Error('there is no program git'));
        else reject(new Error(why(args[0] ?? '', stderr, error.killed === true)));
      });
    });
  }
}

/** A word for the shell that git runs ssh by. */
function quoted(word: string): string {
  return `'${word.replaceAll("'", `'\\''`)}'`;
}

function why(what: string, stderr: string, late: boolean): string {
  if (late) return `git ${what}: no answer within ${PATIENCE / 1000} s`;
  const lines = stderr.split('\n').map((line) => line.trim());
  const told = lines
    .filter((line) => line !== '')
    .slice(0, 5)
    .join('; ');
  return `git ${what}: ${told === '' ? 'it failed' : told}`;
}
