//! `bn` with the real containerd, runc, buildah and git. `scripts/test.sh` starts what they need, on a containerd of its own.

mod entrypoint;
mod main_job;
mod wall;
mod world;
