//! Bounds that the kernel sets to a program.

use std::io;

use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};

/// What a program, and each that it starts, may use.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Bounds {
    /// Memory that it writes to; files that it maps for reading do not count. Bytes.
    pub memory: u64,
    /// Seconds of a processor.
    pub processor: u64,
}

impl Bounds {
    /// Sets them to this process and its children. A limit that is there already and lower stays.
    pub(super) fn apply(self) -> io::Result<()> {
        for (resource, most) in [(Resource::Data, self.memory), (Resource::Cpu, self.processor)] {
            let now = getrlimit(resource);
            let lower = |limit: Option<u64>| Some(limit.map_or(most, |limit| limit.min(most)));
            setrlimit(resource, Rlimit { current: lower(now.current), maximum: lower(now.maximum) })?;
        }
        Ok(())
    }
}
