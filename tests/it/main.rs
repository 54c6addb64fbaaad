//! `bn` as its users see it: exact streams, exact exit codes, with fake `ctr`, `buildah` and `sudo` on a PATH of the test's own.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::disallowed_methods)]

mod building;
mod config;
mod defaults;
mod doctor;
mod dry_run;
mod house;
mod input;
mod login;
mod mounts;
mod network;
mod newcomer;
mod ownership;
mod program;
mod promises;
mod shell;
mod sudo;
mod tools;
mod topics;
mod verbs;
mod world;
mod wrong_use;
