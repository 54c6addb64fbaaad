//! `bn task claim`: exactly one agent gets it.

use crate::cli::task::ClaimArgs;
use crate::commands::Context;
use crate::error::Failure;
use crate::graph::requests::Claim;
use crate::quantity;

pub fn run(args: &ClaimArgs, context: &Context) -> Result<(), Failure> {
    let stale_after = quantity::duration("--stale-after", &args.stale_after)?;
    let stale_after = args.take_over.then_some(stale_after.as_secs());
    super::change(context, "Claimed", &Claim { id: args.id.clone(), force: args.force, stale_after })
}
