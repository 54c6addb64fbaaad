//! The container's first process, watched from the host without any privilege.

use std::fs;
use std::io;
use std::os::fd::OwnedFd;
use std::path::Path;
use std::thread;
use std::time::{Duration, Instant};

use rustix::event::{PollFd, PollFlags, Timespec, poll};
use rustix::process::{Pid, PidfdFlags, Signal, pidfd_open, pidfd_send_signal};

use crate::container::NAMESPACE;
use crate::process::exit_code;
use crate::run::engine::pidfd_info;

/// How long a parent may take to hear that its child has ended.
const REAPED_WITHIN: Duration = Duration::from_millis(50);

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

    /// How it ended, as the kernel knows it (Linux 6.15 and newer) once it has ended and its parent has heard of that. `None` where the
    /// kernel does not say it.
    pub fn exit_code(&self) -> Option<u8> {
        let deadline = Instant::now() + REAPED_WITHIN;
        loop {
            match pidfd_info::exit_status(&self.pidfd) {
                Ok(Some(status)) => return Some(exit_code(status)),
                Ok(None) if Instant::now() < deadline => thread::sleep(Duration::from_micros(200)),
                Ok(None) | Err(_) => return None,
            }
        }
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

/// Whether this kernel says how a process ended that is not one's own child.
pub fn ends_are_known() -> bool {
    let own = pidfd_open(rustix::process::getpid(), PidfdFlags::empty());
    own.is_ok_and(|own| pidfd_info::exit_status(&own).is_ok())
}

fn belongs_to(pid: u32, id: &str) -> io::Result<bool> {
    match fs::read_to_string(Path::new("/proc").join(pid.to_string()).join("cgroup")) {
        Ok(groups) => Ok(groups.lines().any(|line| line.ends_with(&format!("/{NAMESPACE}/{id}")))),
        Err(error) if matches!(error.kind(), io::ErrorKind::NotFound) => Ok(false),
        Err(error) if error.raw_os_error() == Some(rustix::io::Errno::SRCH.raw_os_error()) => Ok(false),
        Err(error) => Err(error),
    }
}
