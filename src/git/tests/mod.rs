//! Whole runs on real repositories: prepare, an agent's commits, collect, merge, finish.

mod main_path;
