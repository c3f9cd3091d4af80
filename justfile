# The only door: what CI does is `just all`, step by step.

set shell := ["bash", "-euo", "pipefail", "-c"]

# List what can be done
default:
    @just --list --unsorted

# Everything that CI does
all: fmt lint test docs deny rows

# Formatting, checked
fmt:
    cargo fmt --all --check
    cargo fmt --manifest-path fuzz/Cargo.toml --check
    cargo fmt --manifest-path bench/Cargo.toml --check

# Lints; a warning is an error
lint:
    cargo clippy --workspace --all-targets --locked -- -D warnings
    cargo clippy -p candor --all-targets --features planted-faults --locked -- -D warnings
    cargo clippy --manifest-path bench/Cargo.toml --all-targets --locked -- -D warnings

# All tests
test:
    cargo test --workspace --locked --no-fail-fast

# The documentation of the code; a broken link is an error
docs:
    RUSTDOCFLAGS="-D warnings" cargo doc --workspace --no-deps --locked --document-private-items

# Licences, advisories and bans of the dependencies
deny:
    cargo deny --locked check bans licenses sources

# Rows known / rows in the documents, per system; fails below 100 %
rows:
    cargo run --quiet --locked -p candor-contract --example rows

# Fill in the expected answers of the stories, the golden screens and the schemas, for review
update:
    UPDATE=1 INSTA_UPDATE=always cargo test --workspace --locked

# Fuzz one target for some seconds: just fuzz classify 600
fuzz target seconds="60":
    RUSTC_BOOTSTRAP=1 cargo fuzz run {{target}} -- -max_total_time={{seconds}} -rss_limit_mb=4096

# Each documented row of the five systems, reached through the state of the running sandbox
reach:
    cargo test --quiet --locked -p candor --test it reach -- --nocapture

# Each documented row again, as Python's requests and Node's fetch are told it through the gateway
clients:
    crates/app/tests/clients/install.sh
    CANDOR_ALL_TESTS=1 cargo test --quiet --locked -p candor --test it clients -- --nocapture

# Every phase of a call failing, over both protocols: verdict, outcome, and whether it was repeated
matrix:
    cargo run --quiet --locked -p candor-gateway --example matrix

# Gateways killed a thousand times on SQLite, and fifty on a PostgreSQL that is killed itself: lost, doubled and unknown
chaos rounds="1000" postgres="50":
    CANDOR_ALL_TESTS=1 CANDOR_CHAOS_ROUNDS={{rounds}} cargo test --quiet --locked -p candor --test it chaos::sqlite -- --nocapture
    CANDOR_ALL_TESTS=1 CANDOR_CHAOS_ROUNDS={{postgres}} cargo test --quiet --locked -p candor --test it chaos -- --skip sqlite --nocapture --test-threads=1
    CANDOR_ALL_TESTS=1 cargo test --quiet --locked -p candor --features planted-faults --test it chaos::planted -- --nocapture --test-threads=1

# A thousand bodies through the gateway and without it, over HTTP/1.1 and HTTP/2, compared by hash
bodies:
    CANDOR_BODIES=1000 cargo test --quiet --locked -p candor-gateway --test it bodies -- --nocapture

# 1 GiB down and up through the program, and how much memory it had resident
huge:
    cargo build --release --locked -p candor
    cargo run --release --quiet --locked -p candor-gateway --example huge -- "${CARGO_TARGET_DIR:-target}/release/candor"

# How others fare while a thousand callers take their time, in four modes
slow:
    cargo build --release --locked -p candor
    cargo run --release --quiet --locked -p candor-gateway --example slow -- "${CARGO_TARGET_DIR:-target}/release/candor"

# What idle connections of callers cost: just idle 10000
idle connections="10000":
    cargo run --release --quiet --locked -p candor-gateway --example idle -- {{connections}}

# Real, large OpenAPI documents, fetched from npm: how long they load, and whether their examples hold
openapi:
    crates/contract/tests/openapi.sh

# What a call costs next to nginx, with what is shipped; Linux with two idle cores: just bench --only plain --json figures.json
bench *arguments:
    ./bench/nginx.sh
    cargo build --profile dist --locked -p candor
    cargo build --release --locked --manifest-path bench/Cargo.toml
    cargo run --release --quiet --locked --manifest-path bench/Cargo.toml -- --candor "${CARGO_TARGET_DIR:-target}/dist/candor" {{arguments}}

# What a durable accept costs next to a bare append and flush: just bench-ledger --folder /var/tmp --postgres postgres://…
bench-ledger *arguments:
    cargo run --release --quiet --locked -p candor-ledger --example ledger_bench -- {{arguments}}
