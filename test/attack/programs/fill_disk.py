"""Fills every writable folder with bytes, or with files without any, and then empties it again."""

import itertools
import os
import sys

FOLDERS = ("/sandbox", "/tmp", "/dev/shm")


def fill(folder, empty_files):
    place = os.path.join(folder, "filling")
    os.mkdir(place)
    made = 0
    try:
        for number in itertools.count():
            with open("%s/%d" % (place, number), "wb") as file:
                made = number
                while not empty_files:
                    file.write(bytes(1 << 20))
            if made > 200_000:
                return place, "without end"
    except OSError as error:
        return place, error.strerror


empty_files = sys.argv[1] == "inodes"
endings = []
for folder in FOLDERS:
    place, ending = fill(folder, empty_files)
    endings.append("%s: %s" % (folder, ending))
    for name in os.listdir(place):
        os.unlink(os.path.join(place, name))
    os.rmdir(place)
print("; ".join(endings))
