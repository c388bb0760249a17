// SPDX-License-Identifier: BSD-3-Clause
import { EventEmitter } from 'node:events';
import { StringDecoder } from 'node:string_decoder';
import type { ReadStream } from 'node:tty';

/** Keys the editor does not leave to readline. */
export interface Bindings {
  /** `?`, tab and Ctrl-R; keys that come meanwhile wait. */
  readonly keys: ReadonlyMap<string, () => Promise<void>>;
  /** Text that was pasted, without newlines. */
  readonly paste: (text: string) => void;
  /** Ctrl-C while a command runs. */
  readonly interrupt: () => void;
}

const PASTE_BEGIN = '\x1b[200~';
const PASTE_END = '\x1b[201~';
/** Suspend and quit are not for a login shell. */
const IGNORED = new Set(['\x1a', '\x1c']);
const ENTER = new Set(['\r', '\n']);
const INTERRUPT = '\x03';
/** One key: an escape sequence, or a character. */

const KEY = /^(?:\x1b(?:\[[0-9;]*[ -/]*[@-~]|O[ -~]|[^[O])|\x1b|[^])/u;

/** What readline reads: a stream that hands on at once, so that the line is always that of the last key. */
class Feed extends EventEmitter {
  readonly isTTY = true;
  readonly setRawMode: (mode: boolean) => void;

  constructor(source: ReadStream) {
    super();
    this.setRawMode = (mode) => void source.setRawMode(mode);
  }

  resume(): this {
    return this;
  }

  pause(): this {
    return this;
  }
}

/**
 * The terminal's keys on their way to readline. After each line they wait until its command has ended,
 * so that what was typed ahead or pasted, however many lines, is taken line by line; pasted text is
 * text, whatever its characters would do as keys.
 */
export class Keyboard {
  readonly #feed: Feed;
  readonly #source: ReadStream;
  readonly #bindings: Bindings;
  readonly #decoder = new StringDecoder('utf8');
  #queue = '';
  #held = true;
  #pasting = false;
  /** Whether the last line ended with a carriage return: a newline after it belongs to it. */
  #returned = false;
  #ended = false;
  #grabbed: ((key: string) => void) | null = null;
  readonly #take = (chunk: Buffer): void => {
    this.#queue += this.#decoder.write(chunk);
    this.#pump();
  };

  constructor(source: ReadStream, bindings: Bindings) {
    this.#source = source;
    this.#bindings = bindings;
    this.#feed = new Feed(source);
    source.on('data', this.#take);
    source.on('end', () => {
      this.#ended = true;
      this.#pump();
    });
  }

  /** What readline reads. */
  get feed(): NodeJS.ReadableStream {
    return this.#feed as unknown as NodeJS.ReadableStream;
  }

  /** A key as if it had been typed next. */
  press(key: string): void {
    this.#queue = key + this.#queue;
  }

  /** Lets the next line through. */
  release(): void {
    this.#held = false;
    this.#pump();
  }

  /** Keys go to a function until it is taken off. */
  grab(handler: (key: string) => void): () => void {
    const before = this.#grabbed;
    this.#grabbed = handler;
    this.#pump();
    return () => {
      this.#grabbed = before;
      this.#pump();
    };
  }

  /** Leaves the terminal to another program until `body` has ended. */
  async lend<T>(body: () => Promise<T>): Promise<T> {
    this.#source.off('data', this.#take);
    this.#source.pause();
    this.#source.setRawMode(false);
    try {
      return await body();
    } finally {
      this.#source.setRawMode(true);
      this.#source.on('data', this.#take);
      this.#source.resume();
    }
  }

  /** Lets go of the terminal, so that the program can end. */
  close(): void {
    this.#source.off('data', this.#take);
    this.#source.pause();
  }

  /** Forgets what was typed ahead, as a terminal does on an interrupt. */
  flush(): void {
    this.#queue = '';
    this.#pasting = false;
  }

  #pump(): void {
    while (this.#queue !== '' && this.#step());
    if (this.#ended && this.#queue === '' && !this.#held) this.#feed.emit('end');
  }

  /** Takes one key, or a stretch of them; false when the rest has to wait. */
  #step(): boolean {
    if (this.#grabbed !== null) return this.#toGrabber(this.#grabbed);
    if (this.#held) {
      const at = this.#pasting ? -1 : this.#queue.indexOf(INTERRUPT);
      if (at < 0) return false;
      this.flush();
      this.#bindings.interrupt();
      return false;
    }
    if (this.#returned) {
      this.#returned = false;
      if (this.#queue.startsWith('\n')) {
        this.#queue = this.#queue.slice(1);
        return true;
      }
    }
    if (this.#pasting) return this.#pasted();
    if (this.#queue.startsWith(PASTE_BEGIN)) {
      this.#pasting = true;
      this.#queue = this.#queue.slice(PASTE_BEGIN.length);
      return true;
    }
    if (this.#queue.length > 1 && PASTE_BEGIN.startsWith(this.#queue)) return false;
    const [key = ''] = KEY.exec(this.#queue) ?? [];
    this.#queue = this.#queue.slice(key.length);
    const bound = this.#bindings.keys.get(key);
    if (bound !== undefined) {
      this.#held = true;
      void bound().finally(() => this.release());
      return false;
    }
    if (ENTER.has(key)) return this.#enter(key);
    if (!IGNORED.has(key)) this.#feed.emit('data', Buffer.from(key));
    return true;
  }

  #enter(newline: string): boolean {
    this.#held = true;
    this.#returned = newline === '\r';
    this.#feed.emit('data', Buffer.from('\r'));
    return true;
  }

  #toGrabber(handler: (key: string) => void): boolean {
    const [key = ''] = KEY.exec(this.#queue) ?? [];
    this.#queue = this.#queue.slice(key.length);
    handler(key);
    return true;
  }

  /** Text up to the end of a line or of what was pasted. */
  #pasted(): boolean {
    const end = this.#queue.indexOf(PASTE_END);
    const text = end < 0 ? this.#queue : this.#queue.slice(0, end);
    const newline = text.search(/[\r\n]/);
    if (newline >= 0) {
      this.#insert(text.slice(0, newline));
      this.#queue = this.#queue.slice(newline + 1);
      return this.#enter(text.charAt(newline));
    }
    if (end >= 0) {
      this.#insert(text);
      this.#queue = this.#queue.slice(end + PASTE_END.length);
      this.#pasting = false;
      return true;
    }
    // The end may have come in part.
    const escape = this.#queue.lastIndexOf('\x1b');
    const whole = escape < 0 ? text.length : escape;
    this.#insert(text.slice(0, whole));
    this.#queue = this.#queue.slice(whole);
    return false;
  }

  #insert(text: string): void {
    const plain = text.replaceAll('\t', ' ').replaceAll(/[\x00-\x1f\x7f]/g, '');
    if (plain !== '') this.#bindings.paste(plain);
  }
}
