//! `bn task delete` and its undo.

use crate::cli::task::{DeleteArgs, IdArg};
use crate::commands::Context;
use crate::error::Failure;

pub fn run(args: &DeleteArgs, context: &Context) -> Result<(), Failure> {
    super::change(context, &args.id, "Deleted", |writer, id| writer.delete(id, args.force))
}

pub fn undo(args: &IdArg, context: &Context) -> Result<(), Failure> {
    super::change(context, &args.id, "Brought back", |writer, id| writer.undelete(id))
}
