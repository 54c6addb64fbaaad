//! Images of a registry that asks who one is: the login is the user's own, as buildah has it.

use std::fs;
use std::io::{BufRead, BufReader};
use std::path::Path;
use std::process::{Child, Stdio};

use crate::build::{Image, own_store};
use crate::devcontainer::Project;
use crate::wall::put;
use crate::world::{Answer, World, answer, image};

const SERVE: &str = include_str!("private.py");

/// Gives an image, as `team/base:1`, to ann alone.
struct Private<'a> {
    world: &'a World,
    server: Child,
    host: String,
}

impl<'a> Private<'a> {
    fn new(world: &'a World) -> Self {
        Self::giving(
            world,
            &std::env::var("BN_TEST_BASE").unwrap_or_else(|_| "localhost/binnacle-base:debian".to_owned()),
        )
    }

    /// Of an image of buildah's.
    fn giving(world: &'a World, image: &str) -> Self {
        let mut push = world.program("buildah");
        push.args(["push", "--quiet", "--format", "oci", image, "oci:layout:x"]).current_dir(world.root());
        answer(own_store(&mut push).output().unwrap()).exits(0);
        Self::serving(world)
    }

    /// What is in `layout`.
    fn serving(world: &'a World) -> Self {
        fs::write(world.path("private.py"), SERVE).unwrap();
        let mut command = world.program("python3");
        command.args(["private.py", "layout", "ann:s3cret"]).current_dir(world.root());
        let mut server = command.stdout(Stdio::piped()).spawn().unwrap();
        let mut port = String::new();
        BufReader::new(server.stdout.take().unwrap()).read_line(&mut port).unwrap();
        let host = format!("127.0.0.1:{}", port.trim());
        let insecure = format!("[[registry]]\nlocation = \"{host}\"\ninsecure = true\n");
        fs::write(world.path("registries.conf"), &insecure).unwrap();
        // skopeo has no variable for it.
        world.shell("mkdir -p home/.config/containers");
        fs::write(world.path("home/.config/containers/registries.conf"), insecure).unwrap();
        Self { world, server, host }
    }

    fn base(&self) -> String {
        format!("{}/team/base:1", self.host)
    }

    /// The image in the registry, under its own name.
    fn run(&self, reference: &str, login: Option<&Path>) -> Answer {
        let job = self.world.job();
        let line = ["container", "run", "../agent-1", "--name", &job, "--tag", reference, "--", "echo", "it runs"];
        let mut command = self.world.bn_command(&line);
        command.env("CONTAINERS_REGISTRIES_CONF", self.world.path("registries.conf"));
        if let Some(file) = login {
            command.env("REGISTRY_AUTH_FILE", file);
        }
        answer(own_store(&mut command).output().unwrap())
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
        self.world.shell("mkdir -p run/containers");
        self.write_login(login, &self.world.path("run/containers/auth.json"));
    }

    fn write_login(&self, login: &str, file: &Path) {
        let auth = self.world.shell(&format!("printf %s {login} | base64"));
        let auths = serde_json::json!({ "auths": { &self.host: { "auth": auth.trim() } } });
        fs::write(file, auths.to_string()).unwrap();
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
    assert!(unknown.stderr.contains("team/none:1\nhint: check the name and the tag\n"), "{unknown:#?}");
    private.build(&image, &base).exits(0);
    assert!(image.is_in_containerd());
}

/// A feature as registries have it: an archive, beside a configuration that says nothing.
const FEATURE: &str = r#"
mkdir -p layout/blobs/sha256 feature
echo '{"id": "greeter", "options": {"word": {"default": "hello"}}}' > feature/devcontainer-feature.json
printf '#!/bin/sh\necho "$WORD from afar" > /greeting\n' > feature/install.sh
ln -s /etc/passwd feature/link
blob() { digest=$(sha256sum < "$1" | cut -d' ' -f1); size=$(stat -c %s "$1"); mv "$1" "layout/blobs/sha256/$digest"; }
tar -C feature -cf archive .
blob archive
archive="{\"mediaType\": \"application/vnd.devcontainers.layer.v1+tar\", \"digest\": \"sha256:$digest\", \"size\": $size}"
printf '{}' > config
blob config
config="{\"mediaType\": \"application/vnd.devcontainers\", \"digest\": \"sha256:$digest\", \"size\": $size}"
kind=application/vnd.oci.image.manifest.v1+json
echo "{\"schemaVersion\": 2, \"mediaType\": \"$kind\", \"config\": $config, \"layers\": [$archive]}" > manifest
blob manifest
echo "{\"schemaVersion\": 2, \"manifests\": [{\"mediaType\": \"$kind\", \"digest\": \"sha256:$digest\", \"size\": $size}]}" > layout/index.json
"#;

#[test]
fn a_feature_of_a_devcontainer_comes_from_a_registry_with_the_login_that_the_user_has() {
    let base = std::env::var("BN_TEST_BASE").unwrap_or_else(|_| "localhost/binnacle-base:debian".to_owned());
    let project = Project::new(&format!("{{\"image\": \"{base}\", \"features\": {{\"HOST/team/base:1\": {{}}}}}}"));
    let world = &project.world;
    world.shell(FEATURE);
    let private = Private::serving(world);
    // With an ordinary user's own store it would look in the real home.
    fs::create_dir(world.path("bin")).unwrap();
    let skopeo = format!("exec /usr/bin/skopeo --registries-conf {} \"$@\"", world.path("registries.conf").display());
    put(&world.path("bin"), "skopeo", &skopeo);
    world.shell(&format!(
        "cd repo && sed -i s/HOST/{}/ .devcontainer/devcontainer.json && git commit -qam 'Name the registry'",
        private.host
    ));
    let build = || {
        let mut command = world.bn_command(&["container", "build", "--devcontainer", "--agent", "none"]);
        command.env("CONTAINERS_REGISTRIES_CONF", world.path("registries.conf"));
        command.env("PATH", format!("{}:{}", world.path("bin").display(), std::env::var("PATH").unwrap()));
        answer(own_store(&mut command).output().unwrap())
    };
    let stranger = build().exits(125);
    assert!(stranger.stderr.contains(&format!("log in: buildah login {}\n", private.host)), "{stranger:#?}");
    private.log_in("ann:s3cret");
    build().exits(0);
    let ran = project.run(&["--devcontainer"], "cat /greeting").exits(0);
    assert!(ran.stdout.contains("hello from afar\n"), "{ran:#?}");
    // What is packed small may be large.
    let more = "head -c 2M /dev/zero >> feature/devcontainer-feature.json\nln -sf ";
    world.shell(&FEATURE.replace("ln -s ", more));
    let large = build().exits(2);
    assert!(large.stderr.contains("its devcontainer-feature.json has more than 1048576 bytes"), "{large:#?}");
}

#[test]
fn a_run_fetches_an_image_that_is_nowhere_here_with_the_login_that_the_user_has() {
    let world = World::new();
    let private = Private::giving(&world, &image());
    let fetched = Image { world: &world, reference: private.base() };
    let reference = &fetched.reference;
    let refused = format!(
        "Error: the registry {0} does not give you {reference}: you have no login there, or one that it refuses\n\
         hint: log in: buildah login {0}\n",
        private.host
    );
    let stranger = private.run(reference, None).exits(125);
    assert!(stranger.stderr.ends_with(&refused) && world.list().is_empty(), "{stranger:#?}");
    let file = world.path("login.json");
    private.write_login("ann:s3cret", &file);
    let ran = private.run(reference, Some(&file)).exits(0);
    assert!(ran.stdout.contains("it runs\n"), "{ran:#?}");
    let fetching = format!("neither containerd nor buildah has {reference}: fetching it from {}\n", private.host);
    assert!(ran.stderr.contains(&fetching), "{ran:#?}");
    let again = private.run(reference, None).exits(0);
    assert!(!again.stderr.contains("fetching"), "{again:#?}");
}
