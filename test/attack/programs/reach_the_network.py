"""Tries every form of network but its own loopback. Arguments: a port of the host's loopback, and the host's addresses."""

import socket
import sys
import threading

from probe import judge

RUNNER_PORT, HOST_ADDRESSES = int(sys.argv[1]), sys.argv[2:]
TCP = (
    [("1.1.1.1", 443), ("8.8.8.8", 53), ("169.254.169.254", 80), ("100.100.100.200", 80), ("172.17.0.1", 80), ("10.0.0.1", 22)]
    + [(address, RUNNER_PORT) for address in HOST_ADDRESSES]
    + [("127.0.0.1", RUNNER_PORT), ("127.0.0.53", 53), ("127.0.0.11", 53), ("0.0.0.0", RUNNER_PORT)]
)
TCP6 = [("2606:4700:4700::1111", 443), ("fd00:ec2::254", 80), ("fe80::1", 80), ("::1", RUNNER_PORT), ("::ffff:8.8.8.8", 53)]
UDP = [("8.8.8.8", 53), ("224.0.0.251", 5353), ("255.255.255.255", 67), ("169.254.169.254", 123), ("239.255.255.250", 1900)]


def connect(family, address):
    with socket.socket(family, socket.SOCK_STREAM) as attempt:
        attempt.settimeout(1)
        attempt.connect(address)


def send(address):
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as attempt:
        attempt.setsockopt(socket.SOL_SOCKET, socket.SO_BROADCAST, 1)
        attempt.sendto(b"x", address)


def open_socket(*kind):
    socket.socket(*kind).close()


def resolve(name):
    try:
        socket.getaddrinfo(name, 80)
    except socket.gaierror as error:
        raise OSError(2, str(error)) from None


attempts = [("TCP %s:%d" % address, connect, socket.AF_INET, address) for address in TCP]
attempts += [("TCP %s %d" % address, connect, socket.AF_INET6, address) for address in TCP6]
attempts += [("UDP %s:%d" % address, send, address) for address in UDP]
attempts += [("the name " + name, resolve, name) for name in ("example.com", "metadata.google.internal", "host.docker.internal")]
attempts += [
    ("family %d type %d" % (family, kind), open_socket, family, kind)
    for family in range(3, 46)
    for kind in (1, 2, 3, 5)
    if family != socket.AF_INET6
]
for family in (socket.AF_INET, socket.AF_INET6):
    attempts += [("raw %d" % protocol, open_socket, family, socket.SOCK_RAW, protocol) for protocol in (1, 6, 58, 255)]
    attempts += [("ping", open_socket, family, socket.SOCK_DGRAM, 1 if family == socket.AF_INET else 58)]
    attempts += [("protocol %d" % protocol, open_socket, family, socket.SOCK_STREAM, protocol) for protocol in (132, 256, 262)]
judge(attempts)

# Programs that talk to themselves go on doing so.
server = socket.create_server(("127.0.0.1", 0))
threading.Thread(target=lambda: server.accept()[0].sendall(b"hello")).start()
with socket.create_connection(server.getsockname()) as client:
    assert client.recv(5) == b"hello"
