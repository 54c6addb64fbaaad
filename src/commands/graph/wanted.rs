//! From the flags that choose among tasks to a filter.

use crate::cli::which::Which;
use crate::graph::queries::filter::Filter;

/// The tags and types that were asked for, on top of another filter.
pub fn wanted(which: Which, filter: Filter) -> Filter {
    Filter { tags: which.tags, types: which.types, ..filter }
}
