#!/usr/bin/env bash
# Everything `make` needs, made inside this folder: .venv from the lock file, and MicroPython.
# Usage: tools/setup.sh requirements.txt|requirements-dev.txt
# Does nothing (under a second) when the lock file, Python and this folder's path are what they were.
set -euo pipefail
cd "$(dirname "$0")/.."
lock=$1
venv=.venv
stamp=$venv/${lock%.txt}.stamp
export PIP_DISABLE_PIP_VERSION_CHECK=1 PIP_CACHE_DIR="$PWD/build/cache/pip" PYTHONUNBUFFERED=1

say() { printf '%s\n' "$@" >&2; }  # a line per argument

die() {
    say "$@"
    exit 2
}

apt_hint() {
    command -v apt-get >/dev/null && printf 'sudo apt-get install -y %s' "$1" || printf 'install %s' "$1"
}

find_python() {
    local name
    for name in ${PYTHON:-python3 python3.13 python3.12 python3.11}; do
        if "$name" -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null; then
            command -v "$name"
            return
        fi
    done
    die "Tjugo needs Python 3.11 or newer; this is $(${PYTHON:-python3} -V 2>&1 || true)." \
        "Try: $(apt_hint 'python3 python3-venv')" \
        "or, where another one is installed: make run PYTHON=/path/to/python3"
}

# The interpreter and the folder: an environment of another one cannot be used.
identity() {
    echo "$PWD"
    "$1" -c 'import sys; print(sys.version, sys.prefix)'
}

make_venv() {
    local python=$1
    if ! "$python" -c 'import venv, ensurepip' 2>/dev/null; then
        local version
        version=$("$python" -c 'import sys; print("python3.%d" % sys.version_info[1])')
        die "$python has no venv module. Try: $(apt_hint "$version-venv")"
    fi
    say "Python environment: .venv, with $("$python" -V)"
    "$python" -m venv --clear "$venv"
}

# pip's list of packages as one line of progress.
progress() {
    local total=$1 n=0 word name
    while read -r word name _; do
        [ "$word" = Collecting ] || continue
        n=$((n + 1))
        if [ -t 2 ]; then
            printf '\r\033[K  %d/%d %s' "$n" "$total" "$name" >&2
        elif [ $((n % 10)) -eq 0 ]; then
            say "  $n/$total packages"
        fi
    done
    [ ! -t 2 ] || printf '\r\033[K' >&2
}

install() {
    local total
    total=$(cat requirements.txt "$lock" | grep '==' | sort -u | wc -l)
    mkdir -p build
    say "Installing $total packages from $lock (about half a minute) ..."
    "$venv/bin/python" -m pip install --only-binary :all: -r "$lock" 2>build/pip.log | progress "$total" ||
        die "$(grep -v WARNING build/pip.log | tail -n 5)" \
            "The packages could not be installed (all of pip's words: build/pip.log)." \
            "Is there a network? Then run the same command again."
    "$venv/bin/python" -m pip install -q --no-deps --no-build-isolation -e . >build/pip.log 2>&1 ||
        die "$(tail -n 20 build/pip.log)" "The project itself could not be installed."
    say "Installed."
}

mark_of() {
    { echo "$who"; cat requirements.txt "$1" pyproject.toml; } | sha256sum
}

python=$(find_python)
who=$(identity "$python")
mark=$(mark_of "$lock")
if [ "$mark" != "$(cat "$stamp" 2>/dev/null || true)" ]; then
    if [ "$who" != "$(cat "$venv/identity.stamp" 2>/dev/null || true)" ]; then
        make_venv "$python"
        echo "$who" >"$venv/identity.stamp"
    fi
    install
    echo "$mark" >"$stamp"
    mark_of requirements.txt >"$venv/requirements.stamp"  # every lock file has that one in it
fi
exec "$venv/bin/python" -m tjugo micropython --prepare
