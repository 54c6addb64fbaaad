//! Whose process this is: the caller's, under sudo.
#![allow(clippy::disallowed_methods)]

use std::fs;
use std::path::PathBuf;

use crate::env::{EnvError, Privilege, User, absolute, text};

pub fn identity() -> Result<(User, Privilege), EnvError> {
    let uid = rustix::process::geteuid().as_raw();
    let gid = rustix::process::getegid().as_raw();
    let number = |name| text(name).and_then(|value| value.parse::<u32>().ok());
    match (uid, number("SUDO_UID"), number("SUDO_GID")) {
        (0, Some(caller), Some(group)) if caller != 0 => {
            become_caller(caller, group).map_err(|source| EnvError::Identity { uid: caller, source })?;
            Ok((user(caller, group, None), Privilege::Saved))
        }
        (0, ..) => Ok((user(0, gid, absolute("HOME")), Privilege::Root)),
        _ => Ok((user(uid, gid, absolute("HOME")), Privilege::Ordinary)),
    }
}

/// Takes the caller's identity and keeps root in the saved set alone, where only a child started as root finds it again.
///
/// The calls act on one thread: this runs before there is a second one.
fn become_caller(uid: u32, gid: u32) -> std::io::Result<()> {
    use rustix::process::{Gid, Uid};
    let (uid, gid) = (Uid::from_raw(uid), Gid::from_raw(gid));
    rustix::thread::set_thread_groups(&[gid])?;
    rustix::thread::set_thread_res_gid(gid, gid, Gid::ROOT)?;
    rustix::thread::set_thread_res_uid(uid, uid, Uid::ROOT)?;
    Ok(())
}

pub fn user(uid: u32, gid: u32, home: Option<PathBuf>) -> User {
    let passwd = fs::read_to_string("/etc/passwd").unwrap_or_default();
    let entry = passwd_entry(&passwd, uid);
    User {
        uid,
        gid,
        name: entry.as_ref().map_or_else(|| uid.to_string(), |(name, _)| name.clone()),
        home: home.or(entry.map(|(_, home)| home)),
    }
}

/// A uid's login name and home in the text of /etc/passwd. Users from a directory service bring HOME themselves.
fn passwd_entry(passwd: &str, uid: u32) -> Option<(String, PathBuf)> {
    passwd.lines().find_map(|line| {
        let fields: Vec<&str> = line.split(':').collect();
        match fields.as_slice() {
            [name, _, id, _, _, home, ..] if id.parse() == Ok(uid) => Some(((*name).to_owned(), PathBuf::from(home))),
            _ => None,
        }
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn passwd_is_searched_by_uid() {
        let passwd = "root:x:0:0:root:/root:/bin/bash\nbroken line\ndev:x:1001:1001:,,,:/home/dev:/bin/sh\n";
        assert_eq!(passwd_entry(passwd, 1001), Some(("dev".into(), "/home/dev".into())));
        assert_eq!(passwd_entry(passwd, 7), None);
    }
}
