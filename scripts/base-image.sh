#!/usr/bin/env bash
# Makes a base image from this machine's own distribution's packages, for machines that no image registry answers: the
# stand-in for the base of container/Containerfile in tests and in the demo. It goes into the calling user's buildah store.
#
#   base-image.sh [--ref REF] [--tar FILE]
#
# REF   default localhost/binnacle-base:debian; nothing is done when it is there
# FILE  keeps the file system between calls (other users, emptied stores)
set -euo pipefail

# shellcheck source=scripts/common.sh
source "$(dirname "${BASH_SOURCE[0]}")/common.sh"

REF=localhost/binnacle-base:debian
TAR=
readonly CA_BUNDLE=/etc/ssl/certs/ca-certificates.crt

# What container/install.sh asks for: on this base it then finds everything there.
readonly PACKAGES=(apt bash ca-certificates curl wget git git-lfs jq less ripgrep fd-find tree tini util-linux
    vim openssh-client procps gh)

# The archive that this machine installs from, one line for each of its parts.
#
# apt knows where a part comes from once it has fetched the lists, and takes them from where its configuration says.
sources() {
    local lines
    have apt-get || die "this machine has no apt, whose archive a base could be made from" \
        "start from an image that is here: bn container build --base-image REF"
    lines=$(own_archive)
    if [[ -z $lines ]]; then
        say "fetching apt's lists"
        as_root apt-get update -q >&2
        lines=$(own_archive)
    fi
    [[ $lines ]] || die "apt is not configured to install from Debian or Ubuntu" "see: apt-get indextargets"
    echo "$lines"
}

own_archive() {
    # shellcheck disable=SC2016 # these are apt's variables
    apt-get indextargets --format '$(ORIGIN) deb $(REPO_URI) $(RELEASE) $(COMPONENT)' 'Created-By: Packages' |
        sed -nE 's/^(Debian|Ubuntu) //p' | sort -u
}

# The machine may trust an authority of its own, without which no package registry can be reached from inside.
host_bundle() {
    local file
    for file in "$CA_BUNDLE" /etc/pki/tls/certs/ca-bundle.crt; do
        if [[ -s $file ]]; then
            echo "$file"
            return
        fi
    done
}

make_tar() {
    local bundle lines options=(--variant=minbase "--include=${PACKAGES[*]}" --format=tar)
    options+=(--dpkgopt='path-exclude=/usr/share/man/*' --dpkgopt='path-exclude=/usr/share/doc/*'
        --dpkgopt='path-exclude=/usr/share/locale/*')
    bundle=$(host_bundle)
    if [[ $bundle ]]; then options+=(--customize-hook="upload '$bundle' $CA_BUNDLE"); fi
    # mmdebstrap copies both from this machine, which is nobody's business.
    # shellcheck disable=SC2016 # the hook's own $1
    options+=(--customize-hook='rm -f "$1/etc/resolv.conf" "$1/etc/hostname"')
    if ((EUID != 0)); then options+=(--mode=unshare); fi
    have mmdebstrap || die "mmdebstrap is missing, which makes a base from packages" "sudo apt install mmdebstrap"
    lines=$(sources)
    mmdebstrap "${options[@]}" '' "$1.part" - <<<"$lines"
    mv "$1.part" "$1"
}

# Node and pip bring their own list of authorities unless they are told.
build() {
    buildah build -q -t "$REF" -f - "$1" <<END
FROM scratch
ADD base.tar /
ENV NODE_EXTRA_CA_CERTS=$CA_BUNDLE PIP_CERT=$CA_BUNDLE
CMD ["/bin/bash"]
END
}

main() {
    local context
    while (($#)); do
        case $1 in
            --ref) REF=${2:?--ref needs a reference} ;;
            --tar) TAR=${2:?--tar needs a file} ;;
            *) die "usage: base-image.sh [--ref REF] [--tar FILE]" ;;
        esac
        shift 2
    done
    if [[ $(buildah images -q "$REF" 2>/dev/null) ]]; then
        say "$REF is there"
        return
    fi
    context=$(mktemp -d)
    # shellcheck disable=SC2064 # its value now
    trap "rm -rf '$context'" EXIT
    if [[ ! -s $TAR ]]; then make_tar "${TAR:-$context/base.tar}"; fi
    if [[ $TAR ]]; then ln "$TAR" "$context/base.tar" 2>/dev/null || cp "$TAR" "$context/base.tar"; fi
    build "$context" >/dev/null
    say "made $REF"
}

main "$@"
