#!/usr/bin/env bash
# With the registry of packages.sh at $1: `first` makes a project each for npm and cargo, with lock files; the others install what these need,
# as for the first time. `pip_offline` is the set-up that container/README.md gives for a requirements.txt.
set -euo pipefail
url=$1
export NO_PROXY='' no_proxy=''
export npm_config_cafile=$2 PIP_CERT=$2 CARGO_HTTP_CAINFO=$2
# Whom npm cannot reach it asks again after ten seconds, and once more after a minute.
export npm_config_fetch_retries=0 npm_config_update_notifier=false PIP_DISABLE_PIP_VERSION_CHECK=1

first() {
    mkdir -p with-npm
    (cd with-npm && echo '{"name": "app"}' >package.json && npm install --silent --no-audit --registry "$url/npm/" greeting)
    mkdir -p with-cargo/.cargo
    printf '[source.crates-io]\nreplace-with = "here"\n[source.here]\nregistry = "sparse+%s/index/"\n' "$url" >with-cargo/.cargo/config.toml
    (cd with-cargo && cargo init --quiet --vcs none --name app && cargo add --quiet greeting && echo 'fn main() { greeting::greet() }' >src/main.rs && cargo fetch --quiet)
    with_pip
}
with_npm() { cd with-npm && rm -rf node_modules && npm ci --silent --no-audit && node -e 'require("greeting")'; }
with_cargo() { cd with-cargo && rm -rf target && cargo fetch --quiet --locked && cargo run --quiet --locked; }
with_pip() { pip install --quiet --target ~/python --index-url "$url/simple/" greeting && PYTHONPATH=~/python python3 -c 'import greeting'; }
pip_offline() {
    export PIP_INDEX_URL=$url/simple/ PIP_TARGET=~/python
    echo 'greeting==1.0.0' >requirements.txt
    local wheels=~/.cache/pip/wheels-here
    install() { pip install --no-index --find-links "$wheels" -r requirements.txt; }
    install || { pip wheel --wheel-dir "$wheels" -r requirements.txt && install; }
    PYTHONPATH=~/python python3 -c 'import greeting'
}

cd /workspace
for step in "${@:3}"; do ("$step"); done
