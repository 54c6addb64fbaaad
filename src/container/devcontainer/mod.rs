//! `devcontainer.json`: what of it a run can have, and what is left out.

pub mod features;
mod jsonc;
mod left_out;
mod parts;
mod tree;

use std::path::{Path, PathBuf};

use serde_json::{Map, Value};

use crate::container::devcontainer::features::Feature;
use crate::container::devcontainer::tree::in_tree;
use crate::error::Usage;

/// Where a project has it, the first of them.
pub const FILES: [&str; 2] = [".devcontainer/devcontainer.json", ".devcontainer.json"];

/// The image that it starts from.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Base {
    Image(String),
    Build(Build),
}

/// An image of the project's own. Paths are those of the tree.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Build {
    pub dockerfile: PathBuf,
    pub context: PathBuf,
    pub args: Vec<(String, String)>,
    pub target: Option<String>,
}

/// What a project's file says that a run can have.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Devcontainer {
    pub base: Base,
    /// In the order of the file.
    pub features: Vec<Feature>,
    pub env: Vec<(String, String)>,
    /// One command of its four for the time before somebody works.
    pub setup: Option<String>,
    pub ports: Vec<u16>,
    /// As `--mount` takes them.
    pub mounts: Vec<String>,
    /// What a run has not, each with the reason.
    pub left_out: Vec<String>,
}

impl Devcontainer {
    /// `file` is one of `FILES`: paths are seen from its folder.
    pub fn parse(text: &str, file: &str) -> Result<Self, Usage> {
        let wrong = |why: String| Usage::new(format!("{file}: {why}"));
        let value: Value = serde_json::from_str(&jsonc::plain(text)).map_err(|error| wrong(error.to_string()))?;
        let Value::Object(keys) = value else { return Err(wrong("it is no object".to_owned())) };
        let mut left_out = left_out::of(&keys);
        let folder = Path::new(file).parent().unwrap_or(Path::new(""));
        Ok(Self {
            base: base(&keys, folder, &mut left_out).map_err(wrong)?,
            features: features::wanted(&keys, folder).map_err(wrong)?,
            env: parts::env(&keys, &mut left_out),
            setup: parts::setup(&keys, &mut left_out),
            ports: parts::ports(&keys, &mut left_out),
            mounts: parts::mounts(&keys, &mut left_out),
            left_out,
        })
    }
}

fn base(keys: &Map<String, Value>, folder: &Path, left_out: &mut Vec<String>) -> Result<Base, String> {
    let build = keys.get("build").and_then(Value::as_object);
    let text = |name: &str| build.and_then(|build| build.get(name)).and_then(Value::as_str).map(str::to_owned);
    let legacy = |name: &str| keys.get(name).and_then(Value::as_str).map(str::to_owned);
    if let Some(dockerfile) = text("dockerfile").or_else(|| legacy("dockerFile")) {
        let context = text("context").or_else(|| legacy("context")).unwrap_or_else(|| ".".to_owned());
        return Ok(Base::Build(Build {
            dockerfile: in_tree(folder, &dockerfile)?,
            context: in_tree(folder, &context)?,
            args: parts::args(keys, left_out),
            target: text("target"),
        }));
    }
    match legacy("image") {
        Some(image) if image.starts_with('-') || image.chars().any(char::is_whitespace) || image.contains('$') => {
            Err(format!("image: {image:?} is not the name of an image"))
        }
        Some(image) => Ok(Base::Image(image)),
        None if keys.contains_key("dockerComposeFile") => {
            Err("dockerComposeFile: bn starts one container, and knows its image by `image` or `build` alone: name one beside it, \
                 or commit a .binnacle/Containerfile"
                .to_owned())
        }
        None => Err("it names neither an `image` nor a `build` with a `dockerfile`".to_owned()),
    }
}

#[cfg(test)]
mod tests;
