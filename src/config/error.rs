//! What is wrong with a configuration, and where.

use std::path::PathBuf;

use crate::error::{Explain, Usage};

#[derive(Debug, thiserror::Error)]
pub enum ConfigError {
    #[error("{at}: {reason}")]
    Syntax { at: String, reason: String },
    #[error("{at}: there is no key {key}")]
    Unknown { at: String, key: String, meant: Option<&'static str> },
    #[error("{at}: {key} takes {wanted}, and this is {found}")]
    Form { at: String, key: String, wanted: &'static str, found: &'static str, example: String },
    #[error("{at}: {setting}: {}", wrong.message)]
    Value { at: String, setting: String, wrong: Usage },
    #[error("{file} has {bytes} bytes, more than a configuration may have ({longest})")]
    TooLong { file: String, bytes: u64, longest: usize },
    #[error("{file} is not UTF-8")]
    NotText { file: String },
    #[error("cannot read {}", path.display())]
    Read { path: PathBuf, source: std::io::Error },
    #[error("{} is where an agent can write ({}): it could give itself any setting", path.display(), tree.display())]
    InTree { path: PathBuf, tree: PathBuf },
    #[error("the project's settings lower the wall, and nobody has confirmed that: {}", settings.join("; "))]
    NotConfirmed { settings: Vec<String> },
}

impl Explain for ConfigError {
    fn hints(&self) -> Vec<String> {
        match self {
            ConfigError::Unknown { meant: Some(meant), .. } => vec![format!("you may mean: {meant}")],
            ConfigError::Unknown { .. } => vec!["all keys: bn config".to_owned()],
            ConfigError::Form { example, .. } => vec![format!("such as: {example}")],
            ConfigError::Value { wrong, .. } => wrong.hints.clone(),
            ConfigError::InTree { .. } => vec!["put it elsewhere, and set XDG_CONFIG_HOME to that folder".to_owned()],
            ConfigError::NotConfirmed { .. } => vec![
                "if that is what you want: bn config trust".to_owned(),
                "a flag of the same name says otherwise for one run, your own configuration for all".to_owned(),
            ],
            _ => Vec::new(),
        }
    }
}
