//! What programs in a container are told that ask no variable.

use crate::build::{Image, least};
use crate::world::{Answer, World};

fn run(world: &World, name: &str, reference: &str, more: &[&str], script: &str) -> Answer {
    let line = ["container", "run", "../agent-1", "--no-merge", "--tag", reference, "--name", &world.name(name)];
    world.bn(&[&line[..], more, &["--", "bash", "-c", script]].concat())
}

#[test]
fn browsers_and_java_of_an_image_of_ones_own_are_told_and_docker_is_said_to_be_missing() {
    let world = World::new();
    let built = Image::of(&world);
    let more = "RUN mkdir -p /etc/chromium.d /usr/lib/jvm/java-21/conf && echo http.proxyHost= > /usr/lib/jvm/java-21/conf/net.properties\n\
                RUN printf '#!/bin/sh\\necho own\\n' > /usr/bin/podman && chmod 755 /usr/bin/podman\n";
    built.build(&format!("{}{more}", least())).exits(0);
    let script = "docker run x 2>&1; echo rc=$?; podman; . /etc/chromium.d/binnacle; echo =$CHROMIUM_FLAGS=; \
                  tail -n 5 /usr/lib/jvm/java-21/conf/net.properties; grep -c proxyHost /usr/lib/jvm/java-21/conf/net.properties; \
                  grep -o '<host>[0-9.]*' ~/.m2/settings.xml; grep https.proxyPort ~/.gradle/gradle.properties; \
                  printenv PUPPETEER_DANGEROUS_NO_SANDBOX ELECTRON_DISABLE_SANDBOX";
    let told = run(&world, "egress", &built.reference, &[], script).exits(0);
    for line in [
        "docker: no containers can be started in here. Services run as ordinary programs",
        "rc=127\nown\n= --no-sandbox=\n",
        "https.proxyHost=127.0.0.1\nhttps.proxyPort=3128\nhttp.nonProxyHosts=localhost|127.*|[::1]\n3\n",
        "<host>127.0.0.1\n<host>127.0.0.1\nsystemProp.https.proxyPort=3128\n",
        "\ntrue\n1\n",
    ] {
        assert!(told.stdout.contains(line), "{line}: {told:#?}");
    }
    let script = "cat /usr/lib/jvm/java-21/conf/net.properties; ls ~/.m2 ~/.gradle; docker; true";
    let without = run(&world, "none", &built.reference, &["--network", "none", "--no-cache"], script).exits(0);
    assert!(without.stdout.contains("http.proxyHost=\n") && !without.stdout.contains("127.0.0.1"), "{without:#?}");
}
