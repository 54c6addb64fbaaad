//! What the process does with memory that an answer needed.

/// In bytes: as large as it is before anything was freed.
const MMAP_THRESHOLD: i32 = 128 << 10;
const ARENAS: i32 = 2;

/// Bounds what the process keeps of the memory that it freed. Left to itself glibc has a pool for each of many threads, and
/// after the first large answer that was freed keeps all later ones, too.
pub fn bound_pools() {
    #[cfg(target_env = "gnu")]
    for (parameter, value) in [(libc::M_ARENA_MAX, ARENAS), (libc::M_MMAP_THRESHOLD, MMAP_THRESHOLD)] {
        // SAFETY: mallopt(3) takes two numbers, locks what it changes, and touches no memory of the caller.
        #[allow(unsafe_code)]
        unsafe {
            libc::mallopt(parameter, value);
        }
    }
}

/// Gives back what many small pieces of a large answer left in the pools: up to a few milliseconds, so not for each answer.
pub fn trim() {
    #[cfg(target_env = "gnu")]
    // SAFETY: malloc_trim(3) takes a number, locks what it walks through, and touches no memory in use.
    #[allow(unsafe_code)]
    unsafe {
        libc::malloc_trim(0);
    }
}
