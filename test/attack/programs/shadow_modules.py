"""Fills the workspace, and the home of the user's own packages, with modules named like Python's, or as the arguments say.

Each notes it where the agent runs it.
"""

import os
import site
import sys

NAMES = (
    "python site usercustomize sitecustomize agent evaluate repl_agent repl_evaluate main frames kernel process json os sys struct zlib "
    "select signal socket tarfile ctypes errno termios fcntl pwd stat codecs encodings abc io importlib marshal pickle traceback math "
    "random string types enum collections functools threading time tokenize linecache _pyrepl"
).split()
NAMES = sys.argv[1:] or NAMES
NOTE = "import os as _os\nif _os.getpid() == 1: open('/sandbox/TAKEN', 'a').write(__name__ + '\\n')\n"
CUSTOM = NOTE + "open('/sandbox/CUSTOM', 'a').write(' '.join(open('/proc/self/cmdline').read().split('\\0')) + '\\n')\n"

homes = ["/sandbox", site.getusersitepackages()]
for home in homes:
    os.makedirs(home, exist_ok=True)
    for name in NAMES if home == "/sandbox" else ("usercustomize", "sitecustomize"):
        with open(os.path.join(home, name + ".py"), "w") as file:
            file.write(CUSTOM if "customize" in name else NOTE)
with open(os.path.join(homes[1], "evil.pth"), "w") as file:
    file.write("import usercustomize\n")
for name in ("pyvenv.cfg", "python._pth", "python3.cfg"):
    with open("/sandbox/" + name, "w") as file:
        file.write("home = /sandbox\ninclude-system-site-packages = false\n")
print("set for", sys.version.split()[0])
