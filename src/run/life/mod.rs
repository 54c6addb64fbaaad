//! The life of a run, step by step, from the claim of its name to its outcome. `steps` is the page to begin with.

mod apart;
pub mod caches;
pub mod conflicts;
mod container;
pub mod detach;
pub mod discard;
pub mod exec;
pub mod finish;
pub mod hold;
pub mod landed;
pub mod plan;
pub mod prepare;
pub mod review;
pub mod stale_secrets;
pub mod start;
pub mod steps;
pub mod stop;
pub mod tell;
