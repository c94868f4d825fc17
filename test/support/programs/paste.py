"""Takes one bracketed paste in raw mode and says how long it was and what its hash is."""

import hashlib
import sys
import termios
import tty

before = termios.tcgetattr(0)
tty.setraw(0)
sys.stdout.write("\x1bc\x1b[?2004h\x1b]2;ready\x07")
sys.stdout.flush()
data = b""
while not data.endswith(b"\x1b[201~"):
    data += sys.stdin.buffer.raw.read(65536)
termios.tcsetattr(0, termios.TCSADRAIN, before)
pasted = data[len(b"\x1b[200~") : -len(b"\x1b[201~")]
print("\x1b[?2004l%d bytes, sha256 %s\x1b]2;end\x07" % (len(pasted), hashlib.sha256(pasted).hexdigest()), flush=True)
sys.stdin.read(1)
