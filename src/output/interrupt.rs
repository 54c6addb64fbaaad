//! Ctrl-C while the line of a step is on the terminal: the line goes before this process does.

use std::io;
use std::sync::Once;
use std::sync::atomic::{AtomicBool, Ordering};

use signal_hook::consts::SIGINT;
use signal_hook::low_level;

const CLEAR: &[u8] = b"\r\x1b[2K";

static IS_DRAWN: AtomicBool = AtomicBool::new(false);
static IS_OUTLIVED: AtomicBool = AtomicBool::new(false);

/// The line is on the terminal.
pub(super) fn drawn() {
    static CAUGHT: Once = Once::new();
    CAUGHT.call_once(catch);
    IS_DRAWN.store(true, Ordering::Relaxed);
}

pub(super) fn cleared() {
    IS_DRAWN.store(false, Ordering::Relaxed);
}

/// From here on somebody else answers Ctrl-C, and the process goes on.
pub fn outlive() {
    IS_OUTLIVED.store(true, Ordering::Relaxed);
}

/// Without this the line stays, which is no reason not to do the work.
fn catch() {
    if is_ignored() {
        return;
    }
    let answer = || {
        if IS_DRAWN.swap(false, Ordering::Relaxed) {
            rustix::io::write(io::stderr(), CLEAR).ok();
        }
        if !IS_OUTLIVED.load(Ordering::Relaxed) {
            low_level::emulate_default_handler(SIGINT).ok();
        }
    };
    // SAFETY: the closure reads and sets atomics, and makes system calls that a signal handler may make.
    #[allow(unsafe_code)]
    let caught = unsafe { low_level::register(SIGINT, answer) };
    caught.map(drop).unwrap_or_default();
}

/// Whether whoever started this process has shielded it, as shells do with what runs in the background.
fn is_ignored() -> bool {
    // SAFETY: the kernel fills in the structure, of which zeros are a value, and changes nothing.
    #[allow(unsafe_code)]
    let (answer, action) = unsafe {
        let mut action: libc::sigaction = std::mem::zeroed();
        (libc::sigaction(SIGINT, std::ptr::null(), &raw mut action), action)
    };
    answer == 0 && action.sa_sigaction == libc::SIG_IGN
}
