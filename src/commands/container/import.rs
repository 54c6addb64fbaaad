//! An image on its way from buildah's store to containerd: as an OCI layout, through a folder of the build's own.
//!
//! buildah writes OCI archives into files alone, so that the layout's files go into the folder and tar puts them into the pipe.

use std::fmt;
use std::os::unix::process::ExitStatusExt;
use std::path::Path;

use serde::Serialize;

use crate::commands::container::build_error::BuildError;
use crate::container::buildah;
use crate::error::Failure;
use crate::process::{Captured, Cmd, Runner, last_line};
use crate::run::engine::{Engine, EngineError};

/// containerd may clear away the layers of an older image while it looks whether it has them for this one.
const LOST_A_LAYER: &str = "does not exist: not found";

/// An image that is in containerd.
#[derive(Serialize)]
pub struct Built {
    pub reference: String,
    pub image_id: String,
    /// False when containerd had this very image already.
    pub imported: bool,
}

impl fmt::Display for Built {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let how = if self.imported { "built" } else { "unchanged" };
        writeln!(f, "{} {how} ({})", self.reference, short(&self.image_id))
    }
}

fn short(image_id: &str) -> &str {
    let digits = image_id.trim_start_matches("sha256:");
    digits.get(..12).unwrap_or(digits)
}

/// Puts the image into containerd, unless it has this very one, and looks whether it arrived.
pub fn import_image(reference: &str, folder: &Path, engine: &Engine, runner: &Runner) -> Result<Built, Failure> {
    let image_id = runner.read(&buildah::image_id(reference))?.text();
    let image_id = image_id.lines().next().unwrap_or_default().to_owned();
    let present = runner.read(&engine.ctr.image_with_id(reference, &image_id))?.text() == reference;
    if !present {
        import(reference, folder, engine, runner)?;
        runner.read(&engine.ctr.label_image(reference, &image_id))?;
    }
    Ok(Built { reference: reference.to_owned(), image_id, imported: !present })
}

/// Writes the layout's files as one archive to standard output.
fn read_layout(folder: &Path) -> Cmd {
    Cmd::new("tar").arg("--directory").arg(folder.join(buildah::LAYOUT)).args(["--create", "--file", "-", "."])
}

fn import(reference: &str, folder: &Path, engine: &Engine, runner: &Runner) -> Result<(), Failure> {
    let refused =
        |message: &str| BuildError::NotImported { reference: reference.to_owned(), message: message.to_owned() };
    let written = runner.capture(&buildah::write_layout(reference, folder))?;
    if !written.success() {
        return Err(refused(last_line(&written.stderr)).into());
    }
    let pipe = || runner.pipe(&read_layout(folder), &engine.ctr.import());
    let (mut read, mut imported) = pipe()?;
    if !imported.success() && imported.stderr.contains(LOST_A_LAYER) {
        (read, imported) = pipe()?;
    }
    if !read.success() && !is_cut_off(&read) {
        return Err(refused(last_line(&read.stderr)).into());
    }
    if !imported.success() || !read.success() {
        return Err(refused(last_line(&imported.stderr)).into());
    }
    match engine.require_image(reference) {
        Err(EngineError::NoImage { .. }) => {
            Err(refused("ctr accepted the archive, and containerd has no image of that name").into())
        }
        other => Ok(other?),
    }
}

/// A broken pipe on the left is only the echo of what went wrong on the right.
fn is_cut_off(read: &Captured) -> bool {
    let told = rustix::process::Signal::PIPE.as_raw();
    read.status.signal() == Some(told) || read.stderr.to_ascii_lowercase().contains("broken pipe")
}
