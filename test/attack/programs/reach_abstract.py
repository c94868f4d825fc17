"""Connects to abstract unix sockets by the names in its arguments, which others hold."""

import socket
import sys

from probe import judge


def connect(name):
    with socket.socket(socket.AF_UNIX) as attempt:
        attempt.connect("\0" + name)


judge([(name, connect, name) for name in sys.argv[1:]])
