//! What the doctor knows of a machine.

use std::path::PathBuf;

use crate::container::wall::AppArmor;
use crate::env::Privilege;
use crate::process::sudo::Rule;

#[derive(Clone, Debug)]
pub struct Facts {
    /// Why this is the host and no container.
    pub mode: &'static str,
    pub user: UserFacts,
    pub tools: Vec<Tool>,
    pub engine: EngineFacts,
    pub sudo: SudoFacts,
    pub host: HostFacts,
}

#[derive(Clone, Debug)]
pub struct UserFacts {
    pub name: String,
    pub uid: u32,
    pub privilege: Privilege,
    /// Whether /etc/subuid and /etc/subgid give this user ids to share out.
    pub has_subids: bool,
}

/// A program that `bn` calls.
#[derive(Clone, Debug)]
pub struct Tool {
    pub name: &'static str,
    /// `None`: not on PATH.
    pub path: Option<PathBuf>,
    /// What it printed when it was asked for its version.
    pub version: Option<String>,
    /// The distribution's package and its version, where a package manager knows the file.
    pub package: Option<String>,
}

#[derive(Clone, Debug)]
pub struct EngineFacts {
    pub address: String,
    pub socket: Socket,
    /// What the daemon, or the way to it, answered.
    pub answer: Answer,
    /// The default image's reference, and whether containerd has it. `None`: it could not be asked.
    pub image: (String, Option<bool>),
    /// Whether agents can open more than 1024 files. `None`: it could not be tried.
    pub many_files: Option<bool>,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Socket {
    Absent,
    /// The file is there, and nobody listens.
    Deaf,
    /// Root alone may connect.
    Closed,
    Open {
        /// Every user of the machine may.
        to_everybody: bool,
    },
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Answer {
    /// The daemon's version.
    Version(String),
    /// sudo wants a password first.
    PasswordNeeded,
    /// Nobody could be asked, for a reason that another line gives.
    NotAsked,
    Error(String),
}

#[derive(Clone, Debug)]
pub struct SudoFacts {
    /// Whether `bn` goes through sudo on this machine.
    pub used: bool,
    /// The rules that need no password.
    pub rules: Vec<Rule>,
    /// The programs that sudo may run and that others than root can change.
    pub changeable: Vec<PathBuf>,
}

#[derive(Clone, Debug)]
pub struct HostFacts {
    pub cgroups: CgroupFacts,
    pub namespaces: Namespaces,
    pub apparmor: AppArmor,
    /// `None`: the kernel does not say.
    pub landlock: Option<bool>,
    pub folders: Vec<FolderFacts>,
    pub disks: Vec<Disk>,
}

/// What decides over user namespaces on a machine.
#[derive(Clone, Debug, Default)]
pub struct Namespaces {
    /// The switches that the kernel has, with their values.
    pub switches: Vec<(&'static str, String)>,
    pub has_profile: bool,
}

#[derive(Clone, Debug)]
pub struct CgroupFacts {
    /// 1 or 2; `None`: no control groups are mounted.
    pub version: Option<u8>,
    /// Of pids, memory and cpu, the ones that the kernel does not have.
    pub missing: Vec<&'static str>,
    /// Swap is used and cannot be limited.
    pub swap_escapes: bool,
}

/// A folder of `bn`'s, where it exists.
#[derive(Clone, Debug)]
pub struct FolderFacts {
    pub path: PathBuf,
    /// Permission bits.
    pub mode: u32,
    /// Other users can get as far as this folder.
    pub reachable: bool,
}

#[derive(Clone, Debug)]
pub struct Disk {
    /// What is kept there.
    pub what: String,
    pub path: PathBuf,
    /// Bytes that this user may still write.
    pub free: u64,
}
