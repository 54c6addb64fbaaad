#!/usr/bin/env bash
# What can be checked in a minute, without containers: format, lints, unit tests and tests with fake tools.
set -euo pipefail

cd "$(dirname "${BASH_SOURCE[0]}")/.."
# shellcheck source=scripts/common.sh
source scripts/common.sh

cargo fmt --check
cargo clippy --all-targets -- -D warnings
cargo test --bins --test it
if have cargo-deny; then cargo deny check; else say "not checked: licences and advisories (cargo install --locked cargo-deny)"; fi
