//! The log's index is memory that is shared through a file, which an agent can shorten under whoever uses it: the kernel then
//! answers the next look at it with SIGBUS, which ends a program in the middle of whatever it does.
//!
//! Here it ends nothing. The page is replaced by one of zeros, which SQLite takes for an index that has to be made again, and
//! what was done meanwhile is given up before it is committed.
#![allow(unsafe_code)]

use std::ffi::{c_int, c_void};
use std::sync::Once;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};

static ONCE: Once = Once::new();
static CUT_OFF: AtomicBool = AtomicBool::new(false);
static PAGE: AtomicUsize = AtomicUsize::new(0);
/// More pages than an index of any size has that bn would read, so that nothing goes round for ever.
static LEFT: AtomicUsize = AtomicUsize::new(1 << 16);

/// From here on; what happened before is forgotten.
pub fn guard() {
    ONCE.call_once(|| {
        PAGE.store(rustix::param::page_size(), Ordering::Relaxed);
        // SAFETY: the action is complete, and its handler makes nothing but system calls and atomic changes.
        unsafe {
            let mut action: libc::sigaction = std::mem::zeroed();
            action.sa_sigaction = replace_page as *const () as usize;
            action.sa_flags = libc::SA_SIGINFO;
            libc::sigaction(libc::SIGBUS, &raw const action, std::ptr::null_mut());
        }
    });
    CUT_OFF.store(false, Ordering::Relaxed);
}

/// Whether anything was shortened under this process since.
pub fn happened() -> bool {
    CUT_OFF.load(Ordering::Relaxed)
}

extern "C" fn replace_page(_: c_int, info: *mut libc::siginfo_t, _: *mut c_void) {
    // SAFETY: the kernel passes what it knows of the signal. The page that is replaced has nothing behind it.
    unsafe {
        let page = PAGE.load(Ordering::Relaxed);
        let start = ((*info).si_addr() as usize & !(page - 1)) as *mut c_void;
        let left = LEFT.fetch_update(Ordering::Relaxed, Ordering::Relaxed, |left| left.checked_sub(1));
        let flags = libc::MAP_PRIVATE | libc::MAP_ANONYMOUS | libc::MAP_FIXED;
        let is_hole = (*info).si_code == libc::BUS_ADRERR && left.is_ok();
        if is_hole && libc::mmap(start, page, libc::PROT_READ | libc::PROT_WRITE, flags, -1, 0) != libc::MAP_FAILED {
            CUT_OFF.store(true, Ordering::Relaxed);
        } else {
            // It comes again, and ends the program as it would have without this.
            libc::signal(libc::SIGBUS, libc::SIG_DFL);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use rustix::mm::{MapFlags, ProtFlags, mmap};

    #[test]
    fn a_look_at_what_was_cut_off_is_a_look_at_zeros() {
        guard();
        let file = tempfile::tempfile().unwrap();
        let page = rustix::param::page_size();
        file.set_len(page as u64).unwrap();
        // SAFETY: a new mapping, which is read as bytes alone.
        let first = unsafe {
            let map = mmap(std::ptr::null_mut(), page, ProtFlags::READ | ProtFlags::WRITE, MapFlags::SHARED, &file, 0);
            file.set_len(0).unwrap();
            std::ptr::read_volatile(map.unwrap().cast::<u8>())
        };
        assert_eq!(first, 0);
        assert!(happened());
        guard();
        assert!(!happened());
    }
}
