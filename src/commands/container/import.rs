//! An image on its way from buildah's store to containerd: as an OCI layout, through a folder of the build's own.
//!
//! buildah writes OCI archives into files alone, so that the layout's files go into the folder and tar puts them into the pipe.
//! A layer that containerd has stays where it is: the layout names it as containerd does, and does not hold it.

use std::cell::Cell;
use std::fs;
use std::io;
use std::os::unix::process::ExitStatusExt;
use std::path::Path;

use anyhow::Context as _;
use serde_json::Value;

use crate::commands::container::amounts::room;
use crate::commands::container::build_error::BuildError;
use crate::container::buildah::{self, LAYOUT};
use crate::container::layout::{self, Digest, Layers};
use crate::error::Failure;
use crate::output::progress::Step;
use crate::process::{Captured, Cmd, Runner, bytes_written, last_line};
use crate::run::engine::{Engine, EngineError};

/// How `ctr` ends when containerd lacks something. It may clear away the layers of an older image while it looks whether it has
/// them for this one: then the snapshot of a layer is missed, or the layer's content.
const LOST_A_LAYER: &str = ": not found";
/// More images are not looked at. The layers of the next one are most often those of a few before it.
const MOST_IMAGES: usize = 16;

/// An image in buildah's store.
pub struct Image<'a> {
    pub reference: &'a str,
    /// The id that buildah gave it.
    pub id: &'a str,
    /// Its layers, unpacked.
    pub layers: &'a [Digest],
}

impl Image<'_> {
    fn refused(&self, message: &str) -> Failure {
        BuildError::NotImported { reference: self.reference.to_owned(), message: message.to_owned() }.into()
    }
}

/// Whether containerd has the very image.
pub fn is_imported(reference: &str, id: &str, engine: &Engine, runner: &Runner) -> Result<bool, Failure> {
    Ok(runner.read(&engine.ctr.image_with_id(reference, id))?.text() == reference)
}

/// Puts the image into containerd.
pub fn import(image: &Image, folder: &Path, engine: &Engine, runner: &Runner, step: &Step) -> Result<(), Failure> {
    let held = held_layers(image.layers, engine, runner)?;
    let in_part = !held.is_empty();
    let way = Way { engine, runner, layout: &folder.join(LAYOUT), step };
    write(image, &held, folder, &way)?;
    let arrived = hand_over(image, in_part, &way)?
        && (!in_part || runner.read(&engine.ctr.whole_image(image.reference))?.text() == image.reference);
    if in_part && !arrived {
        // containerd has cleared one of them away since.
        fs::remove_dir_all(way.layout)?;
        write(image, &Layers::new(), folder, &way)?;
        hand_over(image, false, &way)?;
    }
    match engine.require_image(image.reference) {
        Err(EngineError::NoImage { .. }) => {
            return Err(image.refused("ctr accepted the archive, and containerd has no image of that name"));
        }
        other => other?,
    }
    runner.read(&engine.ctr.label_image(image.reference, image.id))?;
    Ok(())
}

/// Those of the layers that images in containerd have.
fn held_layers(wanted: &[Digest], engine: &Engine, runner: &Runner) -> Result<Layers, Failure> {
    let mut held = Layers::new();
    let table = runner.read(&engine.ctr.built_images())?.text();
    for manifest in layout::manifests(&table).into_iter().take(MOST_IMAGES) {
        if wanted.iter().all(|layer| held.contains_key(layer)) {
            break;
        }
        // An image may have gone since it was listed.
        let Some(manifest) = content(&manifest, engine, runner)? else { continue };
        let Some(configuration) = layout::configuration(&manifest) else { continue };
        let Some(configuration) = content(&configuration, engine, runner)? else { continue };
        held.extend(layout::layers(&manifest, &configuration));
    }
    held.retain(|layer, _| wanted.contains(layer));
    Ok(held)
}

/// A piece of an image, where containerd has it.
fn content(digest: &Digest, engine: &Engine, runner: &Runner) -> Result<Option<Value>, Failure> {
    let answer = runner.capture(&engine.ctr.content(digest))?;
    Ok(answer.success().then(|| serde_json::from_slice(&answer.stdout).unwrap_or_default()))
}

/// What an image goes through.
struct Way<'a> {
    engine: &'a Engine,
    runner: &'a Runner,
    /// Where buildah writes it.
    layout: &'a Path,
    step: &'a Step,
}

/// Writes all of the image but the layers that are held into the layout.
fn write(image: &Image, held: &Layers, folder: &Path, way: &Way) -> Result<(), Failure> {
    way.step.says(format_args!("writing {} down for containerd", image.reference));
    stand_for(held, way.layout)?;
    let written = way.runner.capture(&buildah::write_layout(image.reference, folder))?;
    if !written.success() {
        return Err(image.refused(last_line(&written.stderr)));
    }
    if !held.is_empty() {
        name_as_held(held, way.layout).context("cannot read the image as buildah wrote it")?;
    }
    Ok(())
}

/// Imports the layout. False where it is the image in part alone, and containerd has not all of the rest any more.
fn hand_over(image: &Image, in_part: bool, way: &Way) -> Result<bool, Failure> {
    let show = |reader| way_to_containerd(image.reference, reader, way.layout, way.step);
    let pipe = || way.runner.pipe(&read_layout(way.layout), &way.engine.ctr.import(), show);
    let (mut read, mut imported) = pipe()?;
    if lost_a_layer(&imported) {
        (read, imported) = pipe()?;
    }
    if lost_a_layer(&imported) && in_part {
        return Ok(false);
    }
    if !read.success() && !is_cut_off(&read) {
        return Err(image.refused(last_line(&read.stderr)));
    }
    if !imported.success() || !read.success() {
        return Err(image.refused(last_line(&imported.stderr)));
    }
    Ok(true)
}

/// Shows how much of the layout its reader has put into the pipe.
fn way_to_containerd(reference: &str, reader: u32, layout: &Path, step: &Step) {
    let text = format!("handing {reference} to containerd");
    let Ok(all) = weight(layout) else { return step.says(text) };
    let counted = Cell::new(false);
    step.shows(move || match bytes_written(reader) {
        Some(bytes) if bytes < all => {
            counted.set(true);
            format!("{text}: {} of {}", room(bytes), room(all))
        }
        None if !counted.get() => text.clone(),
        _ => format!("{text}: all {} are there, and it unpacks them", room(all)),
    });
}

/// Bytes of all files below a folder that nobody else writes to.
fn weight(folder: &Path) -> io::Result<u64> {
    fs::read_dir(folder)?.try_fold(0, |sum, entry| {
        let entry = entry?;
        let found = entry.metadata()?;
        Ok(sum + if found.is_dir() { weight(&entry.path())? } else { found.len() })
    })
}

/// Makes an empty file for each layer, which buildah takes for the layer.
fn stand_for(held: &Layers, layout: &Path) -> Result<(), Failure> {
    for layer in held.keys() {
        let path = layout.join(layer.path());
        fs::create_dir_all(path.parent().unwrap_or(layout))?;
        fs::write(path, "")?;
    }
    Ok(())
}

/// Takes the files that stood for layers out of the layout, and writes a manifest that names these layers as containerd does.
fn name_as_held(held: &Layers, layout: &Path) -> anyhow::Result<()> {
    let mut taken = held.clone();
    // Where buildah did not take the file for the layer, the layer is in the layout.
    taken.retain(|layer, _| fs::metadata(layout.join(layer.path())).is_ok_and(|file| file.len() == 0));
    for layer in taken.keys() {
        fs::remove_file(layout.join(layer.path()))?;
    }
    let index_path = layout.join("index.json");
    let mut index: Value = serde_json::from_slice(&fs::read(&index_path)?)?;
    let manifest = &mut index["manifests"][0];
    let written = manifest["digest"].as_str().and_then(Digest::parse).context("index.json names no manifest")?;
    let named = layout::with_layers(serde_json::from_slice(&fs::read(layout.join(written.path()))?)?, &taken);
    let named = serde_json::to_vec(&named)?;
    let digest = Digest::of(&named);
    fs::remove_file(layout.join(written.path()))?;
    fs::write(layout.join(digest.path()), &named)?;
    manifest["digest"] = digest.as_str().into();
    manifest["size"] = named.len().into();
    Ok(fs::write(&index_path, serde_json::to_vec(&index)?)?)
}

/// Writes the layout's files as one archive to standard output.
fn read_layout(layout: &Path) -> Cmd {
    Cmd::new("tar").arg("--directory").arg(layout).args(["--create", "--file", "-", "."])
}

fn lost_a_layer(imported: &Captured) -> bool {
    !imported.success() && last_line(&imported.stderr).ends_with(LOST_A_LAYER)
}

/// A broken pipe on the left is only the echo of what went wrong on the right.
fn is_cut_off(read: &Captured) -> bool {
    let told = rustix::process::Signal::PIPE.as_raw();
    read.status.signal() == Some(told) || read.stderr.to_ascii_lowercase().contains("broken pipe")
}
