//! `bn task release`: a claim given back.

use crate::cli::task::ReleaseArgs;
use crate::commands::Context;
use crate::error::Failure;
use crate::graph::requests::Release;

pub fn run(args: &ReleaseArgs, context: &Context) -> Result<(), Failure> {
    let release = Release { id: args.id.clone(), reason: args.reason.clone(), force: args.force };
    super::change(context, "Released", &release)
}
