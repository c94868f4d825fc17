#!/bin/sh
# Compiles one file to /tmp/main. The standard library that the image has compiled in advance is linked into a cache that
# can be written to, since Go complains of any other.
set -eu
export GOCACHE=/tmp/go-cache
[ -d "$GOCACHE" ] || [ ! -d /opt/go-cache ] || cp -rs /opt/go-cache "$GOCACHE"
exec go build -o /tmp/main "$1"
