# shellcheck shell=bash
# The image without bn outside, by docker; sourced by life.sh.

# As container/README.md says. The packages come from the network.
docker_starts_the_image() {
    local told
    # shellcheck disable=SC2016 # it is expanded there
    as root 'apt-get update -q >/dev/null && apt-get install -qy --no-install-recommends docker.io $(apt-cache show docker-cli >/dev/null 2>&1 && echo docker-cli)' >&2
    await "docker answers" as root docker version
    as root "buildah push -q $IMAGE docker-archive:/tmp/image.tar:$IMAGE && docker load -q -i /tmp/image.tar && rm /tmp/image.tar" >&2
    repository hand
    dev 'git -C repo switch -q -c work'
    told=$(as root "docker run --rm -v /home/dev/repo:/workspace $IMAGE bash -c 'grep Cap /proc/self/status; git commit -q --allow-empty -m hand'" 2>&1)
    expect "main" "$(subject main)" hand
    expect "capabilities" "$(grep -c '^Cap.*[1-9a-f]$' <<<"$told" || true)" 0
}
