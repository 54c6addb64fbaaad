//! Git configuration as values: what the host has set, and the text of a config file that bn writes.

use std::path::{Path, PathBuf};

use crate::git::host::git::{os, path_answer};
use crate::git::host::{Git, GitError};
use crate::process::Cmd;

/// One setting, and the file that has it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Setting {
    /// Section and name in lower case, the part in between as written.
    pub key: String,
    /// `None` for a key without `=`, which means true.
    pub value: Option<String>,
    pub file: Option<PathBuf>,
}

/// Everything that is set for a repository, later entries over earlier ones.
#[derive(Clone, Debug, Default)]
pub struct Config(Vec<Setting>);

impl Config {
    /// `cmd` is git on the repository: `in_dir` or `in_tree`.
    pub fn read(git: &Git, cmd: Cmd, folder: &Path) -> Result<Self, GitError> {
        let cmd = listing(cmd);
        Ok(Self(parse(&git.read("read the configuration", &cmd)?.stdout, folder)))
    }

    pub fn settings(&self) -> &[Setting] {
        &self.0
    }

    pub fn get(&self, key: &str) -> Option<&str> {
        let found = self.0.iter().rev().find(|setting| setting.key == key)?;
        Some(found.value.as_deref().unwrap_or("true"))
    }

    /// As git reads a boolean; unset is no.
    pub fn is_true(&self, key: &str) -> bool {
        self.get(key).is_some_and(|value| {
            matches!(value.to_ascii_lowercase().as_str(), "true" | "yes" | "on")
                || value.parse::<i64>().is_ok_and(|number| number != 0)
        })
    }

    /// The names in between of all `section.NAME.…`, each once.
    pub fn subsections(&self, section: &str) -> Vec<&str> {
        let mut names: Vec<&str> = self.0.iter().filter_map(|setting| subsection(&setting.key, section)).collect();
        names.sort_unstable();
        names.dedup();
        names
    }
}

/// The value of a setting that is a path, as git reads it. Git is asked for what is neither a plain path nor in the user's home; its own
/// answer for the key could be one that `bn` gives it.
pub fn path(git: &Git, git_dir: &Path, value: &str) -> Result<PathBuf, GitError> {
    if let Some((rest, home)) = value.strip_prefix("~/").zip(git.home()) {
        return Ok(home.join(rest));
    }
    if !value.starts_with(['~', '%', ':']) {
        return Ok(PathBuf::from(value));
    }
    let cmd = git.in_dir(git_dir).args(["config", "--type=path", "--default", value, "--get", "binnacle.unset"]);
    Ok(path_answer(&git.read("read a path of the configuration", &cmd)?))
}

/// Has git say what is configured, for a `Config::read` to come by a git that remembers.
pub fn ask_ahead(git: &Git, cmd: Cmd) {
    git.ask_ahead(&listing(cmd));
}

fn listing(cmd: Cmd) -> Cmd {
    cmd.args(["config", "--list", "--includes", "-z", "--show-scope", "--show-origin"])
}

fn subsection<'a>(key: &'a str, section: &str) -> Option<&'a str> {
    let rest = key.strip_prefix(section)?.strip_prefix('.')?;
    rest.rsplit_once('.').map(|(name, _)| name)
}

/// `scope NUL origin NUL key LF value NUL …`; what `bn` itself set on the command line is left out.
fn parse(listing: &[u8], folder: &Path) -> Vec<Setting> {
    let mut fields = listing.split(|&byte| byte == 0);
    let mut settings = Vec::new();
    while let (Some(scope), Some(origin), Some(entry)) = (fields.next(), fields.next(), fields.next()) {
        if scope == b"command" {
            continue;
        }
        let file = origin.strip_prefix(b"file:").map(|path| folder.join(os(path)));
        let entry = String::from_utf8_lossy(entry);
        let (key, value) = match entry.split_once('\n') {
            Some((key, value)) => (key, Some(value.to_owned())),
            None => (entry.as_ref(), None),
        };
        settings.push(Setting { key: key.to_owned(), value, file });
    }
    settings
}

/// A config file that is being written.
#[derive(Debug, Default)]
pub struct ConfigText(String);

impl ConfigText {
    /// `key` is `section.name` or `section.any thing.name`.
    pub fn set(&mut self, key: &str, value: &str) {
        let (section, name) = key.rsplit_once('.').unwrap_or(("core", key));
        let header = match section.split_once('.') {
            Some((section, sub)) => format!("[{section} \"{}\"]", sub.replace('\\', "\\\\").replace('"', "\\\"")),
            None => format!("[{section}]"),
        };
        let value = value.replace('\\', "\\\\").replace('"', "\\\"").replace('\n', "\\n").replace('\t', "\\t");
        self.0.push_str(&format!("{header}\n\t{name} = \"{value}\"\n"));
    }

    pub fn into_text(self) -> String {
        self.0
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn later_settings_win_and_our_own_are_left_out() {
        let listing =
            b"global\0file:/home/u/.gitconfig\0core.autocrlf\nfalse\0local\0file:config\0core.autocrlf\ninput\0\
            local\0file:config\0filter.a.b.required\0command\0command line:\0core.fsmonitor\nfalse\0";
        let config = Config(parse(listing, Path::new("/r")));
        assert_eq!(config.get("core.autocrlf"), Some("input"));
        assert!(config.is_true("filter.a.b.required"));
        assert_eq!(config.get("core.fsmonitor"), None);
        assert_eq!(config.subsections("filter"), ["a.b"]);
        assert_eq!(config.settings()[1].file.as_deref(), Some(Path::new("/r/config")));
    }

    #[test]
    fn git_reads_back_what_is_written() {
        let folder = tempfile::tempdir().unwrap();
        let mut text = ConfigText::default();
        let values = [("remote.a \"b\\c].url", "x # y ; \"z\"\t\\n\nend "), ("user.name", " Ann  O'Nym ")];
        values.iter().for_each(|(key, value)| text.set(key, value));
        let path = folder.path().join("config");
        std::fs::write(&path, text.into_text()).unwrap();
        let git = crate::git::testing::git(folder.path());
        for (key, value) in values {
            let cmd = git.discovering(folder.path()).args(["config", "-z", "--file"]).arg(&path).arg("--get").arg(key);
            assert_eq!(git.read("read it", &cmd).unwrap().text().trim_end_matches('\0'), value);
        }
    }
}
