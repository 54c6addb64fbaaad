//! The life of a run, step by step, from the claim of its name to its outcome. `steps` is the page to begin with.

pub mod caches;
pub mod check;
pub mod conflicts;
mod container;
pub mod detach;
pub mod discard;
pub mod exec;
pub mod finish;
pub mod land;
pub mod landed;
pub mod lasting;
pub mod logout;
pub mod memory;
mod merge_blockers;
pub mod over;
pub mod plan;
pub mod prepare;
pub mod retarget;
pub mod retried;
pub mod review;
pub mod stale_secrets;
pub mod start;
pub mod steps;
pub mod stop;
pub mod supervise;
pub mod tell;
mod verdict;
