//! Mounts, and how `ctr` wants to be told of them.

use std::ffi::OsString;
use std::os::unix::ffi::{OsStrExt, OsStringExt};
use std::path::{Path, PathBuf};

use crate::container::wall::Identity;

/// One mount of a container.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Mount {
    kind: Kind,
    pub source: PathBuf,
    pub destination: PathBuf,
    options: Vec<String>,
    /// Of a bind: what has to be there, where that was looked at before.
    identity: Option<Identity>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Kind {
    Bind,
    Tmpfs,
    Cgroup,
}

/// Whom a tmpfs belongs to, and how much it may hold.
#[derive(Clone, Copy, Debug)]
pub struct Tmpfs {
    pub uid: u32,
    pub gid: u32,
    /// Octal, such as 0o700.
    pub mode: u32,
    /// Bytes.
    pub size: u64,
}

impl Mount {
    // bind and not rbind, and rprivate: what the host has mounted below a bound folder, or mounts there later, stays out.

    /// The agent may write here. No device and no setuid program works in it.
    pub fn read_write(source: impl Into<PathBuf>, destination: impl Into<PathBuf>) -> Self {
        Self::bind(source.into(), destination.into(), &["bind", "rprivate", "rw", "nosuid", "nodev"])
    }

    pub fn read_only(source: impl Into<PathBuf>, destination: impl Into<PathBuf>) -> Self {
        Self::bind(source.into(), destination.into(), &["bind", "rprivate", "ro", "nosuid", "nodev"])
    }

    /// For data that is no program: secrets, sockets, pipes.
    pub fn read_only_data(source: impl Into<PathBuf>, destination: impl Into<PathBuf>) -> Self {
        Self::bind(source.into(), destination.into(), &["bind", "rprivate", "ro", "nosuid", "nodev", "noexec"])
    }

    /// Memory that goes with the container. Programs may be run from it: package managers do.
    pub fn tmpfs(destination: impl Into<PathBuf>, tmpfs: Tmpfs) -> Self {
        let Tmpfs { uid, gid, mode, size } = tmpfs;
        let options = vec![
            "nosuid".into(),
            "nodev".into(),
            format!("uid={uid}"),
            format!("gid={gid}"),
            format!("mode={mode:04o}"),
            format!("size={size}"),
        ];
        Self { kind: Kind::Tmpfs, source: "tmpfs".into(), destination: destination.into(), options, identity: None }
    }

    /// What processes share by name: 64 MB where nobody says anything, which browsers and databases run out of.
    pub fn shared_memory(size: u64) -> Self {
        let mut mount = Self::tmpfs("/dev/shm", Tmpfs { uid: 0, gid: 0, mode: 0o1777, size });
        mount.options.push("noexec".to_owned());
        mount
    }

    /// An empty folder over one that the kernel shows.
    pub fn mask(destination: impl Into<PathBuf>) -> Self {
        let options = ["ro", "nosuid", "nodev", "noexec"].map(str::to_owned).to_vec();
        Self { kind: Kind::Tmpfs, source: "tmpfs".into(), destination: destination.into(), options, identity: None }
    }

    /// The container's own control group, read-only: its view of what ran out of memory.
    pub fn cgroup() -> Self {
        let options = ["ro", "nosuid", "nodev", "noexec"].map(str::to_owned).to_vec();
        Self {
            kind: Kind::Cgroup,
            source: "cgroup".into(),
            destination: "/sys/fs/cgroup".into(),
            options,
            identity: None,
        }
    }

    fn bind(source: PathBuf, destination: PathBuf, options: &[&str]) -> Self {
        let options = options.iter().map(|option| (*option).to_owned()).collect();
        Self { kind: Kind::Bind, source, destination, options, identity: None }
    }

    /// The very file or folder that was looked at, and no other that is in its place by the time it is mounted.
    pub fn of_identity(self, identity: Identity) -> Self {
        Self { identity: Some(identity), ..self }
    }

    pub fn identity(&self) -> Option<Identity> {
        self.identity
    }

    pub fn options(&self) -> &[String] {
        &self.options
    }

    pub fn is_tmpfs(&self) -> bool {
        self.kind == Kind::Tmpfs
    }

    pub fn is_cgroup(&self) -> bool {
        self.kind == Kind::Cgroup
    }

    /// What of the host a bind shows.
    pub fn bound(&self) -> Option<&Path> {
        (self.kind == Kind::Bind).then_some(self.source.as_path())
    }

    /// `ctr run --mount`: one CSV record, every field that needs it quoted.
    pub fn to_argument(&self) -> OsString {
        let kind = match self.kind {
            Kind::Bind => "bind",
            Kind::Tmpfs => "tmpfs",
            Kind::Cgroup => "cgroup",
        };
        let fields = [
            format!("type={kind}").into_bytes(),
            [b"src=", self.source.as_os_str().as_bytes()].concat(),
            [b"dst=", self.destination.as_os_str().as_bytes()].concat(),
            format!("options={}", self.options.join(":")).into_bytes(),
        ];
        OsString::from_vec(fields.map(|field| csv_field(&field)).join(&b','))
    }
}

fn csv_field(field: &[u8]) -> Vec<u8> {
    let plain = !field.iter().any(|byte| matches!(byte, b',' | b'"' | b'\n' | b'\r'));
    if plain {
        return field.to_vec();
    }
    let mut quoted = vec![b'"'];
    for &byte in field {
        quoted.extend(std::iter::repeat_n(byte, if byte == b'"' { 2 } else { 1 }));
    }
    quoted.push(b'"');
    quoted
}

/// What older containerds leave open that newer ones hide: how much power the CPU draws, which tells what others compute.
/// `exists` says what this kernel has.
pub fn masks(exists: impl Fn(&Path) -> bool) -> Vec<Mount> {
    let folders = ["/sys/devices/virtual/powercap"];
    folders.into_iter().filter(|folder| exists(Path::new(folder))).map(Mount::mask).collect()
}

/// Parents before children: mounts are made in argument order, and a later one hides what an earlier one put below it.
pub fn sorted(mut mounts: Vec<Mount>) -> Vec<Mount> {
    mounts.sort_by_key(|mount| depth(&mount.destination));
    mounts
}

fn depth(path: &Path) -> usize {
    path.components().count()
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    /// RFC 4180 as Go's encoding/csv reads it, for one record.
    fn read_csv(record: &str) -> Vec<String> {
        let mut fields = vec![String::new()];
        let (mut inside, mut chars) = (false, record.chars().peekable());
        while let Some(c) = chars.next() {
            match (c, inside) {
                ('"', true) if chars.peek() == Some(&'"') => {
                    chars.next();
                    fields.last_mut().unwrap().push('"');
                }
                ('"', _) => inside = !inside,
                (',', false) => fields.push(String::new()),
                _ => fields.last_mut().unwrap().push(c),
            }
        }
        fields
    }

    #[test]
    fn a_plain_bind() {
        let mount = Mount::read_only("/a", "/b");
        assert_eq!(mount.to_argument(), "type=bind,src=/a,dst=/b,options=bind:rprivate:ro:nosuid:nodev");
    }

    #[test]
    fn parents_come_before_children() {
        let mounts = ["/a/b/c", "/a", "/x/y"].map(|path| Mount::read_only("/s", path)).to_vec();
        let order: Vec<_> = sorted(mounts).into_iter().map(|mount| mount.destination).collect();
        assert_eq!(order, ["/a", "/x/y", "/a/b/c"].map(PathBuf::from));
    }

    #[test]
    fn only_what_the_kernel_has_is_hidden() {
        assert_eq!(masks(|_| false), []);
        let mask = "type=tmpfs,src=tmpfs,dst=/sys/devices/virtual/powercap,options=ro:nosuid:nodev:noexec";
        assert_eq!(masks(|_| true)[0].to_argument(), mask);
    }

    proptest! {
        #[test]
        fn any_path_survives_a_csv_reader(path in "/[^\0]{0,40}") {
            let argument = Mount::read_write(&path, "/workspace").to_argument().into_string().unwrap();
            let fields = read_csv(&argument);
            prop_assert_eq!(fields.len(), 4);
            prop_assert_eq!(&fields[1], &format!("src={path}"));
        }
    }
}
