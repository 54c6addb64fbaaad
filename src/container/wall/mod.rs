//! The wall around a container as it is seen from the host, as plain data, and how it differs from what was asked for.

pub mod cgroup;
pub mod differences;
pub mod expected;
pub mod mountinfo;
pub mod status;
pub mod usage;

use std::path::PathBuf;

use serde::{Deserialize, Serialize};

use cgroup::GroupLimits;
use mountinfo::MountPoint;
use status::Process;

/// What is really around a container.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Wall {
    /// Every process in it, the first one first.
    pub processes: Vec<Process>,
    /// The kinds of namespaces (pid, mnt, uts, ipc, net, …) that are not the host's.
    pub namespaces: Vec<String>,
    /// Network interfaces.
    pub interfaces: Vec<String>,
    pub mounts: Vec<MountPoint>,
    /// The device nodes in its /dev.
    pub devices: Vec<String>,
    pub limits: GroupLimits,
    /// The AppArmor profile with its mode. `None` where the host has no AppArmor.
    pub apparmor: Option<String>,
    /// What this host has that a container must not read or write.
    pub host: HostFacts,
}

/// What depends on the host.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct HostFacts {
    /// Those of the sensitive paths that its kernel has at all.
    pub maskable: Vec<PathBuf>,
    pub swap: bool,
    /// Its kernel hands the memory of crashed processes to a program, and not to files.
    #[serde(default)]
    pub dumps_to_program: bool,
}

impl HostFacts {
    /// Whether the host's `core_pattern` names a program or a socket in the place of a file.
    pub fn is_program(core_pattern: &str) -> bool {
        core_pattern.starts_with(['|', '@'])
    }
}

/// Paths that containerd hides, or makes read-only, in every container; a kernel has some of them only.
pub const SENSITIVE: [&str; 14] = [
    "/proc/acpi",
    "/proc/asound",
    "/proc/bus",
    "/proc/fs",
    "/proc/irq",
    "/proc/kcore",
    "/proc/keys",
    "/proc/latency_stats",
    "/proc/sched_debug",
    "/proc/scsi",
    "/proc/sys",
    "/proc/sysrq-trigger",
    "/proc/timer_list",
    "/sys/firmware",
];

/// How far AppArmor can hold a container on this machine.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum AppArmor {
    /// The kernel has none, or it is off.
    Off,
    /// The kernel has it on, and the program that loads profiles is missing.
    WithoutParser,
    On,
}

impl AppArmor {
    /// containerd's own profile, under bn's name for it, where AppArmor is on.
    pub fn profile(self) -> Option<String> {
        (self == Self::On).then(|| "binnacle-default".to_owned())
    }
}

/// Which file something is, whatever its path.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Identity {
    pub device: u64,
    pub inode: u64,
}
