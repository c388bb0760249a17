// SPDX-License-Identifier: BSD-3-Clause
import {
  cpSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { datapathBinary } from '../../src/datapath/offline.js';
import { projectRoot } from '../../src/datapath/root.js';
import { attempt } from '../../src/lab/command.js';

/*
 * The packaged charon with our plugin, talking IKE to itself; the datapath's end of the plugin's
 * socket is sa_peer, which prints what it is told.
 */
const plugin = path.join(projectRoot(), 'build/charon/libstrongswan-sluice.so');
const folder = mkdtempSync(path.join(tmpdir(), 'sluice-charon-'));

const STRONGSWAN = `charon {
  load = sluice random nonce openssl aes sha1 sha2 hmac kdf gcm kernel-netlink socket-default vici
  plugins { sluice { load = 100
    socket = ${folder}/vpn.sock } }
}`;

const connection = (name: string, ours: string, theirs: string, child: string): string => `${name} {
  version = 2
  local_addrs = 127.0.0.${ours}
  remote_addrs = 127.0.0.${theirs}
  local { auth = psk
    id = end${ours} }
  remote { auth = psk
    id = end${theirs} }
  children { ${child}
  } }`;

const SWANCTL = `connections {
  ${connection('left', '1', '2', 'one { local_ts = 10.1.0.0/16\n remote_ts = 10.50.0.0/16\n esp_proposals = aes128gcm16\n start_action = trap }')}
  ${connection('right', '2', '1', 'two { local_ts = 10.50.0.0/16\n remote_ts = 10.1.0.0/16\n esp_proposals = aes128gcm16 }')}
}
secrets { ike-1 { secret = lab } }`;

/** $1 folder, $2 sa_peer; what the peer is told to say is what a packet or a limit would have made. */
const SCRIPT = `set -e
cd "$1"
mount -t tmpfs run /run
mount --bind plugins /usr/lib/ipsec/plugins
ip link set lo up
mkfifo say
"$2" vpn.sock < say > told & peer=$!
exec 7> say
wait_for() { for i in $(seq 100); do [ "$(grep -c "$1" told)" -ge "$2" ] && return; sleep 0.1; done
  echo "no $1"; cat told charon.log; exit 1; }
wait_for listening 1
STRONGSWAN_CONF=strongswan.conf /usr/lib/ipsec/charon > charon.log 2>&1 & charon=$!
trap 'kill $charon $peer' EXIT
for i in $(seq 100); do [ -S /run/charon.vici ] && break; sleep 0.1; done
swanctl --load-all --file swanctl.conf > /dev/null 2>&1
wait_for add-policy 2
echo "acquire 1 10.1.2.3 10.50.1.2" >&7
wait_for '"add",' 4
wait_for add-policy 6
swanctl --list-sas --raw > sas
spi=$(grep '"add",.*"direction":"in".*"reqid":1' told | sed 's/.*"spi":\\([0-9]*\\).*/\\1/')
echo "expire $spi in soft" >&7
wait_for '"add",' 8
wait_for '"delete",' 1
kill $peer
wait $peer || true
cp told before
"$2" vpn.sock < say > told & peer=$!
exec 7> say
wait_for '"add",' 4
swanctl --terminate --ike left > /dev/null
wait_for '"delete",' 4
cat sas`;

interface Told {
  readonly type: string;
  readonly status: number;
  readonly spi?: number;
  readonly direction?: string;
  readonly cipherKey?: string;
  readonly priority?: number;
}

function read(name: string): readonly Told[] {
  const lines = readFileSync(`${folder}/${name}`, 'utf8').trim().split('\n');
  return lines.map((line) => JSON.parse(line) as Told);
}

beforeAll(() => {
  mkdirSync(`${folder}/plugins`);
  cpSync('/usr/lib/ipsec/plugins', `${folder}/plugins`, { recursive: true });
  if (existsSync(plugin)) cpSync(plugin, `${folder}/plugins/${path.basename(plugin)}`);
  writeFileSync(`${folder}/strongswan.conf`, STRONGSWAN);
  writeFileSync(`${folder}/swanctl.conf`, SWANCTL);
  writeFileSync(`${folder}/run.sh`, SCRIPT);
});
afterAll(() => rmSync(folder, { recursive: true }));

test(
  'acquire, SAs of both ends, counters, rekey, another datapath and their end',
  { timeout: 60_000 },
  async () => {
    const peer = path.join(path.dirname(datapathBinary()), 'sa_peer');
    const script = ['bash', `${folder}/run.sh`, folder, peer] as const;
    const { code, stdout, stderr } = await attempt(['unshare', '-mn', ...script]);
    expect([code, code === 0 ? '' : stdout + stderr]).toEqual([0, '']);
    expect(stdout).toContain('bytes-in=1234');
    const told = read('before');
    const added = told.filter(({ type }) => type === 'add');
    expect(added.map(({ status, cipherKey }) => [status, cipherKey?.length])).toEqual(
      Array.from({ length: 8 }, () => [0, 40]),
    );
    // Both ends have the same key for an SPI, and no two SPIs have one key.
    const keys = new Map(added.map(({ spi, cipherKey }) => [spi, cipherKey]));
    for (const { spi, cipherKey } of added) expect(keys.get(spi)).toBe(cipherKey);
    expect([keys.size, new Set(keys.values()).size]).toEqual([4, 4]);
    // The trap comes first and stays behind the policies of the SAs it led to.
    const policies = told.filter(({ type }) => type === 'add-policy');
    expect(policies.slice(0, 2).map(({ priority }) => priority)).toEqual([2, 2]);
    expect(policies.slice(2).every(({ priority }) => priority === 1)).toBe(true);
    // Another datapath: policies first, and no key that the one before it had.
    const again = read('told').filter(({ type }) => type !== 'listening');
    expect(again.slice(0, 3).map(({ type }) => type)).toEqual([
      'hello',
      'add-policy',
      'add-policy',
    ]);
    const fresh = again.filter(({ type }) => type === 'add').map(({ cipherKey }) => cipherKey);
    expect(fresh.filter((key) => [...keys.values()].includes(key))).toEqual([]);
  },
);
