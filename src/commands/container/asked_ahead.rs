//! What a run has to know of containerd, asked while git answers.

use crate::env::Env;
use crate::error::Failure;
use crate::process::ProcessError;
use crate::run::engine::{AskedContainer, AskedImage, Engine, EngineError};

/// The two questions, and the way to ask them again.
pub struct Asked<'a> {
    engine: &'a Engine,
    image: &'a str,
    name: Option<&'a str>,
    begun: (Result<AskedImage, EngineError>, Result<Option<AskedContainer>, EngineError>),
}

/// What containerd said.
pub struct Known {
    /// An error where it has no such image.
    pub image: Result<(), EngineError>,
    /// Whether there is a container of the run's name.
    pub is_taken: bool,
}

/// Asks, of a container only where the user has chosen the name: one that was made up is nobody's. Where sudo wants a password first,
/// nothing is asked yet.
pub fn ask<'a>(engine: &'a Engine, image: &'a str, name: Option<&'a str>) -> Asked<'a> {
    let container = name.map(|name| engine.ask_for_container(name)).transpose();
    let begun = (engine.ask_for_image(image), container);
    Asked { engine, image, name, begun }
}

impl Asked<'_> {
    /// Waits for the answers, and asks for sudo's password if they take one.
    pub fn answers(self, env: &Env) -> Result<Known, Failure> {
        let (image, container) = self.begun;
        let found = |asked: Option<AskedContainer>| asked.map_or(Ok(false), AskedContainer::found);
        let known = (image.and_then(AskedImage::required), container.and_then(found));
        let (image, is_taken) = match known {
            (Err(EngineError::Process(ProcessError::Sudo { .. })), _)
            | (_, Err(EngineError::Process(ProcessError::Sudo { .. }))) => {
                self.engine.authenticate(env)?;
                let is_taken = self.name.map_or(Ok(false), |name| self.engine.has_container(name));
                (self.engine.require_image(self.image), is_taken)
            }
            known => known,
        };
        // Of an image that is not there no more is to be known.
        let is_taken = if image.is_ok() { is_taken? } else { false };
        Ok(Known { image, is_taken })
    }
}
