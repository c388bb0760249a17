#!/usr/bin/python3
# SPDX-License-Identifier: BSD-3-Clause
"""The far end of a tunnel, by scapy's IPsec layer, for `esp_wire` (native/test), given as argument.

Prints `ok NAME` or `failed NAME: WHY` for each case; exit 1 when one failed. What scapy lacks is done
by hand beside it: ESN under an HMAC (RFC 4303 2.2.1: its AuthAlgo takes it for AH only), and each
nonce and AAD of an AEAD is built once more from the RFC and given to the cipher itself.
"""
import logging
import random
import struct
import subprocess
import sys

logging.getLogger('scapy').setLevel(logging.ERROR)
from cryptography.hazmat.primitives.ciphers import aead
from scapy.layers.inet import ICMP, IP, UDP
from scapy.layers.inet6 import ICMPv6PacketTooBig, IPv6
from scapy.layers.ipsec import AUTH_ALGOS, ESP, AuthAlgo, SecurityAssociation
from scapy.layers.l2 import Ether
from scapy.packet import Raw

INSIDE, WAN = 1, 2
SPI = 0x1001
ENCAP, ESN, COPY_DF, COPY_ECN, DSCP_OUT, DSCP_IN = (1 << i for i in range(6))
US = {4: '198.51.100.2', 6: '2001:db8:1::2'}
PEER = {4: '203.0.113.9', 6: '2001:db8:99::9'}
OURS = {4: '10.1.2.3', 6: '2001:db8:a::5'}
THEIRS = {4: '10.50.1.2', 6: '2001:db8:50::7'}

# name; cipher and key bytes with salt; integrity and key bytes, by their IKE numbers; scapy's names
SUITES = [
    ('AES-128-GCM', 20, 20, 0, 0, 'AES-GCM', None),
    ('AES-192-GCM', 20, 28, 0, 0, 'AES-GCM', None),
    ('AES-256-GCM', 20, 36, 0, 0, 'AES-GCM', None),
    ('ChaCha20-Poly1305', 28, 36, 0, 0, 'CHACHA20-POLY1305', None),
    ('AES-128-CBC SHA2-256', 12, 16, 12, 32, 'AES-CBC', 'SHA2-256-128'),
    ('AES-256-CBC SHA2-256', 12, 32, 12, 32, 'AES-CBC', 'SHA2-256-128'),
    ('AES-192-CBC SHA2-384', 12, 24, 13, 48, 'AES-CBC', 'SHA2-384-192'),
    ('AES-256-CBC SHA2-512', 12, 32, 14, 64, 'AES-CBC', 'SHA2-512-256'),
]


class ExtendedAuth(AuthAlgo):
    """An HMAC over ESP that goes on with the upper half of the number, which is not sent."""

    def __init__(self, of, high):
        AuthAlgo.__init__(self, of.name, of.mac, of.digestmod, of.icv_size, of.key_size)
        self.high = struct.pack('!L', high)

    def icv(self, key, covered):
        mac = self.new_mac(key)
        mac.update(covered + self.high)
        return mac.finalize()[: self.icv_size]

    def sign(self, pkt, key, **_):
        pkt[ESP].data += self.icv(key, bytes(pkt[ESP]))
        return pkt

    def verify(self, pkt, key, **_):
        whole = bytes(pkt[ESP])
        expect(whole[-self.icv_size:], self.icv(key, whole[: -self.icv_size]), 'ICV')


class Wire:
    """The datapath's end: a line to it, a line back."""

    def __init__(self, program):
        self.child = subprocess.Popen(
            [program], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)

    def ask(self, line):
        self.child.stdin.write(line + '\n')
        self.child.stdin.flush()
        return self.child.stdout.readline().split()

    def packet(self, iface, packet):
        frame = Ether(src='02:00:00:00:00:aa', dst='02:00:00:00:00:bb') / packet
        fate, reason, *out = self.ask('packet %d %s' % (iface, bytes(frame).hex()))
        return fate, reason, [(int(out[i]), bytes.fromhex(out[i + 1])) for i in range(0, len(out), 2)]


def expect(got, wanted, what):
    if got != wanted:
        raise AssertionError('%s is %r, not %r' % (what, got, wanted))


class Tunnel:
    """Both SAs of a tunnel, at both ends."""

    def __init__(self, wire, suite, outer=4, flags=0, number=0):
        name, cipher, key, integrity, auth_key, crypt_name, auth_name = suite
        self.wire, self.outer, self.flags, self.number = wire, outer, flags, number
        self.aead = auth_name is None
        self.key = bytes(random.randrange(256) for _ in range(key))
        auth = bytes(random.randrange(256) for _ in range(auth_key))
        expect(wire.ask('reset'), ['ok'], 'reset')
        for way in ('out', 'in'):
            line = 'sa %s %d %s %d %s %d %d %d' % (
                way, cipher, self.key.hex(), integrity, auth.hex() or '-', flags, outer, number)
            expect(wire.ask(line), ['ok'], 'SA')
        ip = IP if outer == 4 else IPv6
        header = ip(src=PEER[outer], dst=US[outer])
        udp = UDP(sport=4500, dport=4500) if flags & ENCAP else None
        self.sa = SecurityAssociation(
            ESP, SPI, seq_num=(number + 1) & 0xffffffff, crypt_algo=crypt_name, crypt_key=self.key,
            auth_algo=auth_name, auth_key=auth or None, tunnel_header=header, nat_t_header=udp,
            esn_en=bool(flags & ESN), esn=(number + 1) >> 32)
        if flags & ESN and not self.aead:
            self.sa.auth_algo = ExtendedAuth(AUTH_ALGOS[auth_name], (number + 1) >> 32)
        self.cipher = {'AES-GCM': aead.AESGCM, 'CHACHA20-POLY1305': aead.ChaCha20Poly1305}.get(crypt_name)

    def by_hand(self, esp, number):
        """RFC 4106 3, 5, RFC 7634 2: what is inside by the bare cipher."""
        high, low = number >> 32, number & 0xffffffff
        beside = struct.pack('!LLL', SPI, high, low) if self.flags & ESN else struct.pack('!LL', SPI, low)
        nonce = self.key[-4:] + esp[8:16]
        inside = self.cipher(self.key[:-4]).decrypt(nonce, esp[16:], beside)
        return inside[: -2 - inside[-2]]

    def seal(self, packet, headers=None):
        """From our network to theirs: what is outside, and what scapy finds in it."""
        fate, reason, out = self.wire.packet(INSIDE, packet)
        expect((fate, reason, len(out)), ('forwarded', '-', 1), 'what became of it')
        expect(out[0][0], WAN, 'way out')
        frame = Ether(out[0][1])
        ip = frame.payload
        expect(type(ip), IP if self.outer == 4 else IPv6, 'outer header')
        expect((ip.src, ip.dst), (US[self.outer], PEER[self.outer]), 'outer addresses')
        again = ip.copy()
        if self.outer == 4:
            expect((ip.ttl, ip.len), (64, len(bytes(ip))), 'outer TTL and length')
            del again.chksum
        else:
            expect((ip.hlim, ip.plen), (64, len(bytes(ip)) - 40), 'outer hop limit and length')
        if self.flags & ENCAP:
            expect((ip[UDP].sport, ip[UDP].dport, ip[UDP].chksum), (4500, 4500, 0), 'UDP')
            expect(ip[UDP].len, len(bytes(ip[UDP])), 'UDP length')
        expect(bytes(again), bytes(ip), 'outer checksum')
        self.number += 1
        expect(ip[ESP].seq, self.number & 0xffffffff, 'number')
        esp = bytes(ip[ESP])
        inner = bytes(self.sa.decrypt(ip.copy()))
        if self.aead:
            expect(struct.unpack('!Q', esp[8:16])[0], self.number, 'IV')
            expect(self.by_hand(esp, self.number), inner, 'inside by hand')
        expect(inner, bytes(hop(packet)), 'inner packet')
        return ip

    def wrap(self, packet, **how):
        # Behind UDP scapy leaves the lengths as they were without ESP.
        return relength(self.sa.encrypt(packet.copy(), **how))

    def open(self, packet, outer=None):
        """From their network to ours."""
        sealed = outer or self.wrap(packet)
        fate, reason, out = self.wire.packet(WAN, sealed)
        expect((fate, reason, len(out)), ('forwarded', '-', 1), 'what became of it')
        expect(out[0][0], INSIDE, 'way in')
        expect(bytes(Ether(out[0][1]).payload), bytes(hop(packet)), 'inner packet')

    def refuse(self, sealed, reason):
        expect(self.wire.packet(WAN, sealed)[:2], ('dropped', reason), 'what became of it')


def hop(packet):
    """The packet as it is one hop later."""
    again = packet.__class__(bytes(packet))
    if packet.version == 4:
        again.ttl -= 1
        del again.chksum
    else:
        again.hlim -= 1
    return again.__class__(bytes(again))


def to_them(family, size, **fields):
    return built(OURS, THEIRS, family, size, fields)


def to_us(family, size, **fields):
    return built(THEIRS, OURS, family, size, fields)


def built(source, destination, family, size, fields):
    ip = (IP if family == 4 else IPv6)(src=source[family], dst=destination[family], **fields)
    payload = bytes(random.randrange(256) for _ in range(size))
    return ip.__class__(bytes(ip / UDP(sport=1000, dport=2000) / Raw(payload)))


SIZES = (0, 1, 2, 3, 13, 14, 15, 16, 17, 63, 64, 100, 511, 1300)


def both_ways(wire, suite):
    for outer in (4, 6):
        for inner in (4, 6):
            for flags in (0, ENCAP):
                tunnel = Tunnel(wire, suite, outer, flags)
                for size in SIZES:
                    tunnel.seal(to_them(inner, size))
                    tunnel.open(to_us(inner, size))


def extended_numbers(wire, suite):
    for outer in (4, 6):
        for number in (0, 0xffffffff, 0x100000004, 0x7fffffff00000000):
            tunnel = Tunnel(wire, suite, outer, ESN, number)
            for size in (0, 17, 200):
                tunnel.seal(to_them(4, size))
                tunnel.open(to_us(6, size))
    # The lower half comes round between two packets.
    tunnel = Tunnel(wire, suite, 4, ESN, 0xfffffffe)
    tunnel.seal(to_them(4, 50))
    tunnel.open(to_us(4, 50))
    tunnel.sa.esn = 1
    tunnel.sa.seq_num = 0
    if not tunnel.aead:
        tunnel.sa.auth_algo.high = struct.pack('!L', 1)
    tunnel.seal(to_them(4, 50))
    tunnel.sa.seq_num = 1
    tunnel.open(to_us(4, 50))
    # Under the wrong upper half it is forged, with it left out as well.
    tunnel.sa.seq_num = 2
    tunnel.sa.esn = 2
    if not tunnel.aead:
        tunnel.sa.auth_algo.high = struct.pack('!L', 2)
    tunnel.refuse(tunnel.wrap(to_us(4, 50)), 'esp-authentication')


def refused(wire, suite):
    for outer in (4, 6):
        for flags in (0, ENCAP):
            tunnel = Tunnel(wire, suite, outer, flags)
            packet = to_us(4, 64)
            sealed = tunnel.wrap(packet)
            esp = sealed.__class__(bytes(sealed))[ESP]
            for at in (4, 8, 20, len(bytes(esp)) - 1):
                forged = bytearray(bytes(sealed))
                forged[len(forged) - len(bytes(esp)) + at] ^= 0x40
                tunnel.refuse(raw_ip(bytes(forged)), 'esp-authentication')
            tunnel.open(packet, sealed)
            tunnel.refuse(sealed, 'esp-replay')
            for _ in range(70):
                tunnel.open(to_us(6, 10))
            tunnel.refuse(sealed, 'esp-replay')
            short = tunnel.wrap(packet)
            whole = bytes(short)
            for keep in (20, 24):
                cut = short.__class__(whole)
                cut[ESP].data = cut[ESP].data[:keep - 8]
                tunnel.refuse(relength(cut), 'esp-truncated')
            other = tunnel.wrap(packet)
            other[ESP].spi = SPI + 1
            tunnel.refuse(relength(other), 'esp-no-sa')


def raw_ip(data):
    """Bytes of an IP packet, not looked into."""
    return IP(data) if data[0] >> 4 == 4 else IPv6(data)


def relength(packet):
    again = packet.copy()
    if again.version == 4:
        del again.len, again.chksum
    else:
        del again.plen
    if UDP in again:
        del again[UDP].len
        again[UDP].chksum = 0
    return raw_ip(bytes(again))


def service_bits(wire, suite):
    """RFC 4301 5.1.2.1, RFC 6040 4.1 and 4.2, RFC 2983: every ECN with every other."""
    for outer in (4, 6):
        for inner in (4, 6):
            field = 'tos' if inner == 4 else 'tc'
            outer_field = 'tos' if outer == 4 else 'tc'
            for flags in (0, COPY_ECN, DSCP_OUT, COPY_ECN | DSCP_OUT | DSCP_IN):
                tunnel = Tunnel(wire, suite, outer, flags)
                for ecn in range(4):
                    tos = 0xb8 | ecn
                    out = tunnel.seal(to_them(inner, 40, **{field: tos}))
                    wanted = (tos & 0xfc if flags & DSCP_OUT else 0) | (ecn if flags & COPY_ECN else 0)
                    expect(getattr(out, outer_field), wanted, 'outer service bits')
                    for outside in range(4):
                        packet = to_us(inner, 40, **{field: tos})
                        sealed = tunnel.wrap(packet)
                        setattr(sealed, outer_field, 0x28 | outside)
                        arrives(tunnel, relength(sealed), packet, field, flags, ecn, outside)


def arrives(tunnel, sealed, packet, field, flags, inside, outside):
    new = inside
    if flags & COPY_ECN:
        if outside == 3 and inside == 0:
            tunnel.refuse(sealed, 'esp-congestion')
            return
        if outside == 3 or (outside == 1 and inside == 2):
            new = outside
    changed = packet.copy()
    setattr(changed, field, (0x28 if flags & DSCP_IN else 0xb8) | new)
    if changed.version == 4:
        del changed.chksum
    tunnel.open(raw_ip(bytes(changed)), sealed)


def fragment_bit(wire, suite):
    """RFC 4301 8.1: DF outside as inside where it is copied, else set."""
    for flags in (0, COPY_DF):
        tunnel = Tunnel(wire, suite, 4, flags)
        for df in (0, 2):
            out = tunnel.seal(to_them(4, 100, flags=df))
            expect(int(out.flags), 2 if df or not flags else 0, 'outer DF')
        expect(int(tunnel.seal(to_them(6, 100)).flags), 2, 'outer DF')


def path_mtu(wire, suite):
    """RFC 4301 8.2: already the sender of the first that is too long is told, and it costs no number."""
    for outer in (4, 6):
        for inner in (4, 6):
            tunnel = Tunnel(wire, suite, outer)
            big = to_them(inner, 1460 if inner == 4 else 1440, **({'flags': 2} if inner == 4 else {}))
            for _ in range(2):
                fate, reason, out = wire.packet(INSIDE, big)
                expect((fate, reason, [at for at, _ in out]), ('dropped', 'too-big', [INSIDE]), 'answer')
            told = Ether(out[0][1])
            mtu = told[ICMP].nexthopmtu if inner == 4 else told[ICMPv6PacketTooBig].mtu
            head = 28 if inner == 4 else 48
            out = tunnel.seal(to_them(inner, mtu - head, **({'flags': 2} if inner == 4 else {})))
            expect(len(bytes(out)) <= 1500, True, 'fits')
            # One byte more of any inner length that needs another block does not.
            longer = to_them(inner, mtu - head + 1, **({'flags': 2} if inner == 4 else {}))
            expect(wire.packet(INSIDE, longer)[:2], ('dropped', 'too-big'), 'longer')


def whole(pieces):
    """An IPv4 datagram of its fragments, which all but the last have MF (RFC 791 3.2)."""
    pieces = sorted(pieces, key=lambda piece: piece.frag)
    data, at = b'', 0
    for piece in pieces:
        expect((piece.frag * 8, bool(piece.flags.MF)), (at, piece is not pieces[-1]), 'place of a fragment')
        data += bytes(piece.payload)
        at = len(data)
    again = pieces[0].copy()
    again.remove_payload()
    again.flags, again.frag = 0, 0
    del again.len, again.chksum
    return IP(bytes(again / Raw(data)))


def fragments_out(wire, suite):
    """What may be fragmented is, after it is sealed or before, already the first (RFC 4301 8.1)."""
    for flags in (COPY_DF, 0, COPY_DF | ENCAP, ENCAP):
        tunnel = Tunnel(wire, suite, 4, flags)
        # Beyond the tunnel's MTU it comes in pieces before either.
        for size in (1472,) if flags & COPY_DF else (1472, 3000):
            packet = to_them(4, size)
            fate, reason, out = wire.packet(INSIDE, packet)
            expect((fate, reason), ('forwarded', '-'), 'what became of it')
            pieces = [IP(bytes(Ether(frame).payload)) for at, frame in out]
            expect(all(len(bytes(piece)) <= 1500 for piece in pieces), True, 'each fits')
            expect(len(pieces) > 1, True, 'in pieces')
            if flags & COPY_DF:
                inner = tunnel.sa.decrypt(whole(pieces))
            else:
                inner = whole([tunnel.sa.decrypt(piece) for piece in pieces])
            expect(bytes(inner), bytes(hop(packet)), 'inner packet')


CASES = [both_ways, extended_numbers, refused, service_bits, fragment_bit, path_mtu, fragments_out]


def main():
    random.seed(4303)
    wire = Wire(sys.argv[1])
    failed = False
    for case in CASES:
        every = case in (both_ways, extended_numbers, refused, path_mtu)
        for suite in SUITES if every else SUITES[:1] + SUITES[4:5]:
            name = '%s, %s' % (case.__name__.replace('_', ' '), suite[0])
            try:
                case(wire, suite)
                print('ok', name, flush=True)
            except Exception as error:  # whatever it is, the others are still to be tried
                failed = True
                print('failed %s: %s: %s' % (name, type(error).__name__, error), flush=True)
    wire.child.stdin.close()
    return 1 if wire.child.wait() or failed else 0


sys.exit(main())
