//! Sockets in a worktree. A program of the host's that listens there would talk to the agent, wherever its network ends.

use std::io;
use std::os::fd::AsRawFd;
use std::os::unix::net::UnixDatagram;
use std::path::{Path, PathBuf};

use rustix::fs::{Mode, OFlags, open};

use crate::sanitize;
use crate::untrusted::UntrustedError;
use crate::untrusted::nested::{MOST_SOCKETS, Search};

/// More than this cannot be covered by mounts.
const MOST_MASKED: usize = 100;

/// Those of the sockets that were found which have to be out of the agent's reach. What nobody listens on is a leftover, and may
/// be in the way of the agent's own programs.
pub fn to_mask(worktree: &Path, search: &Search) -> Result<Vec<PathBuf>, UntrustedError> {
    let too_many = |limit| UntrustedError::TooManySockets { path: worktree.to_owned(), limit };
    if search.sockets.len() > MOST_SOCKETS {
        return Err(too_many(MOST_SOCKETS));
    }
    let held: Vec<PathBuf> =
        search.sockets.iter().filter(|socket| somebody_listens(&worktree.join(socket))).cloned().collect();
    if held.len() > MOST_MASKED { Err(too_many(MOST_MASKED)) } else { Ok(held) }
}

pub fn note(covered: &[PathBuf]) -> Option<String> {
    let one = sanitize::path(covered.first()?);
    let others = match covered.len() - 1 {
        0 => String::new(),
        count => format!(" and {count} more"),
    };
    Some(format!(
        "hidden from the agent: the socket {one}{others} (a socket that is made in the worktree later is not)"
    ))
}

/// Whoever listens does not notice: a socket for datagrams gets through to no other kind, and says nothing by itself.
/// What cannot be said counts as yes.
fn somebody_listens(path: &Path) -> bool {
    let asked = open(path, OFlags::PATH | OFlags::NOFOLLOW | OFlags::CLOEXEC, Mode::empty())
        .map_err(io::Error::from)
        // Its own path may be longer than an address can be.
        .and_then(|socket| UnixDatagram::unbound()?.connect(format!("/proc/self/fd/{}", socket.as_raw_fd())));
    let nobody = [io::ErrorKind::ConnectionRefused, io::ErrorKind::NotFound];
    asked.map_or_else(|error| !nobody.contains(&error.kind()), |()| true)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::untrusted::nested::{self, Closed};
    use crate::untrusted::tree::Tree;
    use std::os::unix::net::UnixListener;

    #[test]
    fn a_socket_that_somebody_listens_on_is_covered_and_a_leftover_is_not() {
        let folder = tempfile::tempdir().unwrap();
        let long = folder.path().join("d".repeat(200));
        std::fs::create_dir(&long).unwrap();
        let stream = UnixListener::bind(folder.path().join("stream")).unwrap();
        std::fs::rename(folder.path().join("stream"), long.join("stream")).unwrap();
        let datagrams = UnixDatagram::bind(folder.path().join("datagrams")).unwrap();
        drop(UnixListener::bind(folder.path().join("leftover")).unwrap());
        let covered =
            |folder: &Path| to_mask(folder, &nested::search(&Tree::unremembered(folder), Closed::LeaveAlone)).unwrap();
        let mut found = covered(folder.path());
        found.sort();
        assert_eq!(found, [PathBuf::from("datagrams"), PathBuf::from("d".repeat(200)).join("stream")]);
        stream.set_nonblocking(true).unwrap();
        assert_eq!(stream.accept().unwrap_err().kind(), io::ErrorKind::WouldBlock);
        drop((stream, datagrams));
        assert!(covered(folder.path()).is_empty());
    }

    #[test]
    fn what_cannot_be_covered_is_refused() {
        let folder = tempfile::tempdir().unwrap();
        let listen = |number| UnixListener::bind(folder.path().join(format!("{number}"))).unwrap();
        let _held: Vec<UnixListener> = (0..=MOST_MASKED).map(listen).collect();
        let refused = to_mask(folder.path(), &nested::search(&Tree::unremembered(folder.path()), Closed::LeaveAlone));
        assert!(matches!(refused, Err(UntrustedError::TooManySockets { limit: MOST_MASKED, .. })), "{refused:?}");
    }
}
