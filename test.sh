#!/usr/bin/env bash
# Passes all tests on a fresh machine: installs what is missing, then walks through `just all`.
# Needs a Rust toolchain (rustup), a C compiler, curl and Python 3; Debian, or PostgreSQL installed.
set -euo pipefail
cd "$(dirname "$0")"
export PATH="${CARGO_HOME:-$HOME/.cargo}/bin:$PATH"

need() { # command, crate, version
  command -v "$1" >/dev/null || cargo install --locked "$2@$3"
}
for component in rustfmt clippy; do
  cargo "${component/rustfmt/fmt}" --version >/dev/null 2>&1 || rustup component add "$component"
done
need just just 1.59.0
need cargo-deny cargo-deny 0.20.2
# PostgreSQL's programs, for the tests that start a server of their own.
if ! compgen -G '/usr/lib/postgresql/*/bin/initdb' >/dev/null; then
  root=$([ "$(id -u)" = 0 ] || echo sudo)
  $root apt-get update -q && $root apt-get install -q -y --no-install-recommends postgresql
fi
# Other people's clients, into target/tools; with them no test is left out.
crates/app/tests/clients/install.sh
export CANDOR_ALL_TESTS=1

just all
