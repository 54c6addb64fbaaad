//! The task graph as its users see it: the real binary, its streams and its exit codes.

mod claims;
mod discovery;
mod lifecycle;
mod sessions;
mod world;
