//! What a run has to know of containerd, asked while git answers.

use crate::cli::container::RunArgs;
use crate::commands::Context;
use crate::commands::container::{local_image, ownership, screen, worktree};
use crate::container::reference::image_reference;
use crate::env::Env;
use crate::error::Failure;
use crate::git::host::discover;
use crate::process::{ProcessError, Runner};
use crate::run::engine::{AskedContainer, AskedImage, Engine, EngineError};
use crate::run::life::steps;
use crate::run::record::census::Seen;
use crate::run::record::run_json::RunSpec;

/// The two questions, and the way to ask them again.
#[derive(Debug)]
pub struct Asked {
    engine: Engine,
    image: String,
    name: Option<String>,
    /// `None` where `ctr run` is to say it.
    begun: Option<Begun>,
}

type Begun = (Result<AskedImage, EngineError>, Result<Option<AskedContainer>, EngineError>);

/// What containerd said.
struct Known {
    /// An error where it has no such image.
    image: Result<(), EngineError>,
    /// Whether there is a container of the run's name.
    is_taken: bool,
}

/// Asks before all of the run is known. `tag` is what it will be, unless the project says something else. Whatever speaks against the run
/// is said later, and then nothing is asked here. Neither is it where one of `runs` in the same repository has had the image, which is
/// there in all likelihood: `ctr run` is the one to say so, and that a name is taken.
pub fn guess(args: &RunArgs, tag: &str, runs: &[Seen], context: &Context, runner: &Runner) -> Option<Asked> {
    if screen::is_wanted(args, &context.env) {
        return None;
    }
    let folder = worktree::existing(args.worktree.as_deref(), &context.env).ok()?;
    ownership::check(&folder, &context.env.user).ok()?;
    let engine = Engine::locate(&context.env, runner).ok()?;
    let image = image_reference(tag).ok()?;
    let repository = discover::main_worktree(&folder).ok()?;
    let had_it =
        |spec: &RunSpec| spec.image == image && spec.ctr == engine.ctr && spec.checkout.main_worktree == repository;
    // The record of a run that had the name goes before `ctr run` could refuse it.
    let is_new = args.name.as_deref().is_none_or(|name| runs.iter().all(|seen| seen.record.name() != name));
    // sudo may have a question, which comes before everything else.
    match is_new && engine.lets_us_in() && runs.iter().any(|seen| had_it(&seen.record.spec)) {
        true => Some(Asked { engine, image, name: args.name.clone(), begun: None }),
        false => Some(ask(&engine, &image, args.name.as_deref())),
    }
}

/// Asks, of a container only where the user has chosen the name: one that was made up is nobody's. Where sudo wants a password first,
/// nothing is asked yet.
pub fn ask(engine: &Engine, image: &str, name: Option<&str>) -> Asked {
    let begun = Some(begin(engine, image, name));
    Asked { engine: engine.clone(), image: image.to_owned(), name: name.map(str::to_owned), begun }
}

fn begin(engine: &Engine, image: &str, name: Option<&str>) -> Begun {
    (engine.ask_for_image(image), name.map(|name| engine.ask_for_container(name)).transpose())
}

impl Asked {
    pub fn is_about(&self, image: &str, name: Option<&str>) -> bool {
        self.image == image && self.name.as_deref() == name
    }

    /// Whether `ctr run` is to say it.
    pub fn is_left_to_run(&self) -> bool {
        self.begun.is_none()
    }

    /// Waits for the answers, and asks for sudo's password if they take one. Gets an image that is not there yet, and refuses a name
    /// that is taken.
    pub fn require(self, context: &Context, runner: &Runner) -> Result<(), Failure> {
        let (engine, image, name) = (self.engine.clone(), self.image.clone(), self.name.clone());
        let known = self.answers(&context.env)?;
        local_image::require(known.image, &image, &engine, context, runner)?;
        Ok(name.map_or(Ok(()), |name| steps::refuse_taken(&name, known.is_taken))?)
    }

    fn answers(self, env: &Env) -> Result<Known, Failure> {
        let begin = || begin(&self.engine, &self.image, self.name.as_deref());
        let (image, container) = self.begun.unwrap_or_else(begin);
        let found = |asked: Option<AskedContainer>| asked.map_or(Ok(false), AskedContainer::found);
        let known = (image.and_then(AskedImage::required), container.and_then(found));
        let (image, is_taken) = match known {
            (Err(EngineError::Process(ProcessError::Sudo { .. })), _)
            | (_, Err(EngineError::Process(ProcessError::Sudo { .. }))) => {
                self.engine.authenticate(env)?;
                let is_taken = self.name.as_deref().map_or(Ok(false), |name| self.engine.has_container(name));
                (self.engine.require_image(&self.image), is_taken)
            }
            known => known,
        };
        // Of an image that is not there no more is to be known.
        let is_taken = if image.is_ok() { is_taken? } else { false };
        Ok(Known { image, is_taken })
    }
}
