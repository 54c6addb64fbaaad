//! The task graph as its users see it: the real binary, its streams and its exit codes.
#![allow(clippy::unwrap_used, clippy::panic, clippy::disallowed_methods)]

mod claims;
mod clock;
mod crowd;
mod discovery;
mod fields;
mod finding;
mod foreign;
mod formats;
mod hostile;
mod input;
mod json;
mod json_examples;
mod json_schema;
mod landing;
mod lifecycle;
mod links;
mod mcp;
mod power;
mod rows;
mod sessions;
mod transfer;
mod trouble;
mod undo;
#[path = "../it/verbs.rs"]
mod verbs;
mod views;
mod world;
