"""Starts threads that wait until none can be started any more."""

import threading

forever = threading.Event()
threading.stack_size(64 * 1024)
count = 0
try:
    while count < 100_000:
        threading.Thread(target=forever.wait, daemon=True).start()
        count += 1
except RuntimeError as error:
    print("%s with %s threads" % (error, "no more than 64" if count <= 64 else count), flush=True)
forever.set()
