//! What containers are made of, as values: no file is read and no program started in here.

pub mod install;
