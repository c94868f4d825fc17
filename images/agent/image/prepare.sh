#!/bin/sh
# The layer of a language's image below the agent, and so kept when only the agent changes: the programs that the base
# lacks, the sandbox's user, and no program that lends its owner's rights.
# Arguments: program=package, for Debian's package that brings a program (or an absolute path) which the base may lack.
set -eu

has() {
    case $1 in
        /*) [ -e "$1" ] ;;
        *) command -v "$1" > /dev/null ;;
    esac
}

missing=''
for pair in "$@"; do
    has "${pair%%=*}" || missing="$missing ${pair#*=}"
done
if [ -n "$missing" ]; then
    echo "Installing$missing"
    export DEBIAN_FRONTEND=noninteractive
    apt-get update -q
    # Unquoted: one word a package.
    apt-get install -q -y --no-install-recommends $missing
    rm -rf /var/lib/apt/lists/* /var/cache/apt/* /usr/share/doc/* /usr/share/man/*
fi

# A sandbox's PATH is the system's own, whatever the base has added to its.
for pair in "$@"; do
    case $pair in
        /*) continue ;;
    esac
    program=$(command -v "${pair%%=*}")
    case ":/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin:" in
        *":$(dirname "$program"):"*) ;;
        *) ln -s "$program" /usr/local/bin/ ;;
    esac
done

# The user is appended by hand, since slim bases may lack useradd. HOME is on the /tmp tmpfs, so that what a REPL keeps
# there stays out of the user's files.
grep -q '^sandbox:' /etc/passwd || echo 'sandbox:x:41966:51966:sandbox:/tmp/home:/bin/sh' >> /etc/passwd
grep -q '^sandbox:' /etc/group || echo 'sandbox:x:51966:' >> /etc/group
mkdir -p /sandbox
chown 41966:51966 /sandbox
find / -xdev -perm /6000 -type f -exec chmod a-s {} +
