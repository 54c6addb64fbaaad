//! Command lines for `ctr`.

use std::ffi::OsString;
use std::path::PathBuf;

use serde::{Deserialize, Serialize};

use crate::container::layout::Digest;
use crate::container::limits::Limits;
use crate::container::mount::{Mount, sorted};
use crate::container::{LABEL_IMAGE_ID, LABEL_REPO, LABEL_RUN, LABEL_SESSION, NAMESPACE};
use crate::process::Cmd;

/// Where containerd listens, and whether asking it needs root.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Ctr {
    pub address: String,
    pub needs_root: bool,
}

/// Flags of `ctr run` that newer versions have.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Flags {
    pub hostname: bool,
    pub rlimit: bool,
}

impl Flags {
    /// What the help of `ctr run` names.
    pub fn of_help(help: &str) -> Self {
        Self { hostname: help.contains("--hostname"), rlimit: help.contains("--rlimit-nofile") }
    }
}

/// The labels by which an image could make containerd itself start programs of the host; given empty, they are inert.
const RESTART_LABELS: [&str; 4] = ["status", "loguri", "policy", "explicitly-stopped"];

/// The capabilities that `ctr` gives by default and that nothing in the container needs.
/// What is left (CHOWN, SETUID, SETGID, SETPCAP) is what the entrypoint needs to drop the rest.
const DROPPED: [&str; 10] = [
    "CAP_DAC_OVERRIDE",
    "CAP_FSETID",
    "CAP_FOWNER",
    "CAP_MKNOD",
    "CAP_NET_RAW",
    "CAP_SETFCAP",
    "CAP_NET_BIND_SERVICE",
    "CAP_SYS_CHROOT",
    "CAP_KILL",
    "CAP_AUDIT_WRITE",
];

/// What `ctr run` is told.
#[derive(Clone, Debug, PartialEq)]
pub struct ContainerSpec {
    pub id: String,
    pub image: String,
    pub repo: String,
    /// The run's session: two runs can have the same name, one after the other.
    pub session: String,
    pub mounts: Vec<Mount>,
    /// Never a secret: these end up in containerd's database.
    pub env: Vec<(String, String)>,
    pub args: Vec<String>,
    pub limits: Limits,
    pub host_network: bool,
    pub hostname: Option<String>,
    pub seccomp: Option<PathBuf>,
    /// The AppArmor profile that containerd brings, where the kernel has AppArmor.
    pub apparmor: Option<String>,
    /// `ctr` sets the limit of open files itself; before 2.3 it could not.
    pub rlimit_flag: bool,
    pub pid_file: PathBuf,
    pub streams: Streams,
}

/// Where the container's output goes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Streams {
    /// The user's terminal; `ctr` stays in the foreground.
    Terminal { fifo_dir: Option<PathBuf> },
    /// A file; `ctr` returns once the container runs.
    Log(PathBuf),
}

impl Ctr {
    fn ctr(&self) -> Cmd {
        let cmd = Cmd::new("ctr").args(["--address", &self.address, "--namespace", NAMESPACE]);
        if self.needs_root { cmd.as_root() } else { cmd }
    }

    /// Asks the daemon for its version: the harmless command that shows whether all the others can work.
    pub fn version(&self) -> Cmd {
        let cmd = Cmd::new("ctr").args(["--address", &self.address, "--connect-timeout", "5s", "version"]);
        if self.needs_root { cmd.as_root() } else { cmd }
    }

    /// Which flags this `ctr` has.
    pub fn run_help() -> Cmd {
        Cmd::new("ctr").args(["run", "--help"]).only_reads()
    }

    pub fn run(&self, spec: &ContainerSpec) -> Cmd {
        let mut cmd = self.ctr().arg("run");
        cmd = match &spec.streams {
            // --rm removes the container with its end; a detached one is removed by its owner.
            Streams::Terminal { fifo_dir } => {
                let cmd = cmd.args(["--rm", "--tty"]);
                match fifo_dir {
                    Some(folder) => cmd.arg("--fifo-dir").arg(folder),
                    None => cmd,
                }
            }
            Streams::Log(path) => {
                let mut uri = OsString::from("file://");
                uri.push(path);
                cmd.args(["--detach", "--log-uri"]).arg(uri)
            }
        };
        cmd = cmd.arg("--pid-file").arg(&spec.pid_file).args(labels(spec)).args(wall(spec)).args(limits(spec));
        if spec.host_network {
            cmd = cmd.arg("--net-host");
        }
        for mount in sorted(spec.mounts.clone()) {
            cmd = cmd.arg("--mount").arg(mount.to_argument());
        }
        for (key, value) in &spec.env {
            cmd = cmd.args(["--env".to_owned(), format!("{key}={value}")]);
        }
        cmd.args(["--cwd", "/workspace", &spec.image, &spec.id]).args(&spec.args)
    }

    /// Every process of the namespace, as a table.
    pub fn tasks(&self) -> Cmd {
        self.ctr().args(["tasks", "ls"])
    }

    /// Sends a signal to the first process, or to all of them.
    pub fn kill(&self, id: &str, signal: &str, all: bool) -> Cmd {
        let cmd = self.ctr().args(["tasks", "kill", "--signal", signal]);
        if all { cmd.arg("--all") } else { cmd }.arg(id)
    }

    /// Holds all processes of the container still.
    pub fn pause(&self, id: &str) -> Cmd {
        self.ctr().args(["tasks", "pause", id])
    }

    pub fn resume(&self, id: &str) -> Cmd {
        self.ctr().args(["tasks", "resume", id])
    }

    /// Removes what is left of the process, dead or alive.
    pub fn remove_task(&self, id: &str) -> Cmd {
        self.ctr().args(["tasks", "rm", "--force", id])
    }

    pub fn remove_container(&self, id: &str) -> Cmd {
        self.ctr().args(["containers", "rm", id])
    }

    /// Prints the id if such a container is there.
    pub fn container(&self, id: &str) -> Cmd {
        self.ctr().args(["containers", "ls", "-q", &format!("id=={id}")])
    }

    /// Prints the id if such a container is there and is this run's.
    pub fn own_container(&self, id: &str, session: &str) -> Cmd {
        let filter = format!("id=={id},labels.\"{LABEL_SESSION}\"=={session}");
        self.ctr().args(["containers", "ls", "-q", &filter])
    }

    /// Prints all that containerd keeps of a container, as JSON.
    pub fn container_info(&self, id: &str) -> Cmd {
        self.ctr().args(["containers", "info", id])
    }

    /// Prints the reference if the image is there. A run asks this first: who does not answer soon is not there.
    pub fn image(&self, reference: &str) -> Cmd {
        self.ctr()
            .args(["--connect-timeout", "5s", "images", "ls", "-q", &format!("name=={reference}")])
            .assumed_to_print(reference)
    }

    /// Prints the reference if the image is there and came from this build.
    pub fn image_with_id(&self, reference: &str, image_id: &str) -> Cmd {
        let filter = format!("name=={reference},labels.\"{LABEL_IMAGE_ID}\"=={image_id}");
        self.ctr().args(["images", "ls", "-q", &filter])
    }

    /// Prints a table of the images that `bn` built.
    pub fn built_images(&self) -> Cmd {
        self.ctr().args(["images", "ls", &format!("labels.\"{LABEL_IMAGE_ID}\"")]).assumed_to_print("")
    }

    /// Prints a piece of an image, such as its manifest.
    pub fn content(&self, digest: &Digest) -> Cmd {
        self.ctr().args(["content", "get", digest.as_str()])
    }

    /// Prints the reference if all of the image is there and unpacked.
    pub fn whole_image(&self, reference: &str) -> Cmd {
        self.ctr().args(["images", "check", "-q", &format!("name=={reference}")])
    }

    /// Reads an archive from standard input.
    pub fn import(&self) -> Cmd {
        self.ctr().args(["images", "import", "-"])
    }

    /// Removes the image's name; containerd clears away what nothing else names.
    pub fn remove_image(&self, reference: &str) -> Cmd {
        self.ctr().args(["images", "rm", "--sync", reference])
    }

    /// Prints a table of all containers: their ids and images.
    pub fn containers(&self) -> Cmd {
        self.ctr().args(["containers", "ls"]).assumed_to_print("")
    }

    pub fn label_image(&self, reference: &str, image_id: &str) -> Cmd {
        self.ctr().args(["images", "label", reference, &format!("{LABEL_IMAGE_ID}={image_id}")])
    }
}

fn labels(spec: &ContainerSpec) -> Vec<String> {
    let own = [
        format!("{LABEL_RUN}={}", spec.id),
        format!("{LABEL_REPO}={}", spec.repo),
        format!("{LABEL_SESSION}={}", spec.session),
    ];
    let inert = RESTART_LABELS.map(|label| format!("containerd.io/restart.{label}="));
    own.into_iter().chain(inert).flat_map(|label| ["--label".to_owned(), label]).collect()
}

fn wall(spec: &ContainerSpec) -> Vec<OsString> {
    let mut args: Vec<OsString> = DROPPED.iter().flat_map(|name| ["--cap-drop".into(), OsString::from(name)]).collect();
    // No path: a new one. By itself ctr makes none, and on version 2 a container would see the groups of the whole host.
    args.extend(["--with-ns".into(), "cgroup:".into()]);
    if let Some(profile) = &spec.seccomp {
        args.extend(["--seccomp".into(), "--seccomp-profile".into(), profile.clone().into_os_string()]);
    }
    if let Some(profile) = &spec.apparmor {
        args.extend(["--apparmor-default-profile".into(), profile.into()]);
    }
    if let Some(hostname) = &spec.hostname {
        args.extend(["--hostname".into(), hostname.into()]);
    }
    args
}

fn limits(spec: &ContainerSpec) -> Vec<String> {
    let Limits { cpus, memory, open_files, .. } = &spec.limits;
    let mut args = vec!["--cpus".to_owned(), cpus.to_string(), "--memory-limit".to_owned(), memory.to_string()];
    if spec.rlimit_flag {
        args.extend(["--rlimit-nofile".to_owned(), open_files.to_string()]);
    }
    args
}

/// Sets what `ctr` has no flag for: the number of processes, and memory and swap together.
///
/// Every containerd of a machine keeps its runc state under the same root.
pub fn runc_update(id: &str, limits: &Limits) -> Cmd {
    let memory = limits.memory.to_string();
    Cmd::new("runc")
        .args(["--root", &format!("/run/containerd/runc/{NAMESPACE}"), "update"])
        .args(["--pids-limit", &limits.pids.to_string(), "--memory", &memory, "--memory-swap", &memory, id])
        .as_root()
}

#[cfg(test)]
pub mod tests {
    use super::*;

    const LIMITS: Limits = Limits { cpus: 1.5, memory: 1 << 30, pids: 4096, open_files: 65_536, disk: 1 << 30 };

    pub fn spec(streams: Streams) -> ContainerSpec {
        ContainerSpec {
            id: "agent-1".into(),
            image: "localhost/binnacle-self:latest".into(),
            repo: "0123456789abcdef".into(),
            session: "run-1".into(),
            mounts: vec![Mount::read_only("/r/dotgit", "/workspace/.git"), Mount::read_write("/w, x", "/workspace")],
            env: vec![("BN_AGENT_TYPE".into(), "worker".into())],
            args: vec!["/usr/local/bin/binnacle-entrypoint".into(), "true".into()],
            limits: LIMITS,
            host_network: true,
            hostname: None,
            seccomp: Some("/r/seccomp.json".into()),
            apparmor: None,
            rlimit_flag: false,
            pid_file: "/r/pid".into(),
            streams,
        }
    }

    pub fn ctr() -> Ctr {
        Ctr { address: "/run/containerd/containerd.sock".into(), needs_root: true }
    }

    #[test]
    fn a_detached_run() {
        insta::assert_snapshot!(ctr().run(&spec(Streams::Log("/r/log".into()))), @r#"ctr --address /run/containerd/containerd.sock --namespace binnacle run --detach --log-uri file:///r/log --pid-file /r/pid --label 'bn.run=agent-1' --label 'bn.repo=0123456789abcdef' --label 'bn.session=run-1' --label 'containerd.io/restart.status=' --label 'containerd.io/restart.loguri=' --label 'containerd.io/restart.policy=' --label 'containerd.io/restart.explicitly-stopped=' --cap-drop CAP_DAC_OVERRIDE --cap-drop CAP_FSETID --cap-drop CAP_FOWNER --cap-drop CAP_MKNOD --cap-drop CAP_NET_RAW --cap-drop CAP_SETFCAP --cap-drop CAP_NET_BIND_SERVICE --cap-drop CAP_SYS_CHROOT --cap-drop CAP_KILL --cap-drop CAP_AUDIT_WRITE --with-ns cgroup: --seccomp --seccomp-profile /r/seccomp.json --cpus 1.5 --memory-limit 1073741824 --net-host --mount 'type=bind,"src=/w, x",dst=/workspace,options=bind:rprivate:rw:nosuid:nodev' --mount 'type=bind,src=/r/dotgit,dst=/workspace/.git,options=bind:rprivate:ro:nosuid:nodev' --env 'BN_AGENT_TYPE=worker' --cwd /workspace localhost/binnacle-self:latest agent-1 /usr/local/bin/binnacle-entrypoint true"#);
    }

    #[test]
    fn a_run_in_the_terminal_removes_itself() {
        let line = ctr().run(&spec(Streams::Terminal { fifo_dir: None })).to_string();
        assert!(line.contains(" run --rm --tty "), "{line}");
    }

    #[test]
    fn short_commands() {
        let lines = [
            ctr().tasks(),
            ctr().kill("a", "SIGKILL", true),
            ctr().remove_task("a"),
            ctr().image("localhost/x:1"),
            runc_update("a", &spec(Streams::Log("/l".into())).limits),
        ];
        insta::assert_snapshot!(lines.map(|cmd| cmd.to_string()).join("\n"), @"
        ctr --address /run/containerd/containerd.sock --namespace binnacle tasks ls
        ctr --address /run/containerd/containerd.sock --namespace binnacle tasks kill --signal SIGKILL --all a
        ctr --address /run/containerd/containerd.sock --namespace binnacle tasks rm --force a
        ctr --address /run/containerd/containerd.sock --namespace binnacle --connect-timeout 5s images ls -q 'name==localhost/x:1'
        runc --root /run/containerd/runc/binnacle update --pids-limit 4096 --memory 1073741824 --memory-swap 1073741824 a
        ");
    }
}
