#!/bin/sh
# Runs the class that a file is named after, from where the build has put it. Arguments: the file, then the program's own.
set -eu
class=$(basename "$1" .java)
shift
exec java -XX:+UseSerialGC -XX:TieredStopAtLevel=1 -cp /tmp/classes:/sandbox "$class" "$@"
