//! The container's first process, watched from the host without any privilege.

use std::fs;
use std::io;
use std::os::fd::OwnedFd;
use std::path::Path;
use std::time::Duration;

use rustix::event::{PollFd, PollFlags, Timespec, poll};
use rustix::process::{Pid, PidfdFlags, Signal, pidfd_open, pidfd_send_signal};

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

    /// The same process for another thread.
    pub fn again(&self) -> io::Result<Self> {
        Ok(Self { pidfd: self.pidfd.try_clone()? })
    }

    pub fn pidfd(&self) -> &OwnedFd {
        &self.pidfd
    }

    /// Ends it and with it, as it is the first of its namespace, every process of the container. It is of the user's own
    /// uid: no privilege is needed.
    pub fn kill(&self) -> io::Result<()> {
        self.send(Signal::KILL)
    }

    fn send(&self, signal: Signal) -> io::Result<()> {
        match pidfd_send_signal(&self.pidfd, signal) {
            Ok(()) | Err(rustix::io::Errno::SRCH) => Ok(()),
            Err(error) => Err(error.into()),
        }
    }

    /// Sends CONT: a stopped process goes on.
    pub fn resume(&self) -> io::Result<()> {
        self.send(Signal::CONT)
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
