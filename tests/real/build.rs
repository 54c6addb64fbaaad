//! Images, built by buildah and handed to containerd.

use crate::world::{Answer, User, World, answer, ctr};

/// An image that goes with the test.
pub struct Image<'a> {
    pub world: &'a World,
    pub reference: String,
}

impl<'a> Image<'a> {
    pub fn of(world: &'a World) -> Self {
        Self { world, reference: format!("localhost/bn-real:{}", world.name("built")) }
    }

    /// Builds it from this definition, in the store of the user's own home: the base is there.
    pub fn build(&self, definition: &str) -> Answer {
        self.build_with(definition, &[])
    }

    pub fn build_with(&self, definition: &str, options: &[&str]) -> Answer {
        let file = self.world.path("Definition");
        std::fs::write(&file, definition).unwrap();
        let line = ["container", "build", "--tag", &self.reference, "--file", file.to_str().unwrap()];
        let mut command = self.world.bn_command(&[&line[..], options].concat());
        answer(own_store(&mut command).output().unwrap())
    }

    pub fn is_in_containerd(&self) -> bool {
        ctr(&["images", "ls", "-q"]).lines().any(|line| line == self.reference)
    }
}

impl Drop for Image<'_> {
    fn drop(&mut self) {
        ctr(&["images", "rm", &self.reference]);
        let mut buildah = self.world.program("buildah");
        buildah.args(["rmi", &self.reference]).env_remove("HOME").output().ok();
    }
}

/// With buildah's own store: an ordinary user's is in the real home.
pub fn own_store(command: &mut std::process::Command) -> &mut std::process::Command {
    if rustix::process::geteuid().is_root() { command } else { command.env_remove("HOME") }
}

/// The least that is an agent's image.
pub fn least() -> String {
    let entrypoint = "COPY --chmod=0755 entrypoint.sh /usr/local/bin/binnacle-entrypoint";
    format!("FROM {}\n{entrypoint}\nCOPY bn /usr/local/bin/bn\n", base())
}

fn base() -> String {
    std::env::var("BN_TEST_BASE").unwrap_or_else(|_| "localhost/binnacle-base:debian".to_owned())
}

#[test]
fn an_image_is_handed_to_containerd_once() {
    let world = World::new();
    let built = Image::of(&world);
    let definition = least();
    assert!(built.build(&definition).exits(0).stdout.starts_with(&format!("{} built (", built.reference)));
    assert!(built.is_in_containerd());
    assert!(built.build(&definition).exits(0).stdout.starts_with(&format!("{} unchanged (", built.reference)));
}

#[test]
fn an_image_that_buildah_has_is_taken_by_the_run_that_wants_it() {
    let world = World::new();
    let built = Image::of(&world);
    built.build(&(least() + "RUN echo mine > /mine\n")).exits(0);
    ctr(&["images", "rm", "--sync", &built.reference]);
    assert!(!built.is_in_containerd());
    let run = |name: &str| {
        let line = ["container", "run", "--tag", &built.reference, "--name", name, "../agent-1", "--", "cat", "/mine"];
        let mut command = world.bn_command(&line);
        answer(own_store(&mut command).output().unwrap())
    };
    let taken = run(&world.name("first")).exits(0);
    let said = format!("containerd has no {}: taking it from the images of buildah and podman\n", built.reference);
    assert!(taken.stderr.contains(&said) && taken.stdout.contains("mine\n"), "{taken:#?}");
    let again = run(&world.name("again")).exits(0);
    assert!(!again.stderr.contains("taking it") && again.stdout.contains("mine\n"), "{again:#?}");
    let none =
        world.bn(&["container", "run", "--tag", "localhost/bn-real:nowhere", "../agent-1", "--", "true"]).exits(125);
    assert!(
        none.stderr.contains("hint: docker has it: buildah pull docker-daemon:localhost/bn-real:nowhere"),
        "{none:#?}"
    );
}

/// Where a run of the same repository has had the image, nobody but `ctr run` is asked whether it is there.
#[test]
fn an_image_that_went_since_the_last_run_is_got_again_or_missed() {
    let world = World::new();
    let built = Image::of(&world);
    built.build(&(least() + "RUN echo mine > /mine\n")).exits(0);
    let run = || {
        let line = ["container", "run", "--verbose", "--tag", &built.reference, "../agent-1", "--", "cat", "/mine"];
        answer(own_store(&mut world.bn_command(&line)).output().unwrap())
    };
    let asks = |answer: &Answer| answer.stderr.lines().filter(|line| line.contains(" images ls ")).count();
    assert_eq!(asks(&run().exits(0)), 1);
    // sudo's question comes first, where it has one.
    let is_root = usize::from(!rustix::process::geteuid().is_root());
    assert_eq!(asks(&run().exits(0)), is_root);
    ctr(&["images", "rm", "--sync", &built.reference]);
    let taken = run().exits(0);
    assert!(taken.stderr.contains("taking it from the images of buildah") && taken.stdout.contains("mine\n"));
    ctr(&["images", "rm", "--sync", &built.reference]);
    own_store(world.program("buildah").args(["rmi", &built.reference])).output().unwrap();
    let missed = run().exits(125);
    let error = format!("Error: the image {} is not built\n", built.reference);
    assert!(missed.stderr.contains(&error) && missed.stderr.contains("hint: build it: "), "{missed:#?}");
    assert_eq!(missed.stdout, "");
    let list = own_store(&mut world.bn_command(&["container", "list", "--all", "--json"])).output().unwrap();
    let list: serde_json::Value = serde_json::from_slice(&list.stdout).unwrap();
    assert_eq!(list.as_array().map(Vec::len), Some(3), "{list:#}");
    assert_eq!(world.git("for-each-ref refs/binnacle"), "");
    assert_eq!(
        world.shell("find run -mindepth 2 -name 'binnacle-self-*'; ls -d repo/.git/binnacle 2>/dev/null || true"),
        ""
    );
}

/// containerd's own copy of a file of an image.
fn content(digest: &str) -> serde_json::Value {
    serde_json::from_str(&ctr(&["content", "get", digest])).unwrap()
}

#[test]
fn an_image_arrives_as_oci_and_nothing_of_its_way_is_left() {
    let world = World::new();
    let built = Image::of(&world);
    world.shell("mkdir tmp");
    let file = world.path("Definition");
    std::fs::write(&file, least()).unwrap();
    let line = ["container", "build", "--tag", &built.reference, "--file", file.to_str().unwrap()];
    let mut command = world.bn_command(&line);
    // Whoever prefers docker's formats gets OCI's here.
    command.env_remove("HOME").env("BUILDAH_FORMAT", "docker").env("TMPDIR", world.path("tmp"));
    answer(command.output().unwrap()).exits(0);
    let images = ctr(&["images", "ls"]);
    let row: Vec<_> =
        images.lines().find(|row| row.starts_with(&built.reference)).unwrap().split_whitespace().collect();
    let image_type = "application/vnd.oci.image";
    assert_eq!(row[1], format!("{image_type}.manifest.v1+json"));
    let manifest = content(row[2]);
    assert_eq!(manifest["config"]["mediaType"], format!("{image_type}.config.v1+json"));
    let layers: Vec<_> = manifest["layers"].as_array().unwrap().iter().map(|layer| &layer["mediaType"]).collect();
    assert!(
        layers.len() >= 2 && layers.iter().all(|kind| **kind == format!("{image_type}.layer.v1.tar+gzip")),
        "{layers:?}"
    );
    assert_eq!(content(manifest["config"]["digest"].as_str().unwrap())["os"], "linux");
    assert_eq!(world.shell("ls -A tmp"), "");
}

/// Puts a program first on a PATH of its own, in place of the one that has all but this to say.
pub fn with_program(world: &World, name: &str, body: &str) -> String {
    use std::os::unix::fs::PermissionsExt;
    let path = world.path("bin").join(name);
    std::fs::create_dir_all(world.path("bin")).unwrap();
    let real = world.shell(&format!("command -v {name}"));
    std::fs::write(&path, format!("#!/bin/bash\n{body}\nexec {real} \"$@\"\n")).unwrap();
    std::fs::set_permissions(&path, std::fs::Permissions::from_mode(0o755)).unwrap();
    format!("{}:{}", world.path("bin").display(), std::env::var("PATH").unwrap())
}

#[test]
fn whichever_program_fails_on_the_way_is_the_one_that_is_quoted() {
    let cases = [
        (
            "buildah",
            "if [[ $1 == push ]]; then echo 'writing blob: no space left on device' >&2; exit 125; fi",
            "no space left on device",
        ),
        (
            "tar",
            "echo 'tar: ./index.json: Cannot open: Input/output error' >&2; exit 2",
            "tar: ./index.json: Cannot open",
        ),
        (
            "ctr",
            "if [[ $* == *import* ]]; then head -c 9 >/dev/null; echo 'ctr: no room here' >&2; exit 1; fi",
            "ctr: no room here",
        ),
    ];
    let is_root = rustix::process::geteuid().is_root();
    for (program, body, said) in cases {
        let world = World::new();
        let built = Image::of(&world);
        world.shell("mkdir tmp");
        let file = world.path("Definition");
        std::fs::write(&file, least()).unwrap();
        // sudo has a PATH of its own: an ordinary user's ctr is replaced in front of it.
        let replaced = if program == "ctr" && !is_root { "sudo" } else { program };
        let path = with_program(&world, replaced, body);
        let line = ["container", "build", "--tag", &built.reference, "--file", file.to_str().unwrap()];
        let mut command = world.bn_command(&line);
        let failed =
            answer(command.env_remove("HOME").env("PATH", path).env("TMPDIR", world.path("tmp")).output().unwrap());
        let failed = failed.exits(125);
        let start = format!("Error: containerd did not import the image {}: ", built.reference);
        let error =
            failed.stderr.lines().find(|line| line.starts_with(&start)).unwrap_or_else(|| panic!("{failed:#?}"));
        assert!(error.contains(said), "{program}: {error}");
        assert_eq!(
            failed.stderr.contains("hint: build in a folder with more room: TMPDIR="),
            program == "buildah",
            "{failed:#?}"
        );
        assert!(!built.is_in_containerd());
        assert_eq!(world.shell("ls -A tmp"), "");
    }
}

/// Builds it, and returns how many bytes of it went over to containerd, each time that something did.
fn build_and_weigh(built: &Image, definition: &str) -> Vec<u64> {
    let world = built.world;
    let file = world.path("Definition");
    std::fs::write(&file, definition).unwrap();
    let weights = world.path("weights");
    std::fs::write(&weights, "").unwrap();
    let path = with_program(world, "tar", &format!("du -sb \"$2\" | cut -f 1 >> {}", weights.display()));
    let line = ["container", "build", "--tag", &built.reference, "--file", file.to_str().unwrap()];
    let mut command = world.bn_command(&line);
    answer(command.env_remove("HOME").env("PATH", path).output().unwrap()).exits(0);
    std::fs::read_to_string(weights).unwrap().lines().map(|line| line.parse().unwrap()).collect()
}

/// What an agent finds in an image of these tests.
fn value_inside(built: &Image) -> String {
    let job = built.world.job();
    let run = ["container", "run", "../agent-1", "--tag", &built.reference, "--name", &job, "--no-merge", "--"];
    built.world.bn(&[&run[..], &["bash", "-c", "echo value $VALUE $(cat /value)"]].concat()).exits(0).stdout
}

/// The least image with a mark of this one's own below the rest: a build takes no layer of another test's.
pub fn least_of(built: &Image) -> String {
    least().replacen('\n', &format!("\nENV MARK={}\n", built.reference), 1)
}

#[test]
fn only_what_containerd_lacks_of_an_image_goes_over() {
    const SMALL: u64 = 1 << 20;
    let world = World::new();
    let built = Image::of(&world);
    let least = least_of(&built);
    build_and_weigh(&built, &format!("{least}RUN echo one > /value\n"));
    let next = format!("{least}RUN echo two > /value\nENV VALUE=three\n");
    let changed = build_and_weigh(&built, &next);
    // Twice where containerd cleared away for another test meanwhile.
    assert!(!changed.is_empty() && changed.iter().all(|weight| *weight < SMALL), "{changed:?}");
    assert!(value_inside(&built).contains("value three two"));
    assert_eq!(ctr(&["images", "check", "-q", &format!("name=={}", built.reference)]).trim(), built.reference);
    let same = build_and_weigh(&built, &next);
    assert!(same.is_empty(), "{same:?}");
}

/// containerd's record of an image names a layer that its store has no more.
#[test]
fn a_layer_that_containerd_lost_goes_over_again() {
    let world = World::new();
    let built = Image::of(&world);
    let before = format!("{}RUN echo {} > /value\n", least_of(&built), built.reference);
    build_and_weigh(&built, &before);
    let images = ctr(&["images", "ls", &format!("name=={}", built.reference)]);
    let manifest = content(images.lines().nth(1).unwrap().split_whitespace().nth(2).unwrap());
    let last = manifest["layers"].as_array().unwrap().last().unwrap()["digest"].as_str().unwrap();
    ctr(&["content", "rm", last]);
    let went = build_and_weigh(&built, &format!("{before}ENV VALUE=new\n"));
    // containerd may notice at once, and is then asked once more for the same.
    assert!(went.first() < went.last(), "{went:?}");
    assert!(value_inside(&built).contains(&format!("value new {}", built.reference)));
    assert_eq!(ctr(&["images", "check", "-q", &format!("name=={}", built.reference)]).trim(), built.reference);
}

#[test]
fn an_image_that_gives_orders_to_containerd_is_refused() {
    let world = World::new();
    let built = Image::of(&world);
    let definition = format!("FROM {}\nLABEL containerd.io/restart.loguri=binary:///bin/touch?/tmp/x\n", base());
    let refused = built.build(&definition).exits(125);
    assert!(refused.stderr.contains("containerd.io/restart.loguri"), "{refused:#?}");
    assert!(!built.is_in_containerd());
}

/// A link in one stage, and a mount of what is behind it in the next: older versions of buildah mount the host's folder.
#[test]
fn a_projects_definition_with_mounts_is_built_by_no_buildah_that_lets_them_reach_the_host() {
    let world = World::new();
    let version = world.shell("buildah --version");
    let canary = world.path("behind");
    world.shell("mkdir behind; chmod 777 behind; mkdir repo/.binnacle");
    let definition = format!(
        "FROM {base} AS one\nRUN ln -s {behind} /link\nFROM {base}\nRUN --mo\\\nunt=type=bind,from=one,source=/link,target=/m,rw touch /m/out; true\n",
        base = base(),
        behind = canary.display()
    );
    std::fs::write(world.path("repo/.binnacle/Containerfile"), definition).unwrap();
    world.git("add .binnacle");
    world.git("commit -q -m image");
    let built = Image::of(&world);
    let mut command = world.bn_command(&["container", "build", "--tag", &built.reference]);
    let answered = answer(command.env_remove("HOME").output().unwrap());
    assert!(!canary.join("out").exists(), "{version}: {answered:#?}");
    if version.starts_with("buildah version 1.28") {
        assert!(answered.exits(125).stderr.contains("--mount"), "{version}");
        let mut control =
            world.bn_command(&["container", "build", "--tag", &built.reference, "--file", ".binnacle/Containerfile"]);
        let control = answer(control.env_remove("HOME").output().unwrap());
        assert!(canary.join("out").exists(), "the control shows nothing: {control:#?}");
    }
}

#[test]
fn a_definition_that_fails_is_no_image() {
    let world = World::new();
    let built = Image::of(&world);
    let failed = built.build(&format!("FROM {}\nRUN echo oh-no >&2; exit 3\n", base())).exits(125);
    assert!(failed.stderr.contains("\noh-no\n"), "{failed:#?}");
    let said =
        format!("\nError: buildah could not build {}: RUN echo oh-no >&2; exit 3: exit status 3\n", built.reference);
    assert!(failed.stderr.ends_with(&said) && !failed.stderr.contains("building at STEP"), "{failed:#?}");
    let file = world.path("Definition");
    let line = ["-v", "container", "build", "--tag", &built.reference, "--file", file.to_str().unwrap()];
    let all = answer(own_store(&mut world.bn_command(&line)).output().unwrap()).exits(125);
    assert!(all.stderr.contains("building at STEP") && all.stderr.ends_with(&said), "{all:#?}");
    assert!(!built.is_in_containerd());
}

/// buildah itself says what the hints are chosen by, and what an image lacks is seen by a look into it.
#[test]
fn a_definition_that_makes_no_agents_image_is_told_why() {
    let world = World::new();
    let built = Image::of(&world);
    let base = base();
    let no_file =
        "hint: COPY found no package.json: the build context holds bn, entrypoint.sh, install.sh and the Containerfile";
    let cases = [
        (format!("FROM {base}\nCOPY package.json /srv/\n"), vec![no_file]),
        (format!("FROM {base}\nRUN bash -c 'exit 3'\n"), vec![]),
        (
            format!("FROM {base}\nRUN rm -f /bin/bash /usr/bin/bash\nRUN bash -c true\n"),
            vec!["hint: there is no bash at this step"],
        ),
        (
            "FROM localhost:1/x\n".to_owned(),
            vec![
                "hint: the registry localhost:1 does not answer: connection refused",
                "hint: localhost:1/x:latest is not in your own store",
                "hint: list your images: buildah images",
            ],
        ),
        (format!("{}USER nobody\n", least()), vec!["hint: end the Containerfile with the line: USER root"]),
        (
            "FROM scratch\nCOPY bn /usr/local/bin/bn\n".to_owned(),
            vec!["hint: install what is missing in the Containerfile"],
        ),
        (
            format!("FROM {base}\nCOPY bn /usr/local/bin/bn\n"),
            vec!["hint: a line for the Containerfile: COPY --chmod=0755 entrypoint.sh"],
        ),
    ];
    for (definition, hints) in cases {
        let failed = built.build(&definition).exits(125);
        let told: Vec<_> = failed.stderr.lines().filter(|line| line.starts_with("hint: ")).collect();
        let fits = hints.iter().all(|hint| told.iter().any(|line| line.starts_with(hint)));
        assert!(fits && told.is_empty() == hints.is_empty(), "{definition}: {failed:#?}");
        assert!(!built.is_in_containerd(), "{definition}");
    }
    let containers = world.shell("buildah containers --format '{{.ImageName}}'");
    assert!(!containers.contains(&built.reference), "a container was left: {containers}");
    if world.shell("buildah --version").starts_with("buildah version 1.28") {
        let failed = built.build(&format!("FROM {base}\nRUN <<EOF\necho hi\nEOF\n")).exits(125);
        assert!(failed.stderr.contains("hint: this buildah knows no here-documents"), "{failed:#?}");
    }
}

#[test]
fn a_user_builds_without_root_and_runs_an_agent_in_it() {
    let Some(world) = World::of_other(User::Passwordless) else { return };
    // The base as a user has it who made or pulled one: in a store of the user's own.
    let archive = std::env::var("BN_TEST_BASE_ARCHIVE").expect("BN_TEST_BASE_ARCHIVE: run scripts/test.sh");
    let mut pull = world.program("buildah");
    pull.args(["pull", "--quiet", &format!("docker-archive:{archive}")]).env_remove("HOME").current_dir(world.root());
    answer(pull.output().unwrap()).exits(0);
    let built = Image::of(&world);
    let line = ["container", "build", "--tag", &built.reference, "--base-image", &base(), "--agent", "none"];
    let mut command = world.bn_command(&line);
    answer(command.env_remove("HOME").output().unwrap()).exits(0);
    assert!(built.is_in_containerd());
    let run = ["container", "run", "../agent-1", "--tag", &built.reference, "--name", &world.job(), "--"];
    let script = ["bash", "-c", "id -u > mine && git add mine && git commit -q -m work"];
    world.bn(&[&run[..], &script].concat()).exits(0);
    world.assert_on_main("work");
    assert_eq!(world.shell("cat repo/mine"), world.shell("id -u"));
}
