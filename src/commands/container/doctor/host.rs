//! Reads the machine: control groups, folders, disks.

use std::fs;
use std::io;
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};

use crate::container::doctor::facts::{CgroupFacts, Disk, FolderFacts, HostFacts, Namespaces};
use crate::container::doctor::namespaces::{PROFILE, SWITCHES};
use crate::container::wall::mountinfo::{self, MountPoint};
use crate::data_dir::DataDir;
use crate::env::{Env, Privilege};
use crate::run::watch::wall;

const CONTROLLERS: [&str; 3] = ["pids", "memory", "cpu"];

pub fn facts(env: &Env, data: &DataDir) -> io::Result<HostFacts> {
    Ok(HostFacts {
        cgroups: cgroups()?,
        namespaces: Namespaces { switches: switches()?, has_profile: Path::new(PROFILE).exists() },
        apparmor: wall::apparmor_here(env),
        landlock: text(Path::new("/sys/kernel/security/lsm"))?
            .map(|modules| modules.trim().split(',').any(|module| module == "landlock")),
        folders: folders(data)?,
        disks: disks(env, data)?,
    })
}

/// A file's text; `None` where there is no such file.
pub fn text(path: &Path) -> io::Result<Option<String>> {
    match fs::read_to_string(path) {
        Ok(text) => Ok(Some(text)),
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
        Err(error) => Err(io::Error::new(error.kind(), format!("{}: {error}", path.display()))),
    }
}

/// The kernel's switches for user namespaces, as far as it has them, with their values.
pub fn switches() -> io::Result<Vec<(&'static str, String)>> {
    let mut found = Vec::new();
    for (name, path) in SWITCHES {
        found.extend(text(Path::new(path))?.map(|value| (name, value)));
    }
    Ok(found)
}

fn cgroups() -> io::Result<CgroupFacts> {
    let mounts = mountinfo::parse(&fs::read("/proc/self/mountinfo")?).unwrap_or_default();
    let of = |kind: &str| mounts.iter().filter(move |mount| mount.filesystem == kind).collect::<Vec<_>>();
    let (first, second) = (of("cgroup"), of("cgroup2"));
    let old: Vec<&str> = first.iter().flat_map(|mount| &mount.super_options).map(String::as_str).collect();
    let new = match second.first() {
        Some(mount) => text(&mount.destination.join("cgroup.controllers"))?.unwrap_or_default(),
        None => String::new(),
    };
    let has_old = |name: &&str| old.contains(name);
    let has = |name: &&str| has_old(name) || new.split_whitespace().any(|own| own == *name);
    let version = match (CONTROLLERS.iter().any(has_old), second.is_empty()) {
        (true, _) => Some(1),
        (false, false) => Some(2),
        (false, true) => None,
    };
    let missing = CONTROLLERS.into_iter().filter(|name| !has(name)).collect();
    let swaps = text(Path::new("/proc/swaps"))?.is_some_and(|text| text.lines().count() > 1);
    Ok(CgroupFacts { version, missing, swap_escapes: swaps && !can_limit_swap(&first, &second)? })
}

/// The root group of version 2 has no limits: one of its children tells.
fn can_limit_swap(first: &[&MountPoint], second: &[&MountPoint]) -> io::Result<bool> {
    let controls_memory = |mount: &&&MountPoint| mount.super_options.iter().any(|option| option == "memory");
    if let Some(mount) = first.iter().find(controls_memory) {
        return Ok(mount.destination.join("memory.memsw.limit_in_bytes").exists());
    }
    let Some(mount) = second.first() else { return Ok(true) };
    let mut children = Vec::new();
    for entry in fs::read_dir(&mount.destination)? {
        children.push(entry?.path());
    }
    let with_memory: Vec<_> = children.iter().filter(|child| child.join("memory.max").exists()).collect();
    Ok(with_memory.is_empty() || with_memory.iter().any(|child| child.join("memory.swap.max").exists()))
}

/// What `bn` keeps, and one level below: a folder for each repository.
fn folders(data: &DataDir) -> io::Result<Vec<FolderFacts>> {
    let mut found = Vec::new();
    for top in [data.graph(None), data.repositories().to_owned()] {
        if !top.is_dir() {
            continue;
        }
        found.push(folder(&top)?);
        for entry in fs::read_dir(&top)? {
            let entry = entry?;
            if entry.file_type()?.is_dir() {
                found.push(folder(&entry.path())?);
            }
        }
    }
    // One line for what is in order, and one for every folder that is not.
    let open = |folder: &FolderFacts| folder.reachable && folder.mode & 0o007 != 0;
    let tops = [data.graph(None), data.repositories().to_owned()];
    found.retain(|folder| open(folder) || tops.contains(&folder.path));
    Ok(found)
}

fn folder(path: &Path) -> io::Result<FolderFacts> {
    let mode = fs::metadata(path)?.mode();
    let enterable = |folder: &Path| fs::metadata(folder).is_ok_and(|found| found.mode() & 0o001 != 0);
    let reachable = path.ancestors().skip(1).all(enterable);
    Ok(FolderFacts { path: path.to_owned(), mode, reachable })
}

/// Every file system that fills up while agents work, once.
fn disks(env: &Env, data: &DataDir) -> io::Result<Vec<Disk>> {
    let store = match env.privilege {
        Privilege::Root => Some(PathBuf::from("/var/lib/containers")),
        _ => env.data_home.as_ref().map(|home| home.join("containers")),
    };
    let places = [
        ("images", Some(PathBuf::from("/var/lib/containerd"))),
        ("builds", store),
        ("runs", Some(data.repositories().to_owned())),
    ];
    let mut disks: Vec<(u64, Disk)> = Vec::new();
    for (what, path) in places {
        let Some(path) = path.as_deref().and_then(existing) else { continue };
        let device = fs::metadata(path)?.dev();
        match disks.iter_mut().find(|(known, _)| *known == device) {
            Some((_, disk)) => disk.what = format!("{}, {what}", disk.what),
            None => disks.push((device, Disk { what: what.to_owned(), path: path.to_owned(), free: free(path)? })),
        }
    }
    Ok(disks.into_iter().map(|(_, disk)| disk).collect())
}

/// The nearest folder that is there already.
fn existing(path: &Path) -> Option<&Path> {
    path.ancestors().find(|folder| folder.is_dir())
}

fn free(path: &Path) -> io::Result<u64> {
    let found = rustix::fs::statvfs(path)?;
    Ok(found.f_bavail.saturating_mul(found.f_frsize))
}
