//! What the kernel says of a process of which a pidfd is open: also of another one's child, and after its end.

use std::io;
use std::os::fd::{AsRawFd, OwnedFd};
use std::os::unix::process::ExitStatusExt;
use std::process::ExitStatus;

/// `struct pidfd_info` of `linux/pidfd.h`, in its first version.
#[repr(C)]
#[derive(Default)]
struct Info {
    /// What is asked for, and then what is answered.
    mask: u64,
    control_group: u64,
    /// Its numbers, users and groups.
    ids: [u32; 11],
    exit_code: i32,
}

/// `PIDFD_INFO_EXIT`
const EXIT: u64 = 1 << 3;

/// `PIDFD_GET_INFO`: `_IOWR(0xFF, 11, struct pidfd_info)`
const GET_INFO: libc::Ioctl = libc::_IOWR::<Info>(0xFF, 11);

/// How a process ended. `None` as long as it runs or its parent has not heard of its end; an error where the kernel does not know the
/// question.
pub fn exit_status(pidfd: &OwnedFd) -> io::Result<Option<ExitStatus>> {
    let mut info = Info { mask: EXIT, ..Info::default() };
    // SAFETY: the kernel writes no more than the size that is in the number of the call, which is that of `info`.
    #[allow(unsafe_code)]
    let answer = unsafe { libc::ioctl(pidfd.as_raw_fd(), GET_INFO, &raw mut info) };
    match answer {
        0 => Ok((info.mask & EXIT != 0).then(|| ExitStatus::from_raw(info.exit_code))),
        _ => Err(io::Error::last_os_error()),
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::disallowed_methods)]

    use std::process::Command;

    use rustix::process::{Pid, PidfdFlags, pidfd_open};

    use super::*;

    #[test]
    fn how_a_process_ended_is_known_after_its_end_where_the_kernel_says_it() {
        let mut child =
            Command::new("sh").args(["-c", "read x; exit 7"]).stdin(std::process::Stdio::piped()).spawn().unwrap();
        let pidfd = pidfd_open(Pid::from_child(&child), PidfdFlags::empty()).unwrap();
        let before = exit_status(&pidfd);
        drop(child.stdin.take());
        let waited = child.wait().unwrap();
        match (before, exit_status(&pidfd)) {
            (Ok(before), Ok(after)) => assert_eq!((before, after), (None, Some(waited))),
            (before, after) => assert!(before.is_err() && after.is_err()),
        }
    }
}
