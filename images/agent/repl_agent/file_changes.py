"""Which files of the workspace a run has created, changed and deleted: two looks at names, sizes and times.

No link is followed and no content read. Both looks and what is told of them are bounded; `truncated` says where that
left something out.
"""

import json
import os

MAX_ENTRIES = 5000
MAX_DEPTH = 64
# All names together, as JSON: they share one frame with the rest of an answer.
MAX_NAME_BYTES = 40 * 1024


class FileChanges:
    def __init__(self, root):
        self._root = root
        self._before, self._whole = self._look()

    def _look(self):
        """(path: what identifies its content) of everything but folders, and whether that is all."""
        found, folders = {}, [("", 0)]
        seen = 0
        while folders:
            folder, depth = folders.pop()
            try:
                with os.scandir(os.path.join(self._root, folder)) as entries:
                    for entry in entries:
                        seen += 1
                        if seen > MAX_ENTRIES:
                            return found, False
                        path = os.path.join(folder, entry.name)
                        if entry.is_dir(follow_symlinks=False):
                            if depth >= MAX_DEPTH:
                                return found, False
                            folders.append((path, depth + 1))
                            continue
                        try:
                            info = entry.stat(follow_symlinks=False)
                        except OSError:
                            continue  # it went away meanwhile; the others of its folder are there
                        found[path] = (info.st_ino, info.st_size, info.st_mtime_ns)
            except OSError:
                continue  # it went away meanwhile, or nobody may look into it
        return found, True

    def tell(self):
        """The changes since this was made."""
        after, whole = self._look()
        before = self._before
        budget = MAX_NAME_BYTES
        told = {"created": [], "changed": [], "deleted": [], "truncated": not (whole and self._whole)}
        # What one look has missed is no news in the other.
        created = [path for path in after if path not in before] if self._whole else []
        deleted = [path for path in before if path not in after] if whole else []
        changed = [path for path, content in after.items() if before.get(path, content) != content]
        for kind, paths in (("created", created), ("changed", changed), ("deleted", deleted)):
            for path in sorted(paths):
                name = os.fsencode(path).decode(errors="replace")
                budget -= len(json.dumps(name)) + 2
                if budget < 0:
                    told["truncated"] = True
                    break
                told[kind].append(name)
        return told
