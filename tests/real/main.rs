//! `bn` with the real containerd, runc, buildah and git. `scripts/test.sh` starts what they need, on a containerd of its own.

mod attacks;
mod crash;
mod crash_kill;
mod hostile;
mod machine;
mod main_job;
#[path = "../../src/failpoint/point.rs"]
mod point;
mod scene;
mod secrets;
mod world;
