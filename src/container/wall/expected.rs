//! What a container's wall has to be, from what `ctr run` was told.

use std::path::{Path, PathBuf};

use crate::container::NAMESPACE;
use crate::container::ctr::{ContainerSpec, Streams};
use crate::container::limits::Limits;
use crate::container::mount::Mount;
use crate::container::wall::Identity;

/// What every process of a container has to be.
#[derive(Clone, Debug)]
pub struct ExpectedProcess {
    pub uid: u32,
    pub gid: u32,
    pub seccomp: bool,
    /// The largest file that it may write, in bytes.
    pub file_size: u64,
}

/// The wall as it was asked for.
#[derive(Clone, Debug)]
pub struct Expected {
    pub process: ExpectedProcess,
    /// The end of the path of its control group, as the host sees it.
    pub group: PathBuf,
    pub terminal: bool,
    pub host_network: bool,
    pub apparmor: Option<String>,
    pub limits: Limits,
    pub mounts: Vec<ExpectedMount>,
}

#[derive(Clone, Debug)]
pub struct ExpectedMount {
    pub destination: PathBuf,
    /// `None` for a bind, which has the type of what it shows.
    pub filesystem: Option<&'static str>,
    /// The restrictions among its options: ro, nosuid, nodev, noexec.
    pub restrictions: Vec<String>,
    /// What a bind has to show.
    pub identity: Option<Identity>,
}

const RESTRICTIONS: [&str; 4] = ["ro", "nosuid", "nodev", "noexec"];

impl Expected {
    /// `identify` looks at a file of the host: which one is it?
    pub fn of(spec: &ContainerSpec, uid: u32, gid: u32, identify: impl Fn(&Path) -> Option<Identity>) -> Self {
        Self {
            process: ExpectedProcess { uid, gid, seccomp: spec.seccomp.is_some(), file_size: spec.limits.disk },
            group: Path::new(NAMESPACE).join(&spec.id),
            terminal: matches!(spec.streams, Streams::Terminal { .. }),
            host_network: spec.host_network,
            apparmor: spec.apparmor.clone(),
            limits: spec.limits.clone(),
            mounts: spec.mounts.iter().map(|mount| expected_mount(mount, &identify)).collect(),
        }
    }
}

fn expected_mount(mount: &Mount, identify: &impl Fn(&Path) -> Option<Identity>) -> ExpectedMount {
    let restricts = |option: &&String| RESTRICTIONS.contains(&option.as_str());
    // A cgroup mount of v1 is a tmpfs with one mount for each controller below it: these are looked at by themselves.
    let restrictions =
        if mount.is_cgroup() { Vec::new() } else { mount.options().iter().filter(restricts).cloned().collect() };
    ExpectedMount {
        destination: mount.destination.clone(),
        filesystem: mount.is_tmpfs().then_some("tmpfs"),
        restrictions,
        identity: mount.identity().or_else(|| mount.bound().and_then(identify)),
    }
}
