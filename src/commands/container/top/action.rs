//! What a key does: another command of `bn`, in the terminal, as if it had been typed.

use std::io::BufRead;
use std::path::PathBuf;

use crate::commands::Context;
use crate::commands::container::top::full_screen::FullScreen;
use crate::env::own_program;
use crate::error::Failure;
use crate::process::{Cmd, Runner};
use crate::run::watch::signals::Signals;

#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Action {
    Quit,
    /// Ctrl-Z
    Suspend,
    /// Ended runs too, or no longer.
    ShowAll(bool),
    Do(Doing),
}

/// `bn container VERB NAME`
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Doing {
    pub words: Vec<&'static str>,
    pub name: String,
    /// The repository that the name is looked for in first, where it may be another than this one.
    pub repository: Option<PathBuf>,
    /// What it prints would go with the screen that comes back.
    pub wait: bool,
}

impl Doing {
    pub fn command(&self) -> Vec<String> {
        let folder = self.repository.iter().flat_map(|path| ["-C".to_owned(), path.display().to_string()]);
        let words = self.words.iter().map(|word| (*word).to_owned());
        folder.chain(["container".to_owned()]).chain(words).chain([self.name.clone()]).collect()
    }

    pub fn run(&self, screen: &mut FullScreen, signals: &Signals, context: &Context) -> Result<(), Failure> {
        screen.leave();
        let cmd = Cmd::new(own_program()?).args(self.command());
        let outcome = Runner::new(&context.env).foreground(&cmd);
        match &outcome {
            Err(error) => context.output.note(format_args!("Error: {error}")),
            Ok(status) if status.success() && !self.wait => return Ok(screen.enter_again()?),
            Ok(_) => {}
        }
        // A Ctrl-C was for the command.
        signals.take_interrupt();
        context.output.note("-- Enter: back to the list --");
        std::io::stdin().lock().read_line(&mut String::new())?;
        Ok(screen.enter_again()?)
    }
}
