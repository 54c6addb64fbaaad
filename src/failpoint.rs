//! Named moments at which the tests cut the power: in debug builds `BN_FAILPOINT=<name>` makes `bn` kill itself there.

mod point;

pub use point::Point;

/// Dies here, as by `kill -9`, when the environment of a debug build asks for it.
pub fn reached(point: Point) {
    if cfg!(debug_assertions) && crate::env::failpoint().is_some_and(|name| name == format!("{point:?}")) {
        // The signal cannot fail against one's own process; nothing after it runs.
        let _ = rustix::process::kill_process(rustix::process::getpid(), rustix::process::Signal::KILL);
    }
}
