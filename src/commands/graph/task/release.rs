//! `bn task release`: a claim given back.

use crate::cli::task::ReleaseArgs;
use crate::commands::Context;
use crate::error::Failure;

pub fn run(args: &ReleaseArgs, context: &Context) -> Result<(), Failure> {
    super::change(context, &args.id, "Released", |writer, id| writer.release(id, args.reason.as_deref(), args.force))
}
