#!/usr/bin/env bash
# Installs what the image holds, while it is built: install.sh system | agents NAMES | packages NAMES
# Works with dnf and with apt-get. Whatever cannot be installed fails the build.
set -euo pipefail

readonly NODE_MAJOR=22

fail() {
    printf 'install: %s\n' "$*" >&2
    exit 1
}

has_dnf() { command -v dnf >/dev/null; }

all_present() {
    if has_dnf; then rpm -q --whatprovides "$@" >/dev/null 2>&1; else dpkg -s "$@" >/dev/null 2>&1; fi
}

# From the distribution; says nothing to the network when all of it is there already.
install_packages() {
    if all_present "$@"; then return; fi
    if has_dnf; then
        dnf -y --setopt=install_weak_deps=False install "$@"
        dnf clean all
    else
        export DEBIAN_FRONTEND=noninteractive
        # Small images leave the manual out, and Java's packages register pages of theirs all the same.
        mkdir -p /usr/share/man/man1
        apt-get update -q
        apt-get install -qy --no-install-recommends "$@"
        rm -rf /var/lib/apt/lists/*
    fi
}

is_packaged() {
    if all_present "$1"; then return; fi
    if has_dnf; then
        dnf -q list --available "$1" >/dev/null 2>&1
    else
        apt-get update -q >/dev/null && apt-cache show "$1" >/dev/null 2>&1
    fi
}

install_system() {
    local wanted=(bash ca-certificates curl wget git git-lfs jq less ripgrep fd-find tree tini util-linux)
    if has_dnf; then
        wanted+=(vim-enhanced openssh-clients procps-ng findutils)
    elif command -v apt-get >/dev/null; then
        wanted+=(vim openssh-client procps)
    else
        fail "this base has neither dnf nor apt-get; choose another with --base-image"
    fi
    # GitHub's client came late to the distributions: older ones do without.
    if is_packaged gh; then wanted+=(gh); else echo "install: gh is not packaged here, left out"; fi
    install_packages "${wanted[@]}"
    # Debian's name for fd is fdfind.
    if ! command -v fd >/dev/null; then ln -s "$(command -v fdfind)" /usr/local/bin/fd; fi
}

node_major() {
    local version
    version=$(node --version 2>/dev/null) || version=v0
    version=${version#v}
    echo "${version%%.*}"
}

# From npm's registry, with an npm of its own; by the distribution's npm, if there is no other.
install_node_from_registry() {
    npm install --global --prefix /usr/local "node@$NODE_MAJOR" npm@10
    hash -r
}

# The distribution's Node where it is new enough. Where it is too old, the npm that fetches the other one
# goes again, with the hundreds of packages that Debian's brings along, unless the base had it before.
install_node() {
    local had_npm=
    if command -v npm >/dev/null; then had_npm=1; fi
    if (($(node_major) >= NODE_MAJOR)) && [[ $had_npm ]]; then return; fi
    if has_dnf; then
        install_packages nodejs npm
    elif [[ ! $had_npm ]]; then
        install_packages npm
    fi
    if (($(node_major) < NODE_MAJOR)); then
        install_node_from_registry
        if ! has_dnf && [[ ! $had_npm ]]; then apt-get purge -qy --autoremove npm nodejs; fi
        hash -r
    fi
    (($(node_major) >= NODE_MAJOR)) || fail "Node $NODE_MAJOR or newer is needed, found $(node --version)"
}

npm_package() {
    case $1 in
        copilot) echo @github/copilot ;;
        claude) echo @anthropic-ai/claude-code ;;
        codex) echo @openai/codex ;;
        *) fail "unknown agent '$1': copilot, claude, codex or none" ;;
    esac
}

install_agents() {
    local agent package
    for agent in "$@"; do
        if [[ $agent == none ]]; then continue; fi
        package=$(npm_package "$agent")
        install_node
        npm install --global --prefix /usr/local "$package"
        hash -r
        # What does not even print its version here will not work for anybody.
        HOME=/root "$agent" --version
    done
    rm -rf /root/.npm /root/.cache /root/.copilot /root/.claude* /root/.codex /tmp/*
}

# For the entrypoint: which node there is.
note_node() {
    if command -v node >/dev/null; then
        printf '%s %s\n' "$(command -v node)" "$(node --version)" >/usr/local/lib/binnacle/node
    fi
}

main() {
    local verb=${1:-} names=()
    read -ra names <<<"${2:-}"
    case $verb in
        system) install_system ;;
        agents) install_agents "${names[@]}" ;;
        packages) if ((${#names[@]})); then install_packages "${names[@]}"; fi ;;
        *) fail "usage: install.sh system | agents NAMES | packages NAMES" ;;
    esac
    note_node
}

main "$@"
