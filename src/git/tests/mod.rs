//! Whole runs on real repositories: prepare, an agent's commits, collect, merge, finish.

mod agents;
mod borrowing;
mod bundle;
mod crash;
mod half_way;
mod hostile;
mod kept;
mod kinds;
mod leftovers;
mod look;
mod main_path;
mod merging;
mod refusals;
mod remaking;
mod settings;
mod untracked;
mod wall;
