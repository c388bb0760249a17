// SPDX-License-Identifier: BSD-3-Clause
// EC2's metadata, version 2 alone: without a token there is nothing (docs.aws.amazon.com, "Use IMDSv2").
// A line of JSON on stdin says what the instance is told: {userData, key, macs}.
import { createServer } from 'node:http';
import { createInterface } from 'node:readline';

const TOKEN = 'dGhlIHRva2VuIG9mIHRoZSBtb2Nr';
let tree = {};

function treeOf({ userData, key, macs }) {
  const names = {
    'ami-id': 'ami-0',
    'instance-id': 'i-0123456789abcdef0',
    'instance-type': 'm5.large',
    'local-hostname': 'ip-10-0-0-10',
    hostname: 'ip-10-0-0-10',
    mac: Object.keys(macs)[0],
    placement: { 'availability-zone': 'eu-central-1a', region: 'eu-central-1' },
    'public-keys': { 0: { 'openssh-key': key } },
    network: { interfaces: { macs } },
  };
  const document = { region: 'eu-central-1', instanceId: names['instance-id'] };
  return {
    'meta-data': names,
    'user-data': userData,
    dynamic: { 'instance-identity': { document: JSON.stringify(document) } },
  };
}

function list(folder) {
  return Object.entries(folder)
    .map(([name, inner]) => (typeof inner === 'object' ? `${name}/` : name))
    .join('\n');
}

const server = createServer((request, response) => {
  const say = (status, text) => {
    response.writeHead(status, { 'content-type': 'text/plain' });
    response.end(text);
  };
  const parts = request.url.split('/').filter(Boolean);
  if (request.method === 'PUT') {
    const good = request.url.endsWith('/api/token');
    const ttl = Number(request.headers['x-aws-ec2-metadata-token-ttl-seconds']);
    return good && ttl > 0 ? say(200, TOKEN) : say(400, '');
  }
  if (request.headers['x-aws-ec2-metadata-token'] !== TOKEN) return say(401, '');
  let found = tree;
  for (const part of parts.slice(1).map(decodeURIComponent))
    found = typeof found === 'object' && Object.hasOwn(found, part) ? found[part] : null;
  if (found === null || found === undefined) return say(404, '');
  if (parts.at(-1) === 'public-keys') return say(200, '0=admin');
  return say(200, typeof found === 'object' ? list(found) : found);
});

createInterface({ input: process.stdin }).on('line', (line) => {
  tree = treeOf(JSON.parse(line));
});
server.listen(80, '127.0.0.1', () => process.stdout.write('ready\n'));
