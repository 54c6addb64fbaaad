#!/usr/bin/env bash
# Makes one package each for npm, pip and cargo, called greeting, and the registries that offer them, in the folder $1 for $2.
set -euo pipefail
mkdir -p "$1"
cd "$1"
url=$2

mkdir -p npm files package
echo '{"name": "greeting", "version": "1.0.0", "main": "index.js"}' > package/package.json
echo 'console.log("hello from npm")' > package/index.js
tar -czf files/greeting-1.0.0.tgz package
sum=$(sha1sum < files/greeting-1.0.0.tgz | cut -d' ' -f1)
cat > npm/greeting <<END
{"name": "greeting", "dist-tags": {"latest": "1.0.0"}, "versions": {"1.0.0": {"name": "greeting", "version": "1.0.0",
 "dist": {"tarball": "$url/files/greeting-1.0.0.tgz", "shasum": "$sum"}}}}
END

wheel=greeting-1.0.0-py3-none-any.whl
mkdir -p simple/greeting greeting greeting-1.0.0.dist-info
echo 'print("hello from pip")' > greeting/__init__.py
printf 'Metadata-Version: 2.1\nName: greeting\nVersion: 1.0.0\n' > greeting-1.0.0.dist-info/METADATA
printf 'Wheel-Version: 1.0\nGenerator: hand\nRoot-Is-Purelib: true\nTag: py3-none-any\n' > greeting-1.0.0.dist-info/WHEEL
touch greeting-1.0.0.dist-info/RECORD
python3 -m zipfile -c "files/$wheel" greeting greeting-1.0.0.dist-info
sum=$(sha256sum < "files/$wheel" | cut -d' ' -f1)
echo "<a href=\"$url/files/$wheel#sha256=$sum\">$wheel</a>" > simple/greeting/index.html

mkdir -p index/gr/ee greeting-1.0.0/src
printf '[package]\nname = "greeting"\nversion = "1.0.0"\nedition = "2021"\n' > greeting-1.0.0/Cargo.toml
echo 'pub fn greet() { println!("hello from cargo") }' > greeting-1.0.0/src/lib.rs
tar -czf files/greeting-1.0.0.crate greeting-1.0.0
sum=$(sha256sum < files/greeting-1.0.0.crate | cut -d' ' -f1)
echo "{\"dl\": \"$url/files/{crate}-{version}.crate\"}" > index/config.json
echo "{\"name\":\"greeting\",\"vers\":\"1.0.0\",\"deps\":[],\"cksum\":\"$sum\",\"features\":{},\"yanked\":false}" > index/gr/ee/greeting
