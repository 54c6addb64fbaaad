//! What can go wrong between a Containerfile and an image in containerd.

use crate::commands::container::definition::PROJECT_FILE;
use crate::container::registry::Refusal;
use crate::error::Explain;

#[derive(Debug, thiserror::Error)]
pub enum BuildError {
    #[error("buildah could not build {reference}: {}", why.clone().unwrap_or_else(|| format!("exit code {code}; its own message is above")))]
    Failed { reference: String, code: u8, why: Option<String>, hints: Vec<String> },
    #[error("the image {reference} has the label {label}, which containerd obeys")]
    CommandingLabel { reference: String, label: String },
    #[error(
        "the image {reference} starts as the user {user}; it has to start as root, so that bn can switch to your user"
    )]
    OtherUser { reference: String, user: String, own: bool },
    #[error("{reference} has no {missing}, which every run needs", missing = .missing.join(", no "))]
    Lacks { reference: String, missing: Vec<String> },
    #[error("no program can be started in the image {reference}: {message}")]
    NotStarted { reference: String, message: String },
    #[error("{PROJECT_FILE} has commands with --mount, and this buildah lets those reach the host's files ({holes})")]
    Mounts { holes: &'static str },
    #[error("{}", .0.why)]
    NotFetched(Refusal),
    #[error("containerd did not import the image {reference}: {message}")]
    NotImported { reference: String, message: String },
}

impl Explain for BuildError {
    fn hints(&self) -> Vec<String> {
        match self {
            BuildError::Failed { hints, .. } => hints.clone(),
            BuildError::NotFetched(Refusal { hint, .. }) => vec![hint.clone()],
            BuildError::OtherUser { own: true, .. } => {
                vec![
                    "its base image names that user; choose another base: bn container build --base-image REF"
                        .to_owned(),
                ]
            }
            BuildError::OtherUser { .. } => {
                vec!["end the Containerfile with the line: USER root (the agent itself never runs as root)".to_owned()]
            }
            BuildError::Lacks { missing, .. } => lacks(missing),
            BuildError::NotStarted { .. } => Vec::new(),
            BuildError::CommandingLabel { label, .. } => {
                vec![format!("take the label {label} out of the Containerfile or its base")]
            }
            BuildError::Mounts { .. } => vec![
                "update buildah to 1.38.1 or later, or take --mount out of it".to_owned(),
                format!("or read it, and build it all the same: bn container build --file {PROJECT_FILE}"),
            ],
            BuildError::NotImported { message, .. } if message.contains("no space left") => {
                vec!["build in a folder with more room: TMPDIR=FOLDER bn container build".to_owned()]
            }
            BuildError::NotImported { .. } => vec!["try again with: bn container build --no-cache".to_owned()],
        }
    }
}

/// Two of them are copied from the build context; the others are packages.
fn lacks(missing: &[String]) -> Vec<String> {
    let copied = [("binnacle-entrypoint", "entrypoint.sh"), ("bn", "bn")];
    let lines = copied.iter().filter(|(name, _)| missing.iter().any(|lacked| lacked == name));
    let mut hints: Vec<String> = lines
        .map(|(name, file)| format!("a line for the Containerfile: COPY --chmod=0755 {file} /usr/local/bin/{name}"))
        .collect();
    if missing.iter().any(|lacked| copied.iter().all(|(name, _)| lacked != name)) {
        hints.push(
            "install what is missing in the Containerfile, or begin FROM localhost/binnacle-self:latest".to_owned(),
        );
    }
    hints
}
