//! `bn` with the real containerd, runc, buildah and git. `scripts/test.sh` starts what they need, on a containerd of its own.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::disallowed_methods)]

mod agents;
mod build;
mod disk;
mod entrypoint;
mod input;
mod life;
mod main_job;
mod paths;
mod running;
mod screen;
mod targets;
mod terminal;
mod users;
mod world;
