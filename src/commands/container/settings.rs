//! `bn container run --with-settings`: the user's own settings of an agent program, read by name. What has a key in it stays here.

use std::ffi::OsString;
use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use serde_json::Value;

use crate::container::agent::Agent;
use crate::container::agent_home::{self, AgentHome};
use crate::container::keys::line_with_key;

/// Bounds on one file, on all of them, and on folders in folders.
const LARGEST: u64 = 1 << 20;
const MOST_FILES: usize = 2000;
const DEEPEST: usize = 8;

/// What comes along: paths in the agent's folder, and what is in them. And what the user should hear of it.
#[derive(Default)]
pub struct Settings {
    pub files: Vec<(PathBuf, Vec<u8>)>,
    pub notes: Vec<String>,
}

/// The settings of this agent in that home. `keys` are those that the user has.
pub fn read(agent: Agent, home: &Path, keys: &[String]) -> Settings {
    let row = agent_home::of(agent);
    let mut reading =
        Reading { top: home.join(row.folder), shown: format!("~/{}", row.folder), keys, found: Settings::default() };
    for name in row.settings {
        reading.entry(Path::new(name), 0);
    }
    reading.part(row, home);
    let Settings { files, mut notes } = reading.found;
    let mut names: Vec<String> = Vec::new();
    for (path, _) in &files {
        let first = path.iter().next().unwrap_or_default().to_string_lossy().into_owned();
        if !names.contains(&first) {
            names.push(first);
        }
    }
    notes.insert(
        0,
        match names.is_empty() {
            true => format!("--with-settings: ~/{} has none that come along", row.folder),
            false => format!("copies of your settings come along from ~/{}: {}", row.folder, names.join(", ")),
        },
    );
    Settings { files, notes }
}

struct Reading<'a> {
    top: PathBuf,
    shown: String,
    keys: &'a [String],
    found: Settings,
}

impl Reading<'_> {
    /// The user's own links are followed: many keep such files elsewhere.
    fn entry(&mut self, path: &Path, depth: usize) {
        let whole = self.top.join(path);
        let Ok(found) = fs::metadata(&whole) else { return };
        if found.is_dir() && depth < DEEPEST {
            let entries =
                fs::read_dir(&whole).and_then(|entries| entries.map(|entry| Ok(entry?.file_name())).collect());
            let mut names: Vec<OsString> = entries.unwrap_or_default();
            names.sort();
            names.iter().filter(|name| *name != ".git").for_each(|name| self.entry(&path.join(name), depth + 1));
        } else if found.is_file() && self.found.files.len() < MOST_FILES {
            match text_of(&whole, found.len()) {
                Ok(text) => self.take(path, text),
                Err(error) => self.leave_out(path, &error.to_string()),
            }
        }
    }

    fn take(&mut self, path: &Path, bytes: Vec<u8>) {
        match self.key_in(path, &bytes) {
            Some(place) => self.leave_out(path, &format!("it seems to have a key in it{place}")),
            None => self.found.files.push((path.to_owned(), bytes)),
        }
    }

    fn leave_out(&mut self, path: &Path, why: &str) {
        self.found.notes.push(format!("left out {}/{}: {why}", self.shown, path.display()));
    }

    fn key_in(&self, path: &Path, bytes: &[u8]) -> Option<String> {
        let text = String::from_utf8_lossy(bytes);
        // JSON in one line gets a line for each value.
        let spread = serde_json::from_str::<Value>(&text).and_then(|value| serde_json::to_string_pretty(&value));
        let spread = spread.ok().filter(|_| path.extension().is_some_and(|end| end == "json"));
        let line = line_with_key(&text, self.keys).map(|line| format!(", in line {line}"));
        line.or_else(|| line_with_key(&spread?, self.keys).map(|_| String::new()))
    }

    /// One part of a file with others: it comes along in a file of that name.
    fn part(&mut self, row: &AgentHome, home: &Path) {
        let Some((file, part)) = row.part else { return };
        let Ok(bytes) = text_of(&home.join(file), 0) else { return };
        let value = serde_json::from_slice::<Value>(&bytes).ok().and_then(|value| value.get(part).cloned());
        let Some(text) = value.and_then(|value| serde_json::to_vec_pretty(&value).ok()) else { return };
        match self.key_in(Path::new(file), &text) {
            Some(_) => self.found.notes.push(format!("left out {part} of ~/{file}: it seems to have a key in it")),
            None => self.found.files.push((file.into(), text)),
        }
    }
}

fn text_of(path: &Path, length: u64) -> io::Result<Vec<u8>> {
    if length > LARGEST {
        return Err(io::Error::other("it has more than 1 MB"));
    }
    fs::read(path)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn settings_come_along_by_name_and_keys_do_not() {
        let home = tempfile::tempdir().unwrap();
        let write = |path: &str, text: &str| {
            let path = home.path().join(path);
            fs::create_dir_all(path.parent().unwrap()).unwrap();
            fs::write(path, text).unwrap();
        };
        write(".claude/CLAUDE.md", "be brief");
        write(".claude/.credentials.json", "{}");
        write(".claude/skills/a/SKILL.md", "do it");
        write(".claude/settings.json", r#"{"env":{"GITHUB_TOKEN":"abcdefgh"}}"#);
        write(".claude/commands/b.md", "my canary-key is here");
        write(".claude.json", r#"{"oauthAccount":{"x":1},"mcpServers":{"docs":{"command":"docs"}}}"#);
        let Settings { files, notes } = read(Agent::Claude, home.path(), &["canary-key".to_owned()]);
        let names: Vec<_> = files.iter().map(|(path, _)| path.to_str().unwrap()).collect();
        assert_eq!(names, ["CLAUDE.md", "skills/a/SKILL.md", ".claude.json"]);
        assert!(!String::from_utf8_lossy(&files[2].1).contains("oauth"));
        assert_eq!(
            notes,
            [
                "copies of your settings come along from ~/.claude: CLAUDE.md, skills, .claude.json",
                "left out ~/.claude/settings.json: it seems to have a key in it, in line 1",
                "left out ~/.claude/commands/b.md: it seems to have a key in it, in line 1",
            ]
        );
    }
}
