// SPDX-License-Identifier: BSD-3-Clause
import { createSocket } from 'node:dgram';
import { execFile } from 'node:child_process';
import { request as httpRequest, type IncomingMessage } from 'node:http';
import { request as httpsRequest } from 'node:https';
import { connect, type Socket } from 'node:net';
import { connect as tlsConnect } from 'node:tls';
import type { Answer, Ask, Check, CheckKind, Target } from './check.js';

const BODY = 65_536;

type Of<K extends CheckKind['kind']> = Extract<CheckKind, { kind: K }>;

/** Asks through the kernel's sockets. */
export const ask: Ask = async (check, target, signal) => {
  const { timeout } = check;
  const late = AbortSignal.timeout(timeout);
  const either = AbortSignal.any([signal, late]);
  try {
    return await once(check, target, either);
  } catch (error) {
    if (late.aborted) return { good: false, why: `no answer in ${timeout} ms` };
    return { good: false, why: wordsOf(error) };
  }
};

function once({ ask: how, proxy }: Check, target: Target, signal: AbortSignal): Promise<Answer> {
  switch (how.kind) {
    case 'tcp':
      return connected(open(target, proxy), 'connect', signal);
    case 'tls':
      return connected(secure(how, target, proxy), 'secureConnect', signal);
    case 'http':
      return http(how, target, signal, proxy);
    case 'udp':
      return udp(how, target, signal);
    case 'icmp':
      return icmp(target, signal);
  }
}

/** PROXY protocol, version 2: LOCAL, of unknown addresses. */
const LOCAL = Buffer.from('0d0a0d0a000d0a515549540a20000000', 'hex');

function open({ address, port }: Target, proxy = false): Socket {
  const socket = connect({ host: address, port });
  if (proxy) socket.write(LOCAL);
  return socket;
}

function secure(how: Of<'tls'> | Tls, target: Target, proxy = false): Socket {
  const socket = open(target, proxy);
  const secured = tlsConnect({ ...tlsOptions(how, target), socket });
  socket.once('error', (error) => secured.destroy(error));
  return secured;
}

type Tls = Pick<Of<'tls'>, 'name' | 'verify'>;

function connected(socket: Socket, event: string, signal: AbortSignal): Promise<Answer> {
  return new Promise<Answer>((resolve, reject) => {
    const stop = () => socket.destroy(new Error('stopped'));
    signal.addEventListener('abort', stop, { once: true });
    socket.once(event, () => {
      // A reset instead of FIN: nothing of a thousand checks a second stays in TIME_WAIT.
      socket.resetAndDestroy();
      resolve({ good: true, why: event === 'connect' ? 'connected' : 'TLS handshake done' });
    });
    socket.on('error', reject);
    socket.once('close', () => {
      signal.removeEventListener('abort', stop);
      reject(new Error('closed'));
    });
  });
}

function tlsOptions({ name, verify }: Tls, target: Target) {
  return {
    host: target.address,
    port: target.port,
    rejectUnauthorized: verify,
    ...(name === null ? {} : { servername: name }),
  };
}

function http(
  how: Of<'http'>,
  target: Target,
  signal: AbortSignal,
  proxy = false,
): Promise<Answer> {
  return new Promise((resolve, reject) => {
    const host = target.family === 6 ? `[${target.address}]` : target.address;
    const options = {
      host: target.address,
      port: target.port,
      path: how.path,
      signal,
      headers: { host: how.host ?? `${host}:${target.port}`, connection: 'close' },
      createConnection: () =>
        how.tls
          ? secure({ name: how.host, verify: how.verify }, target, proxy)
          : open(target, proxy),
    };
    const answered = (response: IncomingMessage) => {
      judge(how, response).then(resolve, reject);
    };
    const sent = (how.tls ? httpsRequest : httpRequest)(options, answered);
    sent.once('error', reject);
    sent.end();
  });
}

async function judge(how: Of<'http'>, response: IncomingMessage): Promise<Answer> {
  const code = response.statusCode ?? 0;
  const why = `${code} ${response.statusMessage ?? ''}`.trimEnd();
  if (!how.status.some(([low, high]) => code >= low && code <= high)) {
    response.destroy();
    return { good: false, why };
  }
  if (how.body === null) {
    response.destroy();
    return { good: true, why };
  }
  let text = '';
  response.setEncoding('utf8');
  for await (const chunk of response) {
    text += String(chunk);
    if (text.includes(how.body) || text.length >= BODY) break;
  }
  return text.includes(how.body)
    ? { good: true, why: `${why}, the body fits` }
    : { good: false, why: `${why}, but the body lacks '${how.body}'` };
}

function udp(how: Of<'udp'>, target: Target, signal: AbortSignal): Promise<Answer> {
  return new Promise((resolve, reject) => {
    const socket = createSocket(target.family === 4 ? 'udp4' : 'udp6');
    const end = () => {
      signal.removeEventListener('abort', stop);
      socket.close();
    };
    const done = (answer: Answer) => {
      end();
      resolve(answer);
    };
    const stop = () => {
      // Silence says nothing against a server that answers nothing.
      if (how.expect === null) done({ good: true, why: 'no error came back' });
      else {
        end();
        reject(new Error('stopped'));
      }
    };
    signal.addEventListener('abort', stop, { once: true });
    socket.once('error', (error) => done({ good: false, why: wordsOf(error) }));
    socket.on('message', (message) => {
      if (how.expect === null || message.includes(how.expect))
        done({ good: true, why: 'answered' });
      else done({ good: false, why: `the answer lacks '${how.expect}'` });
    });
    // Connected, so that ICMP errors come back as errors of the socket.
    socket.connect(target.port, target.address, () => socket.send(how.send));
  });
}

/** By ping: Node.js has no ICMP sockets. */
function icmp(target: Target, signal: AbortSignal): Promise<Answer> {
  return new Promise((resolve) => {
    const family = target.family === 4 ? '-4' : '-6';
    execFile('ping', [family, '-n', '-q', '-c', '1', target.address], { signal }, (error) => {
      resolve(error === null ? { good: true, why: 'answered' } : { good: false, why: 'no answer' });
    });
  });
}

const WORDS: Readonly<Record<string, string>> = {
  ECONNREFUSED: 'connection refused',
  ECONNRESET: 'connection reset',
  EHOSTUNREACH: 'host unreachable',
  ENETUNREACH: 'network unreachable',
  ETIMEDOUT: 'connection timed out',
};

function wordsOf(error: unknown): string {
  const { code, message } = error as NodeJS.ErrnoException;
  return WORDS[code ?? ''] ?? message;
}
