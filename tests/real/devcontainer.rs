//! `--devcontainer`: an image and settings from a project's own devcontainer.json.

use std::fs;
use std::net::TcpListener;

use crate::build::own_store;
use crate::world::{Answer, World, answer, ctr, run_line};

const DEVCONTAINER: &str = r#"// As an editor makes it.
{
    "build": { "dockerfile": "Dockerfile", "context": "..", "args": { "VARIANT": "twenty-two" }, "target": "dev" },
    "features": { "./greeter": { "word": "good 'day'" } },
    "runArgs": ["--privileged"],
    "containerEnv": { "COLOR": "blue", "HERE": "${containerWorkspaceFolder}/here", "BN_UID": "0" },
    "initializeCommand": "touch ../../initialized",
    "postCreateCommand": { "one": "echo one > set-up", "two": ["sh", "-c", "echo two >> set-up"] },
    "postStartCommand": "echo three >> set-up",
    "forwardPorts": [PORT],
    "remoteUser": "node", // and no other
}"#;

const GREETER: [(&str, &str); 2] = [
    (
        "devcontainer-feature.json",
        r#"{"id": "greeter", "options": {"word": {"default": "hi"}}, "containerEnv": {"GREETER": "is here"}, "privileged": true}"#,
    ),
    ("install.sh", "#!/bin/sh\nset -e\ncp beside /greeting\necho \"$WORD $(id -u) $_REMOTE_USER\" >> /greeting\n"),
];

/// A project with such a file, and the images that go with the test.
pub struct Project {
    pub world: World,
    tags: [String; 3],
}

impl Project {
    pub fn new(devcontainer: &str) -> Self {
        let world = World::new();
        let base = std::env::var("BN_TEST_BASE").unwrap_or_else(|_| "localhost/binnacle-base:debian".to_owned());
        fs::create_dir(world.path("repo/.devcontainer")).unwrap();
        fs::write(world.path("repo/.devcontainer/devcontainer.json"), devcontainer).unwrap();
        fs::create_dir(world.path("repo/.devcontainer/greeter")).unwrap();
        for (name, text) in GREETER {
            fs::write(world.path("repo/.devcontainer/greeter").join(name), text).unwrap();
        }
        world.shell("echo beside it > repo/.devcontainer/greeter/beside");
        let dockerfile = format!(
            "FROM {base} AS dev\nARG VARIANT\nCOPY file /of-the-project\nRUN echo $VARIANT > /variant && useradd node\nUSER node\n\
             FROM nothing.example/never:1\n"
        );
        fs::write(world.path("repo/.devcontainer/Dockerfile"), dockerfile).unwrap();
        world.shell("cd repo && git add -A && git commit -qm 'Describe the container' && git -C ../agent-1 merge -q --ff-only main");
        let repo = world.path("repo").canonicalize().unwrap();
        let id = world.shell(&format!("printf %s '{}' | sha256sum | cut -c1-16", repo.display())).trim().to_owned();
        let tags =
            ["binnacle-self:devcontainer-", "binnacle-devcontainer:"].map(|name| format!("localhost/{name}{id}"));
        let [whole, base] = tags;
        let tags = [whole, format!("{base}-features"), base];
        Self { world, tags }
    }

    pub fn bn(&self, line: &[&str]) -> Answer {
        answer(own_store(&mut self.world.bn_command(line)).output().unwrap())
    }

    pub fn run(&self, options: &[&str], script: &str) -> Answer {
        let line = run_line("../agent-1", options, script);
        // The image of all other tests is not to be named.
        let line: Vec<&str> = without_tag(&line);
        self.bn(&line)
    }
}

/// The line without the image of all other tests.
fn without_tag(line: &[String]) -> Vec<&str> {
    let at = line.iter().position(|word| word == "--tag");
    let kept =
        line.iter().enumerate().filter(|(position, _)| at.is_none_or(|at| *position != at && *position != at + 1));
    kept.map(|(_, word)| word.as_str()).collect()
}

impl Drop for Project {
    fn drop(&mut self) {
        ctr(&["images", "rm", &self.tags[0]]);
        let mut buildah = self.world.program("buildah");
        buildah.arg("rmi").args(&self.tags).env_remove("HOME").output().ok();
    }
}

/// One that nobody has, below those that the kernel gives to the tests beside this one.
fn free_port() -> u16 {
    let start = 20_000 + u16::try_from(std::process::id() % 10_000).unwrap();
    let is_free = |port: &u16| ["127.0.0.1", "::1"].iter().all(|host| TcpListener::bind((*host, *port)).is_ok());
    (start..32_000).find(is_free).unwrap()
}

#[test]
fn a_devcontainer_is_built_and_run_as_its_project_says() {
    let port = free_port();
    let project = Project::new(&DEVCONTAINER.replace("PORT", &port.to_string()));
    let missing = project.run(&["--devcontainer"], "true");
    assert!(
        missing.code != 0 && missing.stderr.contains("build it: bn container build --devcontainer"),
        "{missing:#?}"
    );
    let built = project.bn(&["container", "build", "--devcontainer", "--agent", "none"]).exits(0);
    assert!(built.stdout.starts_with(&format!("{} built (", project.tags[0])), "{built:#?}");
    let left_out = ".devcontainer/devcontainer.json: privileged of the feature ./greeter is left out\n";
    assert!(built.stderr.contains(left_out), "{built:#?}");
    // What an agent makes of the file counts for nothing.
    fs::write(project.world.path("agent-1/.devcontainer/devcontainer.json"), "{\"image\": \"other\"}").unwrap();
    let script = "cat /variant /of-the-project /greeting set-up; echo \"$GREETER\"; echo \"$COLOR $HERE $BN_UID $(id -u)\"; rm set-up; git checkout -q .";
    let answer = project.run(&["--devcontainer"], script).exits(0);
    let uid = rustix::process::geteuid().as_raw();
    let expected = format!(
        "twenty-two\nhello\nbeside it\ngood 'day' 0 root\none\ntwo\nthree\nis here\nblue /workspace/here {uid} {uid}\n"
    );
    assert!(answer.stdout.contains(&expected), "{answer:#?}");
    for said in [
        "runArgs is left out: a project does not choose the walls",
        "remoteUser is left out: an agent has your own uid",
        "initializeCommand is left out: nothing of a project's runs on this machine",
        "env.BN_UID is left out",
        "from the project's devcontainer.json: tag, setup, publish, env.COLOR, env.HERE",
        &format!("port {port} of "),
    ] {
        assert!(answer.stderr.contains(said), "{said}: {answer:#?}");
    }
    assert!(!project.world.path("initialized").exists() && !project.world.path("repo/initialized").exists());
    // What is typed counts more, and so does the project's own configuration.
    let answer = project
        .run(&["--devcontainer", "--setup", "true", "-e", "COLOR=red"], "echo \"$COLOR\"; ls set-up || true")
        .exits(0);
    assert!(answer.stdout.contains("red\n") && !answer.stdout.contains("\nset-up\n"), "{answer:#?}");
}

#[test]
fn a_devcontainer_opens_the_wall_only_where_its_user_says_so() {
    let project = Project::new(
        r#"{ "image": "localhost/nothing:1", "mounts": ["source=/usr/share/doc,target=/doc,type=bind,readonly", "source=v,target=/v,type=volume"] }"#,
    );
    let refused = project.run(&["--devcontainer"], "true");
    assert!(refused.code != 0 && refused.stderr.contains("mount = [\"/usr/share/doc:/doc:ro\"]"), "{refused:#?}");
    assert!(
        refused.stderr.contains("main:.devcontainer/devcontainer.json") && refused.stderr.contains("bn config trust"),
        "{refused:#?}"
    );
    let trusted = project.bn(&["config", "trust"]).exits(0);
    assert!(trusted.stdout.contains("/usr/share/doc:/doc:ro"), "{trusted:#?}");
    let image = std::env::var("BN_TEST_IMAGE").unwrap();
    let answer =
        project.run(&["--devcontainer", "--tag", &image], "ls /doc | head -1; touch /doc/x || echo closed").exits(0);
    assert!(answer.stdout.contains("closed\n"), "{answer:#?}");
    // Another value is another question.
    project.world.shell("cd repo && sed -i 's,/usr/share/doc,/usr/share/man,' .devcontainer/devcontainer.json && git commit -qam 'Ask for more'");
    let again = project.run(&["--devcontainer", "--tag", &image], "true");
    assert!(again.code != 0 && again.stderr.contains("/usr/share/man:/doc:ro"), "{again:#?}");
}
