//! `bn task delete` and its undo.

use crate::cli::task::{DeleteArgs, IdArg};
use crate::commands::Context;
use crate::error::Failure;
use crate::graph::requests::{Delete, Undelete};

pub fn run(args: &DeleteArgs, context: &Context) -> Result<(), Failure> {
    super::change(context, "Deleted", &Delete { id: args.id.clone(), force: args.force })
}

pub fn undo(args: &IdArg, context: &Context) -> Result<(), Failure> {
    super::change(context, "Brought back", &Undelete { id: args.id.clone() })
}
