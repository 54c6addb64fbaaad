//! Installs with npm, pip and cargo through the proxy, from a registry on this machine that speaks TLS as the public ones do.

use std::fs;
use std::io::{BufRead, BufReader};
use std::process::{Child, Stdio};

use crate::world::{Answer, World};

const PACKAGES: &str = include_str!("registry/packages.sh");
const INSTALL: &str = include_str!("registry/install.sh");
const AGAIN: &str = include_str!("registry/again.sh");
const SERVE: &str = include_str!("registry/serve.py");

/// Serves the folder `registry` of the worktree, until it is dropped.
pub struct Registry {
    server: Child,
    pub url: String,
    pub host: String,
}

impl Registry {
    pub fn new(world: &World) -> Self {
        world.shell(
            "mkdir agent-1/registry; openssl req -x509 -newkey rsa:2048 -nodes -days 2 -subj /CN=localhost \
             -addext subjectAltName=DNS:localhost -keyout key.pem -out agent-1/registry/ca.pem 2>&1",
        );
        for (name, text) in [
            ("serve.py", SERVE),
            ("agent-1/packages.sh", PACKAGES),
            ("agent-1/install.sh", INSTALL),
            ("agent-1/again.sh", AGAIN),
        ] {
            fs::write(world.path(name), text).unwrap();
        }
        let mut command = world.program("python3");
        command.args(["serve.py", "agent-1/registry", "agent-1/registry/ca.pem", "key.pem"]);
        let mut server = command.current_dir(world.root()).stdout(Stdio::piped()).spawn().unwrap();
        let mut port = String::new();
        BufReader::new(server.stdout.take().unwrap()).read_line(&mut port).unwrap();
        let host = format!("localhost:{}", port.trim());
        Self { server, url: format!("https://{host}"), host }
    }

    /// In the image that has the package managers.
    pub fn run(&self, world: &World, name: &str, options: &[&str], script: &str) -> Answer {
        let image = std::env::var("BN_TEST_TOOLS_IMAGE").expect("BN_TEST_TOOLS_IMAGE: run scripts/test.sh");
        let name = world.name(name);
        let fixed = ["container", "run", "--tag", &image, "--name", &name, "../agent-1"];
        world.bn(&[&fixed[..], options, &["--", "bash", "-c", script]].concat())
    }
}

impl Drop for Registry {
    fn drop(&mut self) {
        self.server.kill().unwrap();
        self.server.wait().unwrap();
    }
}

#[test]
fn packages_are_installed_through_the_proxy_as_anywhere() {
    let world = World::new();
    let registry = Registry::new(&world);
    let url = &registry.url;
    registry.run(&world, "maker", &[], &format!("bash packages.sh registry {url}")).exits(0);
    let install = format!("bash install.sh {url} /workspace/registry/ca.pem");
    let refused = registry.run(&world, "closed", &[], &install);
    assert_ne!(refused.code, 0, "{refused:#?}");
    assert!(refused.stderr.contains(&format!("{}: loopback address", registry.host)), "{refused:#?}");
    let answer = registry.run(&world, "open", &["--allow", &registry.host], &install).exits(0);
    for manager in ["npm", "pip", "cargo"] {
        assert!(answer.stdout.contains(&format!("hello from {manager}\n")), "{manager}: {answer:#?}");
    }
}
