#!/bin/sh
# jshell that sees the user's files and classes, and takes little of a small sandbox. Java says aloud when it makes the
# folder of its preferences, so that is made before.
mkdir -p "$HOME/.java/.userPrefs"
lean='-XX:+UseSerialGC -XX:TieredStopAtLevel=1'
for option in $lean; do set -- "-J$option" "-R$option" "$@"; done
exec jshell --class-path /sandbox "$@"
