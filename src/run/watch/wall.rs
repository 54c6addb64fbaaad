//! Checks a container's wall from the host, before the agent starts and for `bn container inspect`.
//!
//! All of it can be read by a user of the agent's uid, without root: the container's processes are dumpable and hold
//! no capability that this user lacks.

use std::ffi::OsStr;
use std::fs;
use std::io;
use std::os::unix::fs::{FileTypeExt, MetadataExt};
use std::path::{Path, PathBuf};
use std::sync::OnceLock;

use rustix::io::Errno;
use rustix::process::{Pid, Resource, Rlimit, prlimit};

use crate::container::ctr::ContainerSpec;
use crate::container::limits::Limits;
use crate::container::wall::cgroup::Groups;
use crate::container::wall::differences::{differences, of_processes};
use crate::container::wall::expected::{Expected, ExpectedProcess};
use crate::container::wall::mountinfo::{self, MountPoint};
use crate::container::wall::status::{self, Process};
use crate::container::wall::usage::Used;
use crate::container::wall::{AppArmor, HostFacts, Identity, SENSITIVE, Wall};
use crate::env::Env;
use crate::error::Explain;
use crate::run::engine::is_installed;

#[derive(Debug, thiserror::Error)]
pub enum WallError {
    #[error("cannot check how the container is isolated")]
    Unreadable(#[from] io::Error),
    #[error("the agent was not started, because its container is not isolated as it should be: {}", summary(.differences))]
    Different { differences: Vec<String> },
    #[error("the program was not started, because it is not isolated as the agent is: {}", summary(.differences))]
    Outside { differences: Vec<String> },
}

/// The first few, and how many more there are.
fn summary(differences: &[String]) -> String {
    let (first, rest) = differences.split_at(differences.len().min(3));
    let more = if rest.is_empty() { String::new() } else { format!("; and {} more", rest.len()) };
    format!("{}{more}", first.join("; "))
}

impl Explain for WallError {
    fn hints(&self) -> Vec<String> {
        match self {
            WallError::Unreadable(_) => vec!["bn reads /proc/PID of the container's processes as your user".to_owned()],
            WallError::Different { .. } | WallError::Outside { .. } => Vec::new(),
        }
    }
}

/// Returns the wall if it is what was asked for. `pid` is the container's first process, which waits at the gate.
pub fn check(pid: u32, spec: &ContainerSpec, uid: u32, gid: u32) -> Result<Wall, WallError> {
    let wall = inspect(pid)?;
    let differences = differences(&wall, &Expected::of(spec, uid, gid, identify));
    if differences.is_empty() { Ok(wall) } else { Err(WallError::Different { differences }) }
}

/// Looks at all processes of a container, and fails where one is not as it has to be.
pub fn check_processes(pid: u32, expected: &ExpectedProcess) -> Result<(), WallError> {
    let differences = of_processes(&processes(pid, &groups(pid)?)?, &host_facts()?, expected);
    if differences.is_empty() { Ok(()) } else { Err(WallError::Outside { differences }) }
}

/// Takes from a container's processes what every user may take from processes of the same uid, and they cannot take back.
/// Returns those whose crash root alone can keep from a program of the host.
///
/// A crash is no reason for such a program to read what a stranger left in memory. Where the kernel hands dumps to one it
/// acts on no limit but 1, which stands for "none"; only root can raise a limit that is 0 already.
pub fn lower_limits(pids: &[u32], limits: &Limits) -> Result<Vec<u32>, WallError> {
    let dumps_to_program = dumps_to_program();
    let mut for_root = Vec::new();
    for number in pids {
        let Some(pid) = i32::try_from(*number).ok().and_then(Pid::from_raw) else { continue };
        if !set(pid, Resource::Core, 1)? && dumps_to_program {
            for_root.push(*number);
        }
        set(pid, Resource::Fsize, limits.disk)?;
    }
    Ok(for_root)
}

/// Raises how many files processes may have open. Returns those of which the kernel does not allow that to this user.
pub fn raise_open_files(pids: &[u32], limits: &Limits) -> Result<Vec<u32>, WallError> {
    let mut refused = Vec::new();
    for number in pids {
        let Some(pid) = i32::try_from(*number).ok().and_then(Pid::from_raw) else { continue };
        if !set(pid, Resource::Nofile, limits.open_files)? {
            refused.push(*number);
        }
    }
    Ok(refused)
}

/// False where the limit was lower before, and this user may not raise it.
fn set(pid: Pid, resource: Resource, most: u64) -> io::Result<bool> {
    match prlimit(Some(pid), resource, Rlimit { current: Some(most), maximum: Some(most) }) {
        Ok(_) | Err(Errno::SRCH) => Ok(true),
        Err(Errno::PERM) => Ok(false),
        Err(error) => Err(error.into()),
    }
}

/// What cannot be read is taken for the worse.
fn dumps_to_program() -> bool {
    read(Path::new("/proc/sys/kernel/core_pattern")).map_or(true, |pattern| HostFacts::is_program(&pattern))
}

/// Reads the wall as it is.
pub fn inspect(pid: u32) -> io::Result<Wall> {
    let proc = folder(pid);
    let groups = groups(pid)?;
    Ok(Wall {
        processes: processes(pid, &groups)?,
        namespaces: own_namespaces(&proc)?,
        interfaces: interfaces(&read(&proc.join("net/dev"))?),
        mounts: mounts(&proc)?,
        devices: devices(&proc.join("root/dev"))?,
        limits: groups.limits(|path| optional(read(path)))?,
        apparmor: apparmor(&proc)?,
        host: host_facts()?,
    })
}

/// What all processes of a container use at this moment.
pub fn usage(pid: u32) -> io::Result<Used> {
    groups(pid)?.usage(|path| optional(read(path)))
}

/// Where the kernel counts whom of a container it killed for want of memory.
pub struct MemoryKills(Groups);

impl MemoryKills {
    /// `None` where the kernel does not count them. `pid` is the container's first process.
    pub fn of(pid: u32) -> Option<Self> {
        groups(pid).ok().map(Self)
    }

    /// May be asked when all processes are gone, until the container is removed.
    pub fn are_there(&self) -> bool {
        self.0.memory_kills(|path| optional(read(path))).is_ok_and(|kills| kills.is_some_and(|kills| kills > 0))
    }
}

/// Whether the processes of a container are held still.
pub fn is_paused(pid: u32) -> io::Result<bool> {
    groups(pid)?.is_paused(|path| optional(read(path)))
}

/// The numbers of all processes of a container, as the host counts them.
pub fn pids(pid: u32) -> io::Result<Vec<u32>> {
    members(&groups(pid)?)
}

fn members(groups: &Groups) -> io::Result<Vec<u32>> {
    Ok(read(&groups.processes())?.lines().filter_map(|line| line.parse().ok()).collect())
}

fn folder(pid: u32) -> PathBuf {
    Path::new("/proc").join(pid.to_string())
}

/// Which file a path leads to.
fn identify(path: &Path) -> Option<Identity> {
    fs::metadata(path).ok().map(|found| Identity { device: found.dev(), inode: found.ino() })
}

fn groups(pid: u32) -> io::Result<Groups> {
    let membership = read(&folder(pid).join("cgroup"))?;
    Groups::find(&membership, hosts_mounts()?)
        .ok_or_else(|| io::Error::other(format!("no control group of process {pid} is mounted on this host")))
}

/// Looks ahead at what does not change while a container starts. What cannot be read `check` says.
pub fn look_ahead() {
    drop(hosts_mounts());
}

/// Where control groups are mounted does not change, and the kernel takes its time to list what is mounted on a host with many images.
fn hosts_mounts() -> io::Result<&'static [MountPoint]> {
    static MOUNTS: OnceLock<Vec<MountPoint>> = OnceLock::new();
    match MOUNTS.get() {
        Some(known) => Ok(known),
        None => parse_mounts(Path::new("/proc/self/mountinfo")).map(|found| &**MOUNTS.get_or_init(|| found)),
    }
}

/// The first one has to be there; others may end while they are looked at.
fn processes(first: u32, groups: &Groups) -> io::Result<Vec<Process>> {
    let mut found = vec![process(first)?];
    for pid in members(groups)?.into_iter().filter(|pid| *pid != first) {
        found.extend(optional(process(pid))?);
    }
    Ok(found)
}

/// One process as it is.
pub fn process(pid: u32) -> io::Result<Process> {
    let (status, limits) = (read(&folder(pid).join("status"))?, read(&folder(pid).join("limits"))?);
    status::parse(&status, &limits).ok_or_else(|| io::Error::other(format!("/proc/{pid}/status makes no sense")))
}

fn own_namespaces(proc: &Path) -> io::Result<Vec<String>> {
    let mut own = Vec::new();
    for kind in ["cgroup", "ipc", "mnt", "net", "pid", "user", "uts"] {
        let theirs = link(&proc.join("ns").join(kind))?;
        if theirs != link(&Path::new("/proc/self/ns").join(kind))? {
            own.push(kind.to_owned());
        }
    }
    Ok(own)
}

/// /proc/PID/net/dev: two lines of headings, then `NAME: numbers`.
fn interfaces(text: &str) -> Vec<String> {
    text.lines().skip(2).filter_map(|line| line.split_once(':')).map(|(name, _)| name.trim().to_owned()).collect()
}

fn mounts(proc: &Path) -> io::Result<Vec<MountPoint>> {
    let mut mounts = parse_mounts(&proc.join("mountinfo"))?;
    let root = proc.join("root");
    for mount in &mut mounts {
        mount.identity = identify(&root.join(mount.destination.strip_prefix("/").unwrap_or(&mount.destination)));
    }
    Ok(mounts)
}

fn parse_mounts(path: &Path) -> io::Result<Vec<MountPoint>> {
    let bytes = fs::read(path).map_err(|error| at(path, &error))?;
    mountinfo::parse(&bytes).ok_or_else(|| io::Error::other(format!("{} makes no sense", path.display())))
}

fn devices(folder: &Path) -> io::Result<Vec<String>> {
    let mut names = Vec::new();
    for entry in fs::read_dir(folder).map_err(|error| at(folder, &error))? {
        let entry = entry?;
        let kind = entry.file_type()?;
        if kind.is_char_device() || kind.is_block_device() {
            names.push(entry.file_name().to_string_lossy().into_owned());
        }
    }
    names.sort();
    Ok(names)
}

pub fn apparmor_here(env: &Env) -> AppArmor {
    match (has_apparmor(), is_installed(env, "apparmor_parser")) {
        (false, _) => AppArmor::Off,
        (true, false) => AppArmor::WithoutParser,
        (true, true) => AppArmor::On,
    }
}

fn has_apparmor() -> bool {
    fs::read("/sys/module/apparmor/parameters/enabled").is_ok_and(|text| text.starts_with(b"Y"))
}

/// Older kernels have one file for whatever security module is on.
fn apparmor(proc: &Path) -> io::Result<Option<String>> {
    let own = match optional(read(&proc.join("attr/apparmor/current")))? {
        None if has_apparmor() => optional(read(&proc.join("attr/current")))?,
        found => found,
    };
    Ok(own.map(|text| text.trim_end_matches(['\n', '\0']).to_owned()))
}

fn host_facts() -> io::Result<HostFacts> {
    let maskable = SENSITIVE.iter().map(PathBuf::from).filter(|path| path.exists()).collect();
    let swap = optional(read(Path::new("/proc/swaps")))?.is_some_and(|text| text.lines().count() > 1);
    Ok(HostFacts { maskable, swap, dumps_to_program: dumps_to_program() })
}

fn link(path: &Path) -> io::Result<Box<OsStr>> {
    fs::read_link(path).map(|target| target.into_os_string().into_boxed_os_str()).map_err(|error| at(path, &error))
}

fn read(path: &Path) -> io::Result<String> {
    let bytes = fs::read(path).map_err(|error| at(path, &error))?;
    Ok(String::from_utf8_lossy(&bytes).into_owned())
}

/// The same error, with the path in it.
fn at(path: &Path, error: &io::Error) -> io::Error {
    let gone = error.raw_os_error() == Some(Errno::SRCH.raw_os_error());
    let kind = if gone { io::ErrorKind::NotFound } else { error.kind() };
    io::Error::new(kind, format!("{}: {error}", path.display()))
}

/// What is not there is `None`.
fn optional<T>(result: io::Result<T>) -> io::Result<Option<T>> {
    match result {
        Ok(value) => Ok(Some(value)),
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
        Err(error) => Err(error),
    }
}
