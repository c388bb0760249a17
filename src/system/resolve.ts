// SPDX-License-Identifier: BSD-3-Clause
import { quote } from '../diagnostics/text.js';
import { formatAddress, parseAddress } from '../net/address.js';
import type { Context } from '../rulefile/context.js';
import { resolveArchives } from './archive.js';
import { resolveListeners } from './listener.js';
import { NO_SYSTEM, PUBLIC_KEY, type SyslogServer, type System, type User } from './model.js';
import type { SystemConfig } from './schema.js';

/** Names that are the image's own (Debian's base-passwd, systemd's and the daemons' users). */
const OWN =
  /^(root|admin|daemon|bin|sys|sync|games|man|lp|mail|news|uucp|proxy|www-data|backup|list|irc|nobody|sshd|messagebus|frr|_apt|systemd-.*|_.*)$/;

/** Who logs in, and what the appliance asks and tells: as the model has it, with what is wrong reported. */
export function resolveSystem(config: SystemConfig | undefined, context: Context): System {
  if (config === undefined) return NO_SYSTEM;
  return {
    hostname: config.hostname ?? null,
    timezone: config.timezone ?? null,
    users: usersOf(config, context),
    keys: keysOf(config, context),
    dns: (config.dns ?? []).flatMap((text, i) => {
      const address = parseAddress(text);
      if (typeof address !== 'string') return [formatAddress(address)];
      const message = `${quote(text)} is no name server's address: ${address}`;
      context.report('address-invalid', context.at(config.dns as object, i), message);
      return [];
    }),
    ntp: (config.ntp ?? []).filter((text, i) => isHost(text, config.ntp as object, i, context)),
    syslog: (config.syslog ?? []).flatMap((one): SyslogServer[] => {
      if (!isHost(one.to, one, 'to', context)) return [];
      const port = one.port ?? (one.transport === 'tls' ? 6514 : 514);
      return [{ to: one.to, port, transport: one.transport }];
    }),
    ipfix: (config.ipfix ?? []).filter((one) => isHost(one.to, one, 'to', context)),
    archive: resolveArchives(config.archive ?? [], context),
    ...resolveListeners(config, context),
  };
}

function usersOf(config: SystemConfig, context: Context): User[] {
  return [...(config.users ?? [])].map(([name, user]) => {
    if (OWN.test(name)) {
      const message = `user ${quote(name)} is the appliance's own`;
      const hint = name === 'admin' ? 'its keys are system.ssh-keys' : 'take another name';
      context.report('name-reserved', context.atKey(config.users as object, name), message, {
        hint,
      });
    }
    return { name, role: user.role, keys: keysOf(user, context) };
  });
}

/** What looks like an address must be one; the rest is a name. */
function isHost(text: string, owner: object, key: string | number, context: Context): boolean {
  if (!/^[0-9.]+$|:/.test(text)) return true;
  const address = parseAddress(text);
  if (typeof address !== 'string') return true;
  context.report(
    'address-invalid',
    context.at(owner, key),
    `${quote(text)} is no address: ${address}`,
  );
  return false;
}

/** Keys as they stand, and those of files, a line each. */
function keysOf(
  config: { readonly 'ssh-keys'?: readonly string[] | undefined },
  context: Context,
): string[] {
  const given = config['ssh-keys'] ?? [];
  const keys = given.flatMap((text, i) => {
    if (PUBLIC_KEY.test(text)) return [text];
    const source = context.text(text);
    if (source === undefined) return [];
    const lines = source.text.split('\n').map((line) => line.trim());
    const wanted = lines.filter((line) => line !== '' && !line.startsWith('#'));
    const wrong = wanted.filter((line) => !PUBLIC_KEY.test(line));
    if (wrong.length > 0 || wanted.length === 0) {
      const message =
        wanted.length === 0
          ? `${quote(text)} holds no public key`
          : `${quote(text)} holds a line that is no public key of SSH`;
      context.report('key-invalid', context.at(given, i), message);
    }
    return wanted;
  });
  return [...new Set(keys)];
}
