#!/bin/bash
# Stands in for an agent program that signs in and renews its tokens at a server where each token that renews works once.
# /server is that server. What comes after -p is what it does.
set -u
readonly CREDENTIAL=~/.claude/.credentials.json

field() { sed -n "s/.*\"$1\":\"\([^\"]*\)\".*/\1/p" "$CREDENTIAL" 2>/dev/null; }

# $1: which token this is
credential() {
    printf '{"claudeAiOauth":{"accessToken":"oat-%s-%s","refreshToken":"ort-%s-%s","expiresAt":%s,"scopes":["user:inference"]}}' \
        "$CANARY" "$1" "$CANARY" "$1" $((($(date +%s) + 28800 + $1) * 1000))
}

access() { field accessToken; }

renew() (
    flock 9
    mine=$(field refreshToken)
    if [[ $mine != "ort-$CANARY-$(</server/number)" ]]; then
        echo "${mine:-none}" >>/server/refused
        echo "signed out"
        exit 1
    fi
    number=$(($(</server/number) + 1))
    echo "$number" >/server/number
    credential "$number" >"$CREDENTIAL"
) 9>/server/lock

until_there() { until [[ -e /server/$1 ]]; do sleep 0.1; done; }
until_has() { until [[ $(field "$1") == *-"$2" ]]; do sleep 0.1; done; }

CANARY=$(</server/canary)
while (($#)) && [[ $1 != -p ]]; do shift; done
eval "${2:-true}"
