//! From the flags that choose among tasks to a filter.

use crate::cli::which::Which;
use crate::env;
use crate::error::Usage;
use crate::graph::model::task::PriorityRange;
use crate::graph::queries::filter::{Filter, TimeBound};
use crate::quantity;

/// What was asked for, on top of another filter.
pub fn wanted(which: Which, filter: Filter) -> Result<Filter, Usage> {
    let now = env::now();
    let times = which.times.0.into_iter().map(|(time, typed)| {
        let at = quantity::time(time.flag, &typed, now)?.into();
        Ok(TimeBound { of: time.of, before: time.before, at })
    });
    Ok(Filter {
        tags: which.tags,
        any_tags: which.any_tags,
        not_tags: which.not_tags,
        types: which.types,
        priorities: which.priorities.into_iter().flat_map(PriorityRange::each).collect(),
        text: which.text,
        assignee: which.assignee,
        unassigned: which.unassigned,
        parent: which.parent,
        times: times.collect::<Result<_, _>>()?,
        ..filter
    })
}
