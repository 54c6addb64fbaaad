//! The container's first process, watched from the host without any privilege.

use std::fs;
use std::io;
use std::os::fd::OwnedFd;
use std::path::Path;
use std::time::Duration;

use rustix::event::{PollFd, PollFlags, Timespec, poll};
use rustix::process::{Pid, PidfdFlags, pidfd_open};

use crate::container::NAMESPACE;

/// A process that is known to be a container's.
#[derive(Debug)]
pub struct Watched {
    pidfd: OwnedFd,
}

impl Watched {
    /// `None` when the process is gone, or the number belongs to another one by now.
    pub fn find(pid: u32, id: &str) -> io::Result<Option<Self>> {
        let Some(number) = i32::try_from(pid).ok().and_then(Pid::from_raw) else { return Ok(None) };
        let pidfd = match pidfd_open(number, PidfdFlags::empty()) {
            Ok(pidfd) => pidfd,
            Err(rustix::io::Errno::SRCH) => return Ok(None),
            Err(error) => return Err(error.into()),
        };
        // Looked at after the pidfd is open: what it stands for cannot change any more.
        Ok(belongs_to(pid, id)?.then_some(Self { pidfd }))
    }

    pub fn pidfd(&self) -> &OwnedFd {
        &self.pidfd
    }

    /// Whether it ended within this time.
    pub fn ends_within(&self, time: Duration) -> io::Result<bool> {
        let mut fds = [PollFd::new(&self.pidfd, PollFlags::IN)];
        let timeout = Timespec { tv_sec: time.as_secs().cast_signed(), tv_nsec: time.subsec_nanos().into() };
        match poll(&mut fds, Some(&timeout)) {
            Ok(ready) => Ok(ready > 0),
            Err(rustix::io::Errno::INTR) => Ok(false),
            Err(error) => Err(error.into()),
        }
    }
}

fn belongs_to(pid: u32, id: &str) -> io::Result<bool> {
    match fs::read_to_string(Path::new("/proc").join(pid.to_string()).join("cgroup")) {
        Ok(groups) => Ok(groups.lines().any(|line| line.ends_with(&format!("/{NAMESPACE}/{id}")))),
        Err(error) if matches!(error.kind(), io::ErrorKind::NotFound) => Ok(false),
        Err(error) if error.raw_os_error() == Some(rustix::io::Errno::SRCH.raw_os_error()) => Ok(false),
        Err(error) => Err(error),
    }
}
