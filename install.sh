#!/bin/sh
# Installs svs-bot as a systemd service, or brings it up to date. Running it again changes nothing;
# settings and data are kept. With DESTDIR set, files go below that folder and nothing else happens.
set -eu

BINARY_PATH="${DESTDIR:-}/usr/local/bin/svs-bot"
UNIT_PATH="${DESTDIR:-}/etc/systemd/system/svs-bot.service"
CONFIG_DIR="${DESTDIR:-}/etc/svs-bot"
STATE_DIR="${DESTDIR:-}/var/lib/svs-bot"
HERE=$(CDPATH='' cd -- "$(dirname -- "$0")" && pwd)

usage() {
    cat <<'USAGE'
usage: install.sh [--binary FILE]       install or upgrade; without FILE, the binary beside this
                                        script or the one that cargo built here
       install.sh --uninstall [--purge] remove the service; --purge also settings and data
USAGE
}

say() {
    printf '%s\n' "$*"
}

fail() {
    printf 'install.sh: %s\n' "$*" >&2
    exit 1
}

# Whether the files go onto this system, and not into a folder that a package or a test fills.
onto_this_system() {
    [ -z "${DESTDIR:-}" ]
}

check_system() {
    onto_this_system || return 0
    [ "$(id -u)" -eq 0 ] || fail "this needs root; try: sudo sh install.sh"
    [ -d /run/systemd/system ] ||
        fail "systemd does not run here; copy the binary where you like and start it with: svs-bot run"
}

find_binary() {
    for candidate in \
        "$HERE/svs-bot" \
        "$HERE/target/x86_64-unknown-linux-musl/release/svs-bot" \
        "$HERE/target/release/svs-bot"; do
        if [ -f "$candidate" ]; then
            printf '%s\n' "$candidate"
            return
        fi
    done
    fail "no binary found; build one with 'cargo build --release' or name one with --binary FILE"
}

make_user() {
    onto_this_system || return 0
    id -u svs-bot >/dev/null 2>&1 && return 0
    useradd --system --user-group --no-create-home --home-dir "$STATE_DIR" \
        --shell /usr/sbin/nologin svs-bot
}

# A rename, so that a running bot keeps its file and no moment is without one.
place() { # MODE FROM TO
    mkdir -p -- "$(dirname -- "$3")"
    install -m "$1" -- "$2" "$3.new"
    mv -f -- "$3.new" "$3"
}

place_config() {
    if [ -e "$CONFIG_DIR/config.toml" ]; then
        say "kept      $CONFIG_DIR/config.toml"
    else
        place 0600 "$HERE/systemd/config.toml" "$CONFIG_DIR/config.toml"
        say "installed $CONFIG_DIR/config.toml"
    fi
    chmod 0600 "$CONFIG_DIR/config.toml"
    # The service reads it as its own user, also if root wrote it by hand.
    ! onto_this_system || chown svs-bot:svs-bot "$CONFIG_DIR/config.toml"
}

install_bot() {
    check_system
    binary=${binary:-$(find_binary)}
    [ -f "$binary" ] || fail "$binary is not a file"
    make_user
    place 0755 "$binary" "$BINARY_PATH"
    say "installed $BINARY_PATH"
    place 0644 "$HERE/systemd/svs-bot.service" "$UNIT_PATH"
    say "installed $UNIT_PATH"
    place_config
    onto_this_system || return 0
    systemctl daemon-reload
    if systemctl --quiet is-active svs-bot; then
        systemctl restart svs-bot
        say "the running bot was restarted with the new binary"
    else
        say "next: fill in $CONFIG_DIR/config.toml, then: systemctl enable --now svs-bot"
    fi
}

uninstall_bot() {
    check_system
    if onto_this_system && [ -e "$UNIT_PATH" ]; then
        systemctl disable --now svs-bot
    fi
    rm -f -- "$BINARY_PATH" "$UNIT_PATH"
    ! onto_this_system || systemctl daemon-reload
    say "removed   the binary and the service"
    if [ "$purge" = no ]; then
        say "kept      $CONFIG_DIR and $STATE_DIR; to remove them: install.sh --uninstall --purge"
        return
    fi
    rm -rf -- "$CONFIG_DIR" "$STATE_DIR" "$UNIT_PATH.d"
    if onto_this_system && id -u svs-bot >/dev/null 2>&1; then
        userdel svs-bot
    fi
    say "removed   $CONFIG_DIR and $STATE_DIR"
}

action=install binary='' purge=no
while [ $# -gt 0 ]; do
    case $1 in
    --binary)
        [ $# -ge 2 ] || { usage >&2; exit 2; }
        binary=$2
        shift
        ;;
    --uninstall) action=uninstall ;;
    --purge) purge=yes ;;
    -h | --help) usage; exit 0 ;;
    *) usage >&2; exit 2 ;;
    esac
    shift
done
if [ "$action" = install ] && [ "$purge" = yes ]; then
    usage >&2
    exit 2
fi

case $action in
install) install_bot ;;
uninstall) uninstall_bot ;;
esac
