//! What containerd is asked or told to do while other things are done.

use crate::container::ctr::{ContainerSpec, Streams};
use crate::process::{Begun, Captured};
use crate::run::engine::{Engine, EngineError, from_stderr, has_no_image, is_not_found, is_taken, meaning};

/// Whether containerd has an image.
#[must_use]
#[derive(Debug)]
pub struct AskedImage {
    engine: Engine,
    reference: String,
    begun: Begun,
}

impl AskedImage {
    /// Fails where it has not.
    pub fn required(self) -> Result<(), EngineError> {
        let found = self.begun.captured()?;
        match found.success() {
            false => Err(from_stderr(&self.engine.ctr.address, &found.stderr)),
            true if found.text() == self.reference => Ok(()),
            true => Err(EngineError::NoImage { reference: self.reference }),
        }
    }
}

/// Whether containerd has a container.
#[must_use]
#[derive(Debug)]
pub struct AskedContainer {
    engine: Engine,
    id: String,
    begun: Begun,
}

impl AskedContainer {
    pub fn found(self) -> Result<bool, EngineError> {
        let found = self.begun.captured()?;
        match found.success() {
            true => Ok(found.text() == self.id),
            false => Err(self.engine.refusal("look for", &self.id, &found.stderr)),
        }
    }
}

/// A container that comes.
#[must_use]
#[derive(Debug)]
pub struct Starting {
    image: String,
    begun: Begun,
}

impl Starting {
    /// Returns once its process runs.
    pub fn finish(self) -> Result<(), EngineError> {
        let captured = self.begun.captured()?;
        match captured.success() {
            true => Ok(()),
            false if has_no_image(&captured.stderr) => Err(EngineError::NoImage { reference: self.image }),
            false if is_taken(&captured.stderr) => Err(EngineError::Taken { message: meaning(&captured.stderr) }),
            false => Err(EngineError::NotStarted { message: meaning(&captured.stderr) }),
        }
    }
}

/// A container that goes.
#[must_use]
#[derive(Debug)]
pub struct Removal {
    engine: Engine,
    id: String,
    begun: Begun,
}

impl Removal {
    /// Returns once it is gone, with what containerd still kept of its process. Where containerd went away meanwhile, as it does
    /// while it is updated, it is asked again.
    pub fn finish(self) -> Result<(), EngineError> {
        let Self { engine, id, begun } = self;
        match engine.removed(&id, &begun.captured()?) {
            Err(EngineError::NotRunning { .. }) => {
                let again = engine.runner.capture(&engine.ctr.remove_container(&id))?;
                engine.removed(&id, &again)
            }
            answer => answer,
        }
    }
}

impl Engine {
    pub fn ask_for_image(&self, reference: &str) -> Result<AskedImage, EngineError> {
        let begun = self.runner.begin(&self.ctr.image(reference))?;
        Ok(AskedImage { engine: self.clone(), reference: reference.to_owned(), begun })
    }

    pub fn ask_for_container(&self, id: &str) -> Result<AskedContainer, EngineError> {
        let begun = self.runner.begin(&self.ctr.container(id))?;
        Ok(AskedContainer { engine: self.clone(), id: id.to_owned(), begun })
    }

    /// Starts a container whose output goes to a file.
    pub fn begin_start(&self, spec: &ContainerSpec) -> Result<Starting, EngineError> {
        debug_assert!(matches!(spec.streams, Streams::Log(_)));
        Ok(Starting { image: spec.image.clone(), begun: self.runner.begin(&self.ctr.run(spec))? })
    }

    /// What is left to do where containerd has answered so.
    fn removed(&self, id: &str, answer: &Captured) -> Result<(), EngineError> {
        if answer.success() || is_not_found(&answer.stderr) {
            return Ok(());
        }
        self.remove_task(id)?;
        self.ask_gone("remove", id, &self.ctr.remove_container(id)).map(drop)
    }

    /// Begins to remove the container of a process that has ended.
    pub fn begin_removal(&self, id: &str) -> Result<Removal, EngineError> {
        let begun = self.runner.begin(&self.ctr.remove_container(id))?;
        Ok(Removal { engine: self.clone(), id: id.to_owned(), begun })
    }
}
