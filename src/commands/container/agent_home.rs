//! `bn container agent-home`: inside a container, before the agent starts. Copies the user's settings into the agent's folder, and
//! answers there what the program would ask at its first start.
//!
//! Agents have written in that folder before. Whatever they made of it, this process may do no more than they.

use std::fs;
use std::io::{self, Write};
use std::os::unix::fs::symlink;
use std::path::Path;

use anyhow::Context as _;
use serde_json::Value;

use crate::cli::container::AgentHomeArgs;
use crate::commands::{Context, Exit};
use crate::container::agent_home::{self, AgentHome, Known, SETTINGS_INSIDE, answers};
use crate::error::Failure;
use crate::untrusted::{nofollow, remove};

/// No file of settings is larger.
const LARGEST: u64 = 16 << 20;

pub fn run(args: &AgentHomeArgs, context: &Context) -> Result<Exit, Failure> {
    let home = agent_home::of(args.agent);
    let own = context.env.user.home.clone().unwrap_or_default();
    let folder = own.join(home.folder);
    for name in home.passing {
        keep_apart(&folder.join(name), &own.join(".not-kept").join(name))
            .with_context(|| format!("cannot move {name}"))?;
    }
    fs::create_dir_all(&folder).with_context(|| format!("cannot make {}", folder.display()))?;
    let settings = Path::new(SETTINGS_INSIDE);
    for name in home.settings {
        copy(&settings.join(name), &folder.join(name)).with_context(|| format!("cannot copy your {name}"))?;
    }
    let known = Known { key: context.env.anthropic_key(), part: part(home, settings) };
    for answer in answers(args.agent) {
        let path = folder.join(answer.file);
        let before = nofollow::read_file(&path, LARGEST).unwrap_or_default();
        if let Some(text) = answer.text(&String::from_utf8_lossy(&before), &known) {
            replace(&path, text.as_bytes()).with_context(|| format!("cannot write {}", path.display()))?;
        }
    }
    Ok(Exit::DONE)
}

/// Leads what is written into a folder to another one, which goes with the container, and removes what was there.
fn keep_apart(path: &Path, to: &Path) -> io::Result<()> {
    remove::folder(path).map_err(io::Error::other)?;
    fs::create_dir_all(to)?;
    fs::create_dir_all(path.parent().unwrap_or(Path::new("/")))?;
    symlink(to, path)
}

fn part(home: &AgentHome, settings: &Path) -> Option<Value> {
    let (file, _) = home.part?;
    serde_json::from_slice(&nofollow::read_file(&settings.join(file), LARGEST).ok()?).ok()
}

/// A file, or a folder with all that is in it; nothing where there is none.
fn copy(from: &Path, to: &Path) -> io::Result<()> {
    match fs::symlink_metadata(from) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(()),
        Err(error) => Err(error),
        Ok(found) if found.is_dir() => {
            if !fs::symlink_metadata(to).is_ok_and(|found| found.is_dir()) {
                remove::folder(to).map_err(io::Error::other)?;
                fs::create_dir(to)?;
            }
            for entry in fs::read_dir(from)? {
                let name = entry?.file_name();
                copy(&from.join(&name), &to.join(&name))?;
            }
            Ok(())
        }
        Ok(_) => replace(to, &nofollow::read_file(from, LARGEST)?),
    }
}

/// Puts a file in the place of whatever is there.
fn replace(path: &Path, bytes: &[u8]) -> io::Result<()> {
    if fs::symlink_metadata(path).is_ok_and(|found| found.is_dir()) {
        remove::folder(path).map_err(io::Error::other)?;
    }
    let folder = path.parent().unwrap_or(Path::new("/"));
    let mut beside = tempfile::NamedTempFile::new_in(folder)?;
    beside.write_all(bytes)?;
    beside.persist(path).map_err(|error| error.error)?;
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_not_to_outlive_a_run_is_led_away_whatever_stands_in_its_place() {
        let root = tempfile::tempdir().unwrap();
        let (path, to, outside) = (root.path().join("a/s"), root.path().join("b/s"), root.path().join("outside"));
        fs::create_dir(&outside).unwrap();
        fs::write(outside.join("canary"), "").unwrap();
        let places: [&dyn Fn(); 4] = [
            &|| {},
            &|| fs::create_dir_all(path.join("of a killed run")).unwrap(),
            &|| fs::write(&path, "a file").unwrap(),
            &|| symlink(&outside, &path).unwrap(),
        ];
        for place in places {
            remove::folder(&path).unwrap();
            place();
            keep_apart(&path, &to).unwrap();
            fs::write(path.join("secret"), "").unwrap();
            assert!(to.join("secret").exists() && fs::read_link(&path).unwrap() == to);
        }
        assert_eq!(fs::read_dir(outside).unwrap().count(), 1);
    }
}
