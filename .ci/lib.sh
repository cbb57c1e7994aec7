# shellcheck shell=bash
# What the quick gate and the long runs share. Sourced, never run.

cd "$(dirname "${BASH_SOURCE[0]}")/.." || exit
exec </dev/null
export CI=true CARGO_TERM_COLOR=never CARGO_INCREMENTAL=0

MUSL=x86_64-unknown-linux-musl
TARGET_DIR=$(realpath -m "${CARGO_TARGET_DIR:-target}")
MUSL_BIN=$TARGET_DIR/$MUSL/release/svs-bot

say() { printf '%s\n' "$@"; }

fail() {
    say "FAILED: $*" >&2
    exit 1
}

# section HEADING COMMAND…: runs it under a heading and says how long it took.
section() {
    local heading=$1 start=$SECONDS
    shift
    say "" "== $heading"
    "$@"
    say "-- $heading: $((SECONDS - start)) s"
}

# need_command COMMAND PACKAGE: installs what the system lacks, where that is allowed.
need_command() {
    command -v "$1" >/dev/null && return
    [[ $(id -u) -eq 0 ]] || fail "$1 is missing; install the package $2"
    command -v apt-get >/dev/null || fail "$1 is missing, and there is no apt-get to install $2 with"
    export DEBIAN_FRONTEND=noninteractive
    apt-get -qq update
    apt-get -qq install --yes --no-install-recommends "$2" >/dev/null
}

musl_tools() {
    rustup target add "$MUSL"
    need_command musl-gcc musl-tools
}

musl_build() {
    cargo build --locked --release --target "$MUSL"
}

# world_tests FILTER [ARGUMENT…]: the tests whose names hold FILTER, against the shipped binary.
# A filter that fits no test is a failure, not a success.
world_tests() {
    local output=$TARGET_DIR/ci-world-tests.log
    SVS_BOT_BIN=$MUSL_BIN cargo test --locked --test it -- "$@" | tee "$output"
    grep -q '^test result: ok\. [1-9]' "$output" || fail "no test is named like '$1'"
}
