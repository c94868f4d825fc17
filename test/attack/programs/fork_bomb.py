"""Forks without end, in every process; the fugitives also leave their session and take the run's mark off themselves."""

import os
import resource
import sys

fugitive = "fugitive" in sys.argv

while True:
    try:
        child = os.fork()
    except OSError:
        continue
    if child == 0 and fugitive:
        os.setsid()
        resource.setrlimit(resource.RLIMIT_RTTIME, (1000, 1000))
