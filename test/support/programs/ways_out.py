"""Tries ways out of the sandbox, one a line of stdin as JSON, and prints what each came to, one a line."""

import json
import os
import socket
import ssl
import sys
import urllib.error
import urllib.request

PROXY = ("127.0.0.1", 3128)


def fetch(url):
    try:
        with urllib.request.urlopen(url, timeout=20) as answer:
            return "%d %d bytes" % (answer.status, len(answer.read()))
    except urllib.error.HTTPError as error:
        return "%d %s" % (error.code, error.read().decode().strip())


def request(text):
    """The first line of what the proxy answers to these very bytes."""
    with socket.create_connection(PROXY, timeout=20) as connection:
        connection.sendall(text.encode())
        return connection.makefile("rb").readline().decode().strip()


def _tunnel(authority):
    connection = socket.create_connection(PROXY, timeout=20)
    connection.sendall(("CONNECT %s HTTP/1.1\r\n\r\n" % authority).encode())
    head = b""
    while not head.endswith(b"\r\n\r\n"):
        head += connection.recv(1)
    return connection, head.split(b"\r\n")[0].decode()


def secure(authority, name):
    """TLS with a server of this name, whoever it is."""
    connection, said = _tunnel(authority)
    context = ssl.create_default_context()
    context.check_hostname, context.verify_mode = False, ssl.CERT_NONE
    with context.wrap_socket(connection, server_hostname=name) as wrapped:
        return said + " " + str(wrapped.version())


def plain(authority, text):
    """These bytes where TLS is expected."""
    connection, said = _tunnel(authority)
    connection.sendall(text.encode())
    return said + " " + repr(connection.recv(100))


def many(authority, count):
    kept = [_tunnel(authority) for _ in range(count)]
    return kept[-1][1]


def direct(host, port):
    with socket.create_connection((host, port), timeout=5):
        return "connected"


def variable(name):
    return os.environ.get(name, "unset")


for line in sys.stdin:
    name, *arguments = json.loads(line)
    try:
        came = globals()[name](*arguments)
    except Exception as error:
        came = "%s: %s" % (type(error).__name__, error)
    print(" ".join(came.split()), flush=True)
