//! What the process does with memory that an answer needed.

/// In bytes: as large as it is before anything was freed.
const MMAP_THRESHOLD: i32 = 128 << 10;
const ARENAS: i32 = 2;

/// Gives memory back once an answer is sent. Left to itself glibc keeps a pool for each of many threads, and after the first
/// large answer that was freed keeps all later ones, too.
pub fn give_back() {
    #[cfg(target_env = "gnu")]
    for (parameter, value) in [(libc::M_ARENA_MAX, ARENAS), (libc::M_MMAP_THRESHOLD, MMAP_THRESHOLD)] {
        // SAFETY: mallopt(3) takes two numbers, locks what it changes, and touches no memory of the caller.
        #[allow(unsafe_code)]
        unsafe {
            libc::mallopt(parameter, value);
        }
    }
}
