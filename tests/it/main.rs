//! `bn` as its users see it: exact streams, exact exit codes, with fake `ctr`, `buildah` and `sudo` on a PATH of the test's own.

mod doctor;
mod dry_run;
mod input;
mod network;
mod sudo;
mod tools;
mod world;
