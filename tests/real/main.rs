//! `bn` with the real containerd, runc, buildah and git. `scripts/test.sh` starts what they need, on a containerd of its own.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::disallowed_methods)]

mod agents;
mod attach;
mod attacks;
mod build;
mod caches;
mod checks;
mod commands;
mod crash;
mod crash_kill;
mod crowds;
mod disk;
mod entrypoint;
mod events;
mod exec;
mod furnished;
mod git_work;
mod graph;
mod graph_crowds;
mod graph_kills;
mod graph_verbs;
mod held_back;
mod hostile;
mod input;
mod json;
#[path = "../graph/json_examples.rs"]
mod json_examples;
mod kept;
mod landing;
mod leftovers;
mod life;
mod machine;
mod main_job;
mod memory;
mod models;
mod mounts;
mod network;
mod notify;
mod paths;
mod pause;
#[path = "../../src/failpoint/point.rs"]
mod point;
mod ports;
#[path = "../it/program.rs"]
mod program;
mod registry;
mod repositories;
mod retry;
mod running;
mod scene;
mod screen;
mod seat;
mod secrets;
mod setup;
mod shapes;
mod streams;
mod submodules;
mod targets;
mod terminal;
mod top;
mod user_terminal;
mod users;
mod wall;
mod ways_out;
mod websockets;
mod world;
