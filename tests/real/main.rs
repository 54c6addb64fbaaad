//! `bn` with the real containerd, runc, buildah and git. `scripts/test.sh` starts what they need, on a containerd of its own.

mod agents;
mod build;
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
