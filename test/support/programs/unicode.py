"""Wide, combining, joined and right-to-left characters, also across the right margin, in pieces that cut them apart."""

import os
import sys

lines = [
    "e\u0301 a\u0308\u0304 n\u0303 combining",
    "\U0001f600\U0001f680 \U0001f468\u200d\U0001f469\u200d\U0001f467 \U0001f44d\U0001f3fd \U0001f1e8\U0001f1ed emoji",
    "\u6f22\u5b57\u304b\u306a \ud55c\uae00 wide",
    "\u05e9\u05dc\u05d5\u05dd \u0645\u0631\u062d\u0628\u0627",
    "\u2500\u2502\u250c\u2510 \u2588\u2593\u2592 \u00a0\u200b|",
    "x" * 79 + "\u6f22" + "after the margin",
    "\U0001f600" * 45,
]
text = "\x1bc" + "\n".join("\x1b[3%dm%s\x1b[0m" % (index % 8, line) for index, line in enumerate(lines)) + "\n"
data = text.encode().replace(b"\n", b"\r\n")
sys.stdout.flush()
for at in range(0, len(data), 7):
    os.write(1, data[at : at + 7])
os.write(1, b"\x1b]2;end\x07")
sys.stdin.read(1)
