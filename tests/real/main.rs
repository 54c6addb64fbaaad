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
mod devcontainer;
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
mod howto;
mod input;
mod json;
#[path = "../graph/json_examples.rs"]
mod json_examples;
#[path = "../graph/json_schema.rs"]
mod json_schema;
mod kept;
mod landing;
mod leftovers;
mod life;
mod log_times;
mod looked_at;
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
mod private;
#[path = "../it/program.rs"]
mod program;
mod progress;
mod pruned;
mod push;
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
mod sign_in;
mod ssh;
mod streams;
mod submodules;
mod targets;
mod terminal;
mod told;
mod top;
mod user_terminal;
mod users;
#[path = "../it/verbs.rs"]
mod verbs;
mod waiting;
mod wall;
mod ways_out;
mod websockets;
mod world;
