//! What containers are made of, as values: no file is read and no program started in here.

pub mod accounts;
pub mod again;
pub mod agent;
pub mod agent_home;
pub mod agent_hooks;
pub mod build_hints;
pub mod build_step;
pub mod build_verdict;
pub mod buildah;
pub mod caches;
pub mod credentials;
pub mod ctr;
pub mod devcontainer;
pub mod doctor;
pub mod exec;
pub mod from_host;
pub mod handoff;
pub mod image_list;
pub mod keys;
pub mod layout;
pub mod limits;
pub mod mount;
pub mod name;
pub mod network;
#[cfg(test)]
mod recorded;
pub mod reference;
pub mod registry;
pub mod seccomp;
pub mod ssh;
pub mod tasks;
pub mod user_mount;
pub mod wall;

/// containerd's namespace for everything that `bn` makes.
pub const NAMESPACE: &str = "binnacle";

/// The agent's home in a container.
pub const HOME_INSIDE: &str = "/home/agent";

/// Label on a container: the name of its run.
pub const LABEL_RUN: &str = "bn.run";
/// Label on a container: the session of its run, which no other run has.
pub const LABEL_SESSION: &str = "bn.session";
/// Label on a container: the repository's id.
pub const LABEL_REPO: &str = "bn.repo";
/// Label on an image in containerd: the id that buildah gave it, to see whether an import would change anything.
pub const LABEL_IMAGE_ID: &str = "bn.image-id";
