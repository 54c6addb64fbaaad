//! How SQLite opens files: it never waits for one, and follows no link.
//!
//! An agent can put anything into the graph's folder at any moment. A named pipe in the place of a journal would hold
//! whoever opens it for as long as nobody writes to it, and a look beforehand would only be a race.
#![allow(unsafe_code)]

use std::ffi::{c_char, c_int};
use std::sync::Once;

use rusqlite::ffi;

static ONCE: Once = Once::new();

/// Puts an opening of ours in the place of SQLite's own, for this whole process. False where SQLite does not know it.
pub fn guard() -> bool {
    // SAFETY: the default VFS lives as long as the process. SQLite calls the function that it gets for `open` with a path,
    // flags and a mode, which is the type of `open`, and keeps it as an untyped function in between.
    ONCE.call_once(|| unsafe {
        let vfs = ffi::sqlite3_vfs_find(std::ptr::null());
        if let Some(set) = vfs.as_ref().and_then(|vfs| vfs.xSetSystemCall) {
            let ours = std::mem::transmute::<OpenFile, unsafe extern "C" fn()>(open);
            set(vfs, c"open".as_ptr(), Some(ours));
        }
    });
    // SAFETY: as above; nothing is called, only compared.
    unsafe {
        let vfs = ffi::sqlite3_vfs_find(std::ptr::null());
        let get = vfs.as_ref().and_then(|vfs| vfs.xGetSystemCall);
        get.and_then(|get| get(vfs, c"open".as_ptr())).is_some_and(|used| used as usize == open as *const () as usize)
    }
}

type OpenFile = unsafe extern "C" fn(*const c_char, c_int, c_int) -> c_int;

/// SQLite reads `errno` after this.
unsafe extern "C" fn open(path: *const c_char, flags: c_int, mode: c_int) -> c_int {
    // SAFETY: SQLite passes a path that ends with a NUL, and flags and mode as open(2) has them.
    unsafe { libc::open(path, flags | libc::O_NONBLOCK | libc::O_NOFOLLOW | libc::O_CLOEXEC, mode) }
}

#[cfg(test)]
mod tests {
    use super::*;
    use rustix::fs::{CWD, FileType, Mode, mknodat};
    use std::time::{Duration, Instant};

    #[test]
    fn a_pipe_in_the_place_of_a_journal_holds_nobody() {
        assert!(guard());
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("x.db");
        let conn = rusqlite::Connection::open(&path).unwrap();
        conn.execute_batch("CREATE TABLE t (x)").unwrap();
        drop(conn);
        mknodat(CWD, folder.path().join("x.db-journal"), FileType::Fifo, Mode::RUSR | Mode::WUSR, 0).unwrap();
        let start = Instant::now();
        assert!(rusqlite::Connection::open(&path).unwrap().execute_batch("SELECT * FROM t").is_err());
        assert!(start.elapsed() < Duration::from_secs(5));
    }
}
