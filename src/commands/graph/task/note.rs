//! `bn task note`: what is worth remembering about a task.

use std::io::Read;

use crate::cli::task::NoteArgs;
use crate::commands::Context;
use crate::error::Failure;
use crate::graph::requests::Note;

pub fn run(args: &NoteArgs, context: &Context) -> Result<(), Failure> {
    let mut text = args.text.join(" ");
    if text == "-" {
        text.clear();
        std::io::stdin().lock().read_to_string(&mut text)?;
    }
    super::change(context, "Noted on", &Note { id: args.id.clone(), text })
}
