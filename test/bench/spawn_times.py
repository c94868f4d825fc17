"""Times a command from its spawn to its end, with pipes that are read: argv is the count, then the command. Prints JSON, in ms."""

import json
import subprocess
import sys
import time


def once(argv):
    started = time.perf_counter()
    subprocess.run(argv, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.PIPE, check=True)
    return (time.perf_counter() - started) * 1000


print(json.dumps([once(sys.argv[2:]) for _ in range(int(sys.argv[1]))]))
