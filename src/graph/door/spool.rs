//! An answer until its reader has taken it: in memory where it is small, else in a file without a name.

use std::fs::File;
use std::io::{self, BufWriter, Seek, Write};
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use crate::graph::door::semaphore::{Permit, Semaphore};

/// What is kept in memory of each answer.
const SMALL: usize = 32 << 10;
/// The largest answer: an export of a graph as large as one that is copied.
const LARGEST: u64 = 1 << 30;

pub struct Spool {
    folder: PathBuf,
    files: Arc<Semaphore>,
    memory: Vec<u8>,
    file: Option<(BufWriter<File>, Permit)>,
    length: u64,
}

impl Spool {
    /// `files` bounds how many of them lie in `folder` at once.
    pub fn new(folder: PathBuf, files: Arc<Semaphore>) -> Self {
        Self { folder, files, memory: Vec::new(), file: None, length: 0 }
    }

    pub fn len(&self) -> u64 {
        self.length
    }

    pub fn is_on_disk(&self) -> bool {
        self.file.is_some()
    }

    pub fn send(self, to: &mut impl Write) -> io::Result<()> {
        match self.file {
            None => to.write_all(&self.memory),
            Some((file, _slot)) => {
                let mut file = file.into_inner().map_err(io::IntoInnerError::into_error)?;
                file.rewind()?;
                io::copy(&mut file, to).map(drop)
            }
        }
    }

    fn roll_over(&mut self) -> io::Result<()> {
        let slot = self.files.acquire(Duration::ZERO);
        let slot = slot.ok_or_else(|| io::Error::other("too many large answers of this run wait to be read"))?;
        let mut file = BufWriter::with_capacity(SMALL, tempfile::tempfile_in(&self.folder)?);
        file.write_all(&std::mem::take(&mut self.memory))?;
        self.file = Some((file, slot));
        Ok(())
    }
}

impl Write for Spool {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        if self.length + bytes.len() as u64 > LARGEST {
            return Err(io::Error::other("the answer is larger than 1 GiB"));
        }
        if self.file.is_none() && self.memory.len() + bytes.len() > SMALL {
            self.roll_over()?;
        }
        match &mut self.file {
            Some((file, _)) => file.write_all(bytes)?,
            None => self.memory.extend_from_slice(bytes),
        }
        self.length += bytes.len() as u64;
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        self.file.as_mut().map_or(Ok(()), |(file, _)| file.flush())
    }
}
