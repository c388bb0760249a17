// SPDX-License-Identifier: BSD-3-Clause
import { EventEmitter } from 'node:events';
import { connect, type Socket } from 'node:net';
import { decodeMessage, encodeMessage, name, ViciError, type ViciMessage } from './vici-message.js';

const REQUEST = 0;
const RESPONSE = 1;
const UNKNOWN_COMMAND = 2;
const REGISTER = 3;
const CONFIRM = 5;
const UNKNOWN_EVENT = 6;
const EVENT = 7;

/** Bytes of a packet; charon sends no longer ones either. */
const MOST_PACKET = 512 * 1024;

/** charon said no; the message is its own. */
export class ViciRefused extends Error {}
/** The connection is gone. */
export class ViciAway extends Error {}

interface Waiting {
  readonly resolve: (message: ViciMessage) => void;
  readonly reject: (error: Error) => void;
}

/**
 * A connection to charon's vici socket. Commands go one after the other; events come by themselves,
 * under their own names, once they are asked for.
 */
export class Vici extends EventEmitter<Record<string, [ViciMessage]>> {
  readonly #socket: Socket;
  readonly #waiting: Waiting[] = [];
  /** charon sends an event once for every time it was asked for. */
  readonly #heard = new Map<string, Promise<unknown>>();
  #lists: Promise<unknown> = Promise.resolve();
  #input: Buffer = Buffer.alloc(0);
  #gone: Error | null = null;
  /** Settles when the connection ends. */
  readonly ended: Promise<void>;

  private constructor(socket: Socket) {
    super();
    this.#socket = socket;
    socket.on('data', (bytes) => this.#read(bytes));
    socket.on('error', (error) => this.#end(new ViciAway(error.message)));
    this.ended = new Promise((resolve) => {
      socket.on('close', () => {
        this.#end(new ViciAway('charon has closed its socket'));
        resolve();
      });
    });
  }

  static connect(path: string): Promise<Vici> {
    return new Promise((resolve, reject) => {
      const socket = connect(path);
      socket.once('error', (error) => reject(new ViciAway(error.message)));
      socket.once('connect', () => resolve(new Vici(socket)));
    });
  }

  /** The answer of a command. One with `success: no` throws ViciRefused. */
  async request(command: string, message: ViciMessage = {}): Promise<ViciMessage> {
    const answer = await this.#send(REQUEST, command, encodeMessage(message));
    const { success, errmsg } = answer;
    if (success !== undefined && success !== 'yes')
      throw new ViciRefused(typeof errmsg === 'string' ? errmsg : `charon refuses ${command}`);
    return answer;
  }

  /** What a command tells by events before its answer. */
  list(command: string, event: string, message: ViciMessage = {}): Promise<ViciMessage[]> {
    // Nothing in an event says which command it belongs to.
    const turn = this.#lists.then(() => this.#list(command, event, message));
    this.#lists = turn.catch(() => undefined);
    return turn;
  }

  async #list(command: string, event: string, message: ViciMessage): Promise<ViciMessage[]> {
    const found: ViciMessage[] = [];
    const take = (one: ViciMessage): void => void found.push(one);
    await this.listen(event);
    this.on(event, take);
    try {
      await this.request(command, message);
      return found;
    } finally {
      this.off(event, take);
    }
  }

  /** Events of the name come from now on. */
  async listen(event: string): Promise<void> {
    let heard = this.#heard.get(event);
    if (heard === undefined) {
      heard = this.#send(REGISTER, event, Buffer.alloc(0));
      this.#heard.set(event, heard);
    }
    await heard;
  }

  close(): void {
    this.#socket.destroy();
  }

  #send(type: number, what: string, body: Buffer): Promise<ViciMessage> {
    if (this.#gone !== null) return Promise.reject(this.#gone);
    const label = name(what);
    const head = Buffer.alloc(5);
    head.writeUInt32BE(1 + label.length + body.length);
    head[4] = type;
    return new Promise((resolve, reject) => {
      this.#waiting.push({ resolve, reject });
      this.#socket.write(Buffer.concat([head, label, body]));
    });
  }

  #read(bytes: Buffer): void {
    this.#input = this.#input.length === 0 ? bytes : Buffer.concat([this.#input, bytes]);
    try {
      while (this.#input.length >= 4) {
        const length = this.#input.readUInt32BE();
        if (length === 0 || length > MOST_PACKET)
          throw new ViciError(`a packet of ${length} bytes`);
        if (this.#input.length < 4 + length) return;
        const packet = this.#input.subarray(4, 4 + length);
        this.#input = this.#input.subarray(4 + length);
        this.#take(packet[0] as number, packet.subarray(1));
      }
    } catch (error) {
      this.#end(error as Error);
      this.#socket.destroy();
    }
  }

  #take(type: number, body: Buffer): void {
    if (type === EVENT) {
      const length = body[0] ?? 0;
      this.emit(body.toString('utf8', 1, 1 + length), decodeMessage(body.subarray(1 + length)));
      return;
    }
    const first = this.#waiting.shift();
    if (first === undefined) throw new ViciError('an answer that nobody asked for');
    if (type === RESPONSE) first.resolve(decodeMessage(body));
    else if (type === CONFIRM) first.resolve({});
    else if (type === UNKNOWN_COMMAND || type === UNKNOWN_EVENT)
      first.reject(new ViciRefused('charon does not know it'));
    else {
      first.reject(new ViciError(`a packet of type ${type}`));
      throw new ViciError(`a packet of type ${type}`);
    }
  }

  #end(error: Error): void {
    this.#gone ??= error;
    for (const { reject } of this.#waiting.splice(0)) reject(this.#gone);
  }
}
