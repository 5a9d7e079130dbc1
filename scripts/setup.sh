# Sourced by `run` and `test`: finds or sets up what a build needs. Says what it does on stderr, does nothing twice.
# Works offline once everything is there.

say() { printf '\033[1;36mopswall:\033[0m %s\n' "$*" >&2; }
fail() {
    printf '\033[1;31mopswall:\033[0m %s\n' "$*" >&2
    exit 1
}

RUST_VERSION=1.95.0
BUILD_PACKAGES=(ca-certificates g++ pkg-config libx11-dev libwayland-dev libxkbcommon-dev)
# Loaded at run time: a window on X11 or Wayland, and Vulkan with a software driver for machines without a GPU.
RUN_PACKAGES=(libx11-xcb1 libxcursor1 libxi6 libxrandr2 libxkbcommon-x11-0 libvulkan1 mesa-vulkan-drivers)

# Everything that is built goes to one folder, which several checkouts may share.
export CARGO_TARGET_DIR="${CARGO_TARGET_DIR:-${XDG_CACHE_HOME:-$HOME/.cache}/opswall/target}"

# Mesa's device selection looks for a Wayland socket there and complains when the variable is missing.
export XDG_RUNTIME_DIR="${XDG_RUNTIME_DIR:-$CARGO_TARGET_DIR}"

is_installed() {
    # "install ok installed" also for packages of another architecture's name, `libx11-6:amd64`.
    dpkg-query --show --showformat='${db:Status-Status}\n' "$1" 2>/dev/null | grep --quiet '^installed$'
}

# need_packages NAME…: installs what is missing, where it may.
need_packages() {
    local missing=() package
    if ! command -v dpkg-query >/dev/null; then
        command -v c++ >/dev/null ||
            say "no Debian packages here and no C++ compiler: install what your system calls $*"
        return 0
    fi
    for package in "$@"; do
        is_installed "$package" || missing+=("$package")
    done
    [ ${#missing[@]} -gt 0 ] || return 0

    local as_root=()
    if [ "$(id -u)" -ne 0 ]; then
        if command -v sudo >/dev/null && { sudo -n true 2>/dev/null || [ -t 0 ]; }; then
            as_root=(sudo)
        else
            say "missing system packages, and no right to install them: ${missing[*]}"
            say "  ask for: apt-get install ${missing[*]}"
            return 0
        fi
    fi
    say "installing system packages: ${missing[*]}"
    "${as_root[@]}" env DEBIAN_FRONTEND=noninteractive apt-get update -qq >&2 ||
        say "the list of packages could not be refreshed; trying with the one there is"
    "${as_root[@]}" env DEBIAN_FRONTEND=noninteractive \
        apt-get install -y -qq --no-install-recommends "${missing[@]}" >&2 ||
        say "some packages could not be installed; the build may fail for want of them"
}

# need_postgresql: the binaries of one, for the tests that run our SQL; they start a server of their own and touch none
# that runs. Those tests say so when they were left out for want of it.
need_postgresql() {
    local folder
    for folder in /usr/lib/postgresql/*/bin ${PATH//:/ }; do
        [ -x "$folder/initdb" ] && [ -x "$folder/psql" ] && return 0
    done
    need_packages postgresql
}

# True when the compiler is the required one or newer.
rust_is_new_enough() {
    local found
    found=$(rustc --version 2>/dev/null | cut -d' ' -f2) || return 1
    [ -n "$found" ] && [ "$(printf '%s\n' "$RUST_VERSION" "$found" | sort -V | head -n1)" = "$RUST_VERSION" ]
}

# need_rust: a toolchain that can build this, installed with rustup where there is none.
need_rust() {
    if ! command -v cargo >/dev/null && [ -x "${CARGO_HOME:-$HOME/.cargo}/bin/cargo" ]; then
        PATH="${CARGO_HOME:-$HOME/.cargo}/bin:$PATH"
    fi
    if ! rust_is_new_enough; then
        if ! command -v rustup >/dev/null; then
            command -v curl >/dev/null || fail "there is no Rust and no curl to fetch it with: install curl"
            say "installing Rust $RUST_VERSION with rustup (into ${CARGO_HOME:-$HOME/.cargo})"
            curl --proto '=https' --tlsv1.2 -sSf https://sh.rustup.rs |
                sh -s -- -y --no-modify-path --profile minimal --component rustfmt,clippy \
                    --default-toolchain "$RUST_VERSION" >&2 ||
                fail "Rust could not be installed; see https://rustup.rs and start this again"
            PATH="${CARGO_HOME:-$HOME/.cargo}/bin:$PATH"
        fi
        if ! rust_is_new_enough; then
            if ! rustup toolchain list | grep --quiet "^$RUST_VERSION"; then
                say "installing Rust $RUST_VERSION beside $(rustc --version 2>/dev/null || echo 'no Rust')"
                rustup toolchain install "$RUST_VERSION" --profile minimal --component rustfmt,clippy >&2 ||
                    fail "Rust $RUST_VERSION could not be installed; it is the least that builds this"
            fi
            export RUSTUP_TOOLCHAIN="$RUST_VERSION"
        fi
    fi
    export PATH
}

# need_component NAME COMMAND…: a part of the toolchain, if COMMAND does not run.
need_component() {
    local name=$1
    shift
    "$@" >/dev/null 2>&1 && return 0
    say "installing $name"
    rustup component add "$name" >&2 || fail "$name is missing: install it for $(rustc --version)"
}

# need_crates: every dependency of the lock file for this machine; afterwards cargo needs no network.
need_crates() {
    local host
    host=$(rustc -vV | sed -n 's/^host: //p')
    if ! cargo fetch --locked --offline --quiet --target "$host" 2>/dev/null; then
        say "fetching dependencies"
        cargo fetch --locked --target "$host" >&2 || fail "the dependencies could not be fetched; is there a network?"
    fi
    export CARGO_NET_OFFLINE=true
}
