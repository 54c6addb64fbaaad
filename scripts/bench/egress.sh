#!/usr/bin/env bash
# Measures the egress proxy on the loopback, and fails where it is slower than docs/network.md promises.
set -euo pipefail
cd "$(dirname "$0")/../.."

cargo test --quiet --release egress::proxy::tests::bench -- --ignored --nocapture --test-threads=1 2>&1 |
    grep -vE '^(warning|\.|$)|running|test result'
exit "${PIPESTATUS[0]}"
