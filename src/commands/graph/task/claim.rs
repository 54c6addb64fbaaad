//! `bn task claim`: exactly one agent gets it.

use crate::cli::task::ClaimArgs;
use crate::commands::Context;
use crate::error::Failure;
use crate::graph::store::Claim;
use crate::quantity;

pub fn run(args: &ClaimArgs, context: &Context) -> Result<(), Failure> {
    let stale_after = quantity::duration("--stale-after", &args.stale_after)?;
    let how = Claim { force: args.force, take_over: args.take_over.then_some(stale_after) };
    super::change(context, &args.id, "Claimed", |writer, id| writer.claim(id, how))
}
