//! What can go wrong between a Containerfile and an image in containerd.

use crate::commands::container::definition::PROJECT_FILE;
use crate::error::Explain;

#[derive(Debug, thiserror::Error)]
pub enum BuildError {
    #[error("buildah could not build {reference} (exit code {code}); its reason stands above")]
    Failed { reference: String, code: u8 },
    #[error("{reference} bears the label {label}, by which an image gives orders to containerd")]
    CommandingLabel { reference: String, label: String },
    #[error("{PROJECT_FILE} has commands with --mount, and this buildah lets those reach the host's files ({holes})")]
    Mounts { holes: &'static str },
    #[error("{reference} did not get into containerd: {message}")]
    NotImported { reference: String, message: String },
}

impl Explain for BuildError {
    fn hints(&self) -> Vec<String> {
        match self {
            BuildError::Failed { .. } => vec![
                "no answer from the registry? start from an image that is here: --base-image REF".to_owned(),
                "uids missing? sudo usermod --add-subuids 100000-165535 --add-subgids 100000-165535 $USER".to_owned(),
            ],
            BuildError::CommandingLabel { label, .. } => {
                vec![format!("take the label {label} out of the Containerfile or its base")]
            }
            BuildError::Mounts { .. } => vec![
                "update buildah to 1.38.1 or later, or take --mount out of it".to_owned(),
                format!("looked at it yourself? bn container build --file {PROJECT_FILE}"),
            ],
            BuildError::NotImported { message, .. } if message.contains("no space left") => {
                vec!["more room in another folder? TMPDIR=FOLDER bn container build".to_owned()]
            }
            BuildError::NotImported { .. } => vec!["try again with: bn container build --no-cache".to_owned()],
        }
    }
}
