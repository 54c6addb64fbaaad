#!/usr/bin/env bash
# Installs what packages.sh offers at $1, as anybody would, by way of the proxy.
set -euo pipefail
url=$1
# The registry is on this machine's loopback, which otherwise is taken for the container's own.
export NO_PROXY='' no_proxy=''
export npm_config_cafile=$2 PIP_CERT=$2 CARGO_HTTP_CAINFO=$2
export npm_config_update_notifier=false PIP_DISABLE_PIP_VERSION_CHECK=1

cd ~
npm install --silent --no-audit --registry "$url/npm/" greeting
node -e 'require("greeting")'

pip install --quiet --target python --index-url "$url/simple/" greeting
PYTHONPATH=python python3 -c 'import greeting'

mkdir -p .cargo
printf '[source.crates-io]\nreplace-with = "here"\n[source.here]\nregistry = "sparse+%s/index/"\n' "$url" > .cargo/config.toml
cargo init --quiet --name app app
cd app
cargo add --quiet greeting
echo 'fn main() { greeting::greet() }' > src/main.rs
cargo run --quiet
