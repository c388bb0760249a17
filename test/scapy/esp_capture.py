# SPDX-License-Identifier: BSD-3-Clause
"""
Writes a line for every ESP packet that a device of this namespace sees, native or in UDP/4500, until
its input ends: source, SPI, sequence number, the 8 bytes after it (the explicit IV of RFC 4106),
length, and the first 24 bytes of what is sealed. Then how many packets the kernel had no room for.
"""
import select
import socket
import struct
import sys

ETH_P_ALL = 3
SO_RCVBUFFORCE = 33
PACKET_STATISTICS = 6


def esp_of(frame):
    kind = struct.unpack_from("!H", frame, 12)[0]
    if kind == 0x0800 and len(frame) >= 34:
        ip = frame[14:]
        protocol, source = ip[9], socket.inet_ntop(socket.AF_INET, ip[12:16])
        length = struct.unpack_from("!H", ip, 2)[0]
        payload = ip[(ip[0] & 15) * 4 : length]
    elif kind == 0x86DD and len(frame) >= 54:
        ip = frame[14:]
        protocol, source = ip[6], socket.inet_ntop(socket.AF_INET6, ip[8:24])
        payload = ip[40 : 40 + struct.unpack_from("!H", ip, 4)[0]]
    else:
        return None
    if protocol == 17 and len(payload) > 12 and 4500 in struct.unpack_from("!HH", payload):
        payload = payload[8:]
    elif protocol != 50:
        return None
    # A first word of 0 is IKE.
    return (source, payload) if len(payload) > 40 and payload[:4] != bytes(4) else None


def main():
    port = socket.socket(socket.AF_PACKET, socket.SOCK_RAW, socket.htons(ETH_P_ALL))
    port.setsockopt(socket.SOL_SOCKET, SO_RCVBUFFORCE, 64 << 20)
    port.bind((sys.argv[1], 0))
    print("up", flush=True)
    with open(sys.argv[2], "w", encoding="ascii") as out:
        while True:
            ready = select.select([port, sys.stdin], [], [])[0]
            if port in ready:
                found = esp_of(port.recv(65536))
                if found:
                    source, esp = found
                    spi, sequence = struct.unpack_from("!II", esp)
                    words = (spi, sequence, esp[8:16].hex(), len(esp), esp[16:40].hex())
                    print(source, *words, file=out)
            elif ready:
                break
        port.setblocking(False)
        _, lost = struct.unpack("II", port.getsockopt(263, PACKET_STATISTICS, 8))
        print("lost", lost, file=out)


main()
