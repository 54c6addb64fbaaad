//! Images of a registry that asks who one is: the login is the user's own, as buildah has it.

use std::fs;
use std::io::{BufRead, BufReader};
use std::process::{Child, Stdio};

use crate::build::{Image, own_store};
use crate::world::{Answer, World, answer};

const SERVE: &str = include_str!("private.py");

/// Gives the base image, as `team/base:1`, to ann alone.
struct Private<'a> {
    world: &'a World,
    server: Child,
    host: String,
}

impl<'a> Private<'a> {
    fn new(world: &'a World) -> Self {
        let base = std::env::var("BN_TEST_BASE").unwrap_or_else(|_| "localhost/binnacle-base:debian".to_owned());
        let mut push = world.program("buildah");
        push.args(["push", "--quiet", "--format", "oci", &base, "oci:layout:x"]).current_dir(world.root());
        answer(own_store(&mut push).output().unwrap()).exits(0);
        fs::write(world.path("private.py"), SERVE).unwrap();
        let mut command = world.program("python3");
        command.args(["private.py", "layout", "ann:s3cret"]).current_dir(world.root());
        let mut server = command.stdout(Stdio::piped()).spawn().unwrap();
        let mut port = String::new();
        BufReader::new(server.stdout.take().unwrap()).read_line(&mut port).unwrap();
        let host = format!("127.0.0.1:{}", port.trim());
        let insecure = format!("[[registry]]\nlocation = \"{host}\"\ninsecure = true\n");
        fs::write(world.path("registries.conf"), insecure).unwrap();
        Self { world, server, host }
    }

    fn base(&self) -> String {
        format!("{}/team/base:1", self.host)
    }

    fn build(&self, image: &Image, base: &str) -> Answer {
        let file = self.world.path("Definition");
        let entrypoint = "COPY --chmod=0755 entrypoint.sh /usr/local/bin/binnacle-entrypoint";
        fs::write(&file, format!("FROM {base}\n{entrypoint}\nCOPY bn /usr/local/bin/bn\n")).unwrap();
        let line = ["container", "build", "--tag", &image.reference, "--file", file.to_str().unwrap()];
        let mut command = self.world.bn_command(&line);
        command.env("CONTAINERS_REGISTRIES_CONF", self.world.path("registries.conf"));
        answer(own_store(&mut command).output().unwrap())
    }

    /// What `buildah login` writes, where it writes it.
    fn log_in(&self, login: &str) {
        let auth = self.world.shell(&format!("printf %s {login} | base64"));
        let auths = serde_json::json!({ "auths": { &self.host: { "auth": auth.trim() } } });
        self.world.shell("mkdir -p run/containers");
        fs::write(self.world.path("run/containers/auth.json"), auths.to_string()).unwrap();
    }
}

impl Drop for Private<'_> {
    fn drop(&mut self) {
        self.server.kill().ok();
        self.server.wait().ok();
        let mut remove = self.world.program("buildah");
        remove.args(["rmi", &self.base()]);
        own_store(&mut remove).output().ok();
    }
}

#[test]
fn a_base_comes_from_a_registry_with_the_login_that_the_user_has() {
    let world = World::new();
    let private = Private::new(&world);
    let image = Image::of(&world);
    let base = private.base();
    let refused = format!(
        "hint: the registry {0} does not give you {base}: you have no login there, or one that it refuses\n\
         hint: log in: buildah login {0}\n",
        private.host
    );
    let stranger = private.build(&image, &base).exits(125);
    assert!(stranger.stderr.ends_with(&refused), "{stranger:#?}");
    private.log_in("ann:wrong");
    let wrong = private.build(&image, &base).exits(125);
    assert!(wrong.stderr.ends_with(&refused), "{wrong:#?}");
    private.log_in("ann:s3cret");
    let unknown = private.build(&image, &format!("{}/team/none:1", private.host)).exits(125);
    assert!(unknown.stderr.contains("team/none:1: check the name and the tag\n"), "{unknown:#?}");
    private.build(&image, &base).exits(0);
    assert!(image.is_in_containerd());
}
