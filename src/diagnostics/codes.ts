// SPDX-License-Identifier: BSD-3-Clause

export type Severity = 'error' | 'warning';

/** What is known of a code: the reference page is generated from it. */
export interface CodeInfo {
  readonly severity: Severity;
  /** A few words, for lists. */
  readonly summary: string;
  /** What it means and what to do about it. */
  readonly explanation: string;
}

const error = (summary: string, explanation: string) =>
  ({ severity: 'error', summary, explanation }) as const;
const warning = (summary: string, explanation: string) =>
  ({ severity: 'warning', summary, explanation }) as const;

/** Every diagnostic there is. A code never changes its meaning; a new meaning is a new code. */
export const CODES = {
  // Files and text
  'file-missing': error(
    'file not found',
    'The file does not exist. Paths of `include` and `from-file` are relative to the file that names them.',
  ),
  'file-unreadable': error(
    'file cannot be read',
    'It is no regular file, or the system refuses to open it.',
  ),
  'inactive-unknown': error(
    'what is to be inactive is not there',
    'Each item of `inactive` has the words that lead to something written in the configuration.',
  ),
  'file-empty': error('nothing in the file', 'A rule file holds at least `version: 1`.'),
  'text-invalid': error(
    'bytes that are no text',
    'Rule files are UTF-8 text without control characters.',
  ),
  'too-large': error(
    'a stated limit is exceeded',
    'Limits keep the compiler within its memory: they are named in the message, with the figure found.',
  ),
  'too-deep': error(
    'nested too deeply',
    'No rule file needs more than a few levels; text that goes deeper is refused unread.',
  ),
  'too-many-errors': error(
    'more errors than are shown',
    'Only the first errors are listed; repair them and check again.',
  ),
  'yaml-syntax': error('not YAML', 'The text breaks the syntax of YAML 1.2 at this place.'),
  'yaml-documents': error(
    'more than one document',
    'A rule file is one YAML document; put parts into files of their own and `include` them.',
  ),
  'yaml-feature': error(
    'YAML feature that rule files do not use',
    'Tags, anchors, aliases, merge keys and directives are not part of the language; groups and `include` serve instead.',
  ),
  'key-not-text': error('a key that is no plain text', 'Keys are names, never lists or maps.'),
  'duplicate-key': error(
    'the same key twice',
    'Each key of a map is written once, over all included files too.',
  ),
  'include-form': error(
    'include of the wrong kind',
    '`include` names a file or a list of files; a map takes in maps, a list takes in lists.',
  ),
  'include-cycle': error(
    'files include each other',
    'A file cannot include itself, even through others.',
  ),

  // Shape
  'unknown-key': error('key not in the language', 'The key is misspelt or belongs elsewhere.'),
  'missing-key': error('a required key is missing', 'The message names the key.'),
  'wrong-kind': error(
    'another kind of value is expected',
    'For example a list stands where the language wants a map.',
  ),
  'wrong-value': error('value out of the language', 'The message says which values are possible.'),
  'not-built': error(
    'part of the language that is not built yet',
    'The word is reserved for a part that this release does not have; nothing is silently ignored.',
  ),
  'version-unknown': error(
    'unknown version of the language',
    'The first key of a rule file is `version: 1`.',
  ),

  // Names
  'name-invalid': error(
    'not a name',
    'Names are 1 to 63 letters, digits, "_", "-" and ".", starting with a letter, digit or "_"; interface names follow Linux and have at most 15 characters.',
  ),
  'name-reserved': error(
    'the name has a meaning of its own',
    '`any`, `local` and `bogons`, the names of protocols, whatever reads as an address and the users of the system itself cannot be given to something else.',
  ),
  'key-invalid': error(
    'no public key of SSH',
    'A key is a line as in authorized_keys, without options: `ssh-ed25519 AAAA… comment`; a file holds one a line, and comments from `#`.',
  ),
  'name-taken': error(
    'the name belongs to something else',
    'A group never has the name of a zone, so that rules read one way only.',
  ),
  'name-duplicate': error(
    'two things with one name',
    'Policies, and rules within a policy, are known by their name in counters and logs.',
  ),
  'unknown-zone': error('no such zone', 'Zones are named under `zones`.'),
  'unknown-group': error('no such group', 'Groups are named under `groups`.'),
  'unknown-interface': error('no such interface', 'Interfaces are named under `interfaces`.'),
  'unknown-balancer': error('no such balancer', 'Balancers are named under `balancers`.'),
  'unknown-forward': error('no such forward', 'Forwards are named under `nat.forwards`.'),
  'unknown-tunnel': error('no such tunnel', 'Tunnels are named under `vpn.tunnels`.'),
  'unknown-schedule': error('no such schedule', 'Schedules are named under `schedules`.'),
  'unknown-timezone': error(
    'no such timezone',
    'Timezones are named as in the IANA database: `Europe/Berlin`, `UTC`.',
  ),
  'unknown-rule': error('no such rule', 'A rule is named POLICY/RULE.'),
  'group-cycle': error('groups contain each other', 'A group cannot be a member of itself.'),

  // Interfaces
  'port-form': error(
    'port not given one way',
    'A port is found by `pci`, `mac` or `vdev`, exactly one of them.',
  ),
  'port-duplicate': error(
    'two interfaces on one port',
    'VLAN children share a port, others do not.',
  ),
  'interface-zone': error(
    'zone and management do not fit',
    'An interface is in one zone, or it has `management: true` and is in none.',
  ),
  'vlan-form': error(
    'VLAN child not well-formed',
    'A VLAN child has `parent` and `vlan`, no port of its own, and its parent is no child itself.',
  ),
  'vlan-duplicate': error('a VLAN twice on one parent', 'A VLAN of a parent is one interface.'),
  'mtu-vlan': error("MTU above the parent's", 'Frames of a VLAN child leave through its parent.'),
  'address-not-host': error(
    'no address for an interface',
    'Network, broadcast, multicast, loopback and unspecified addresses cannot be given to an interface.',
  ),
  'delegation-form': error(
    'a delegated prefix that does not fit',
    'Prefixes are lent to interfaces of the fast path with `request-prefix`; a prefix of 56 bits has the subnets 0 to 255.',
  ),
  'address-overlap': error(
    'subnets overlap',
    'A subnet is on one interface only, otherwise the way to it is unclear.',
  ),

  // Addresses and services
  'address-invalid': error(
    'not an address',
    'Addresses are read strictly: four decimal numbers or RFC 4291 text, no zone ids, no leading zeros.',
  ),
  'prefix-host-bits': warning(
    'bits beyond the prefix length',
    'The prefix means its whole network; write the network, or the address alone.',
  ),
  'service-invalid': error(
    'not a service',
    'Services are `tcp/80`, `udp/53`, `sctp/2905-2910`, `icmp/echo-request`, `icmp/3/4`, `icmpv6/TYPE`, `proto/47`, a bare protocol, or a group.',
  ),
  'source-port-unported': error(
    'source port without a protocol that has ports',
    '`source-port` needs TCP, UDP or SCTP among the services of the rule.',
  ),
  'balancer-form': error(
    'parts of a balancer do not fit together',
    'For example backends of another family than its address, or a table too small for them.',
  ),
  'nat-form': error(
    'parts of a NAT rule do not fit together',
    'For example prefixes of different length, or an IPv6 source that is to become an IPv4 address.',
  ),
  'vpn-form': error(
    'parts of a tunnel do not fit together',
    'For example a preshared key beside certificates, or an interface that has a port and a tunnel.',
  ),
  'vpn-proposal': error(
    'not a proposal',
    "Proposals are algorithms in strongSwan's words, as `aes256gcm16-prfsha384-x25519` of IKE or `aes128gcm16-x25519` of ESP.",
  ),
  'vpn-weak': error(
    'weak algorithm',
    'It can be broken, or nearly; `allow-weak` names those that a peer cannot do without.',
  ),
  'vpn-overlap': error(
    'selectors of two tunnels overlap',
    'A packet that fits both would take one or the other by chance.',
  ),
  'vpn-ambiguous': warning(
    'peers that cannot be told apart',
    'Of two tunnels with the same addresses and identities but other proofs, IKE takes the first.',
  ),
  'vpn-identity': warning(
    'identity that the certificate is not for',
    'The peer believes a `local-id` only where it is in the subjectAltName of our certificate.',
  ),
  'vpn-loop': warning(
    'tunnel whose peer lies behind itself',
    'What the tunnel sends would go into it again; the peer needs a route past it, narrower than the one that leads there. Routes that are learnt are not looked at.',
  ),
  'certificate-invalid': error('not a certificate', 'Certificates are X.509 in PEM.'),
  'certificate-expired': warning(
    'certificate out of its time',
    'The peer, or we, will refuse it; make a new one.',
  ),
  'certificate-expiring': warning(
    'certificate that expires soon',
    'It has less than 30 days left; make a new one.',
  ),
  'secret-missing': warning(
    'secret that is not stored',
    '`sluice secret put NAME` stores it on the appliance; an appliance refuses a rule file whose secrets it does not have.',
  ),
  'listener-form': error(
    'listener that cannot be',
    'Nobody could log in, or two listen at the same place.',
  ),
  'rule-form': error(
    'parts of a rule do not fit together',
    'For example an answer for packets that the rule does not reject, or TCP flags both set and clear.',
  ),
  'schedule-time': error(
    'no time of a schedule',
    'Weekly times start and end at different times of the day; dates exist, and end after they start.',
  ),
  'rule-never-matches': warning(
    'rule can never match',
    'Source, destination and service leave no packet, for example an IPv4 source and an IPv6 destination.',
  ),
  'set-empty': warning('nothing left in a set', 'The rule matches no packet by this set.'),

  // Rules among themselves: told by `check`
  'rule-shadowed': warning(
    'rule can never match, and earlier rules do otherwise',
    'In every zone pair it fits, earlier rules decide each packet it matches, some with another action. Move it up, or take it out.',
  ),
  'rule-contradicts': warning(
    'rule contradicts an earlier one',
    'An earlier rule with the same match has another action, so this one never matches. One of the two is wrong.',
  ),
  'rule-redundant': warning(
    'rule that changes nothing',
    'Earlier rules with the same action decide all it matches, or later rules decide alike (action, log, session, marking) all that is left to it. Rules with a limit, and denials that only the default deny repeats, are not told. Taking out any or all rules told so leaves the fate of every packet as it is.',
  ),
  'rule-any-any': warning(
    'rule that allows everything between zones',
    'It names no source, destination or service and has no condition. Say what is meant, or what is not by a denial before it.',
  ),
  'rule-not-analysed': warning(
    'rules that were not compared with the others',
    'To compare them takes more work than `check` does; they may be shadowed or redundant without being told.',
  ),
  'too-many-findings': warning(
    'more findings about rules than are listed',
    'Only the first are listed; repair them and check again.',
  ),

  // Routing
  'route-form': error(
    'route without a way',
    'A route has `via`, `interface` or both, of one family with `to`.',
  ),
  'route-gateway': error(
    'gateway not on a connected subnet',
    'A gateway is a neighbour: its address lies in the subnet of an interface and is not our own.',
  ),
  'route-duplicate': error('the same route twice', 'A prefix has one route for each distance.'),
  'frr-line': error(
    'FRR refuses a line of its file',
    'The file of `routing.frr` goes to FRR as it is; vtysh was asked, where it is installed, or the line belongs to a daemon that is not run.',
  ),

  // Assertions
  'assert-syntax': error(
    'assertion cannot be read',
    'The form is `IFACE PROTO SRC[:PORT] DST[:PORT] [flags] => allow|deny|reject [POLICY/RULE] [out IFACE]`.',
  ),

  'assert-disabled': error(
    'assertion about a disabled rule',
    'No packet can get a rule that is not in force: enable it, or take the assertion out too.',
  ),
  'assert-management': error(
    'assertion about a management interface',
    'Packets of a management interface go to the kernel, past every policy.',
  ),
  'assert-failed': error(
    'an assertion does not hold',
    'The fast path itself was asked; the message says what it does with the packet instead, and its trace follows.',
  ),

  // Apply: told by the appliance, where `check` has nothing to say
  'port-missing': error(
    'interface without a port',
    'A rule file can be checked without ports; an appliance needs to know its devices.',
  ),
  'listener-refused': error(
    'listener that cannot be opened',
    'Another program has the port, the private key is not that of the certificate, or a token is too short.',
  ),
  'listener-waits': warning(
    'listener without its address',
    'No interface has the address at the moment; the appliance listens as soon as one does.',
  ),
} as const satisfies Record<string, CodeInfo>;

export type Code = keyof typeof CODES;
