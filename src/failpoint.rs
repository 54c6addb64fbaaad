//! Named moments at which the tests cut the power: in debug builds `BN_FAILPOINT=<name>` makes `bn` kill itself there,
//! and `<name>:<N>` the Nth time that it comes there.

mod point;

use std::sync::atomic::{AtomicU32, Ordering};

pub use point::Point;

/// How often the wanted point was passed.
static PASSED: AtomicU32 = AtomicU32::new(0);

/// Dies here, as by `kill -9`, when the environment of a debug build asks for it.
pub fn reached(point: Point) {
    if cfg!(debug_assertions) && crate::env::failpoint().is_some_and(|wanted| is_now(&wanted, point)) {
        // The signal cannot fail against one's own process; nothing after it runs.
        let _ = rustix::process::kill_process(rustix::process::getpid(), rustix::process::Signal::KILL);
    }
}

fn is_now(wanted: &str, point: Point) -> bool {
    let (name, time) = wanted.split_once(':').unwrap_or((wanted, "1"));
    name == format!("{point:?}") && (PASSED.fetch_add(1, Ordering::Relaxed) + 1).to_string() == time
}
