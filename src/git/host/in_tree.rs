//! Programs and configuration that the host's git would take from the agent's tree.

use std::collections::BTreeSet;
use std::path::{Component, Path, PathBuf};

use crate::git::host::config::{Config, Setting};
use crate::git::host::git::os;
use crate::git::host::{Git, GitError, lfs};

/// Refuses a repository whose configuration stands in the tree, or names a program there.
pub fn refuse(config: &Config, worktree: &Path, common_dir: &Path) -> Result<(), GitError> {
    if let Some(file) = config_files(config, worktree, common_dir).into_iter().next() {
        return Err(GitError::ConfigInTree { file });
    }
    match program(config, worktree) {
        Some(setting) => {
            Err(GitError::ProgramInTree { key: setting.key.clone(), value: setting.value.clone().unwrap_or_default() })
        }
        None => Ok(()),
    }
}

/// The first setting that names a program below `tree`.
pub fn program<'a>(config: &'a Config, tree: &Path) -> Option<&'a Setting> {
    config.settings().iter().find(|setting| {
        let names_one = |value| names_a_file_in(tree, as_command(&setting.key, value));
        setting.value.as_deref().is_some_and(|value| runs_unasked(&setting.key, value) && names_one(value))
    })
}

/// Whether everyday git commands (status, add, merge, diff, log, commit, fetch) run what this setting names.
fn runs_unasked(key: &str, value: &str) -> bool {
    let (head, name) = key.rsplit_once('.').unwrap_or(("", key));
    match (head.split('.').next().unwrap_or_default(), name) {
        ("filter", "clean" | "smudge" | "process") => true,
        ("diff", "command" | "textconv" | "external") => true,
        ("merge", "driver") => true,
        ("core", "fsmonitor") => !matches!(value.to_ascii_lowercase().as_str(), "true" | "false" | "1" | "0"),
        ("core", "pager" | "editor" | "askpass" | "sshcommand" | "gitproxy" | "alternaterefscommand") => true,
        ("sequence", "editor") | ("interactive", "difffilter") => true,
        ("pager", _) => true,
        ("gpg", "program" | "defaultkeycommand") => true,
        ("credential", "helper") => true,
        ("gc", "recentobjectshook") | ("uploadpack", "packobjectshook") => true,
        ("hook", "command") => true,
        ("trailer", "command" | "cmd") => true,
        ("remote", "uploadpack" | "receivepack") => true,
        ("submodule", "update") => value.starts_with('!'),
        _ => false,
    }
}

/// A credential helper that is neither a path nor marked as a command is the end of the name of one of git's programs.
fn as_command<'a>(key: &str, value: &'a str) -> &'a str {
    let is_helper = key.starts_with("credential.") && key.ends_with(".helper");
    match is_helper && !value.starts_with(['/', '!', '~', '$', '"', '\'']) && !value.contains('/') {
        true => value.split_once(char::is_whitespace).map_or("", |(_, arguments)| arguments),
        false => value,
    }
}

/// Whether a shell command line names a file of the tree: relative with a slash at the start of a command, or there now.
fn names_a_file_in(tree: &Path, command: &str) -> bool {
    let command = &at_home(command);
    let breaks = |letter: char| letter.is_whitespace() || ";|&()<>`\"'=!".contains(letter);
    let words: Vec<&str> = command.split(breaks).filter(|word| !word.is_empty()).collect();
    let first = words.first().copied().unwrap_or_default();
    words.iter().any(|word| {
        let path = Path::new(word);
        if word.contains("--show-toplevel") || word.starts_with("$PWD") || word.starts_with("${PWD") {
            return true;
        }
        if word.starts_with(['-', '~', '$', '%']) {
            return false;
        }
        let inside = inside(tree, path);
        // A command without a slash is looked for on PATH alone.
        let on_path = *word == first && !word.contains('/');
        let looks_like_one =
            word.starts_with("./") || (*word == first && word.contains('/')) || is_script(path) && !on_path;
        inside && (looks_like_one || path.is_absolute() || tree.join(path).is_file())
    })
}

/// With the user's home in place of the shell's words for it.
fn at_home(text: &str) -> String {
    let Some(home) = crate::env::home() else { return text.to_owned() };
    let home = format!("{}/", home.display());
    let text = text.replace("${HOME}/", &home).replace("$HOME/", &home);
    match text.strip_prefix("~/") {
        Some(rest) => format!("{home}{rest}"),
        None => text.replace(" ~/", &format!(" {home}")).replace("!~/", &format!("!{home}")),
    }
}

fn is_script(path: &Path) -> bool {
    const ENDS: &[&str] = &["sh", "bash", "zsh", "py", "pl", "rb", "js", "mjs", "cjs", "ts", "lua", "php"];
    path.extension().and_then(|end| end.to_str()).is_some_and(|end| ENDS.contains(&end))
}

/// Whether a path, relative ones seen from the tree, ends up in the tree, going by its words alone or by where links lead.
fn inside(tree: &Path, path: &Path) -> bool {
    let full = tree.join(path);
    plain(&full).starts_with(tree) || full.canonicalize().is_ok_and(|real| real.starts_with(tree))
}

/// Without `.` and `..`, as far as the words go.
pub fn plain(path: &Path) -> PathBuf {
    path.components().fold(PathBuf::new(), |mut done, part| {
        match part {
            Component::CurDir => {}
            Component::ParentDir => drop(done.pop()),
            other => done.push(other),
        }
        done
    })
}

/// Configuration files, there or only named, that lie in a worktree and outside its git dir: by their own names, and by
/// those of the files that links lead to.
pub fn config_files(config: &Config, worktree: &Path, common_dir: &Path) -> BTreeSet<PathBuf> {
    let read = config.settings().iter().filter_map(|setting| setting.file.clone());
    let named = config.settings().iter().filter_map(included);
    // Git reads these as soon as they are there.
    let own = crate::env::git_config_files();
    read.chain(named)
        .chain(own)
        .flat_map(|file| {
            let real = file.canonicalize().ok();
            std::iter::once(plain(&file)).chain(real)
        })
        .filter(|path| path.starts_with(worktree) && !path.starts_with(common_dir))
        .collect()
}

/// The file that an include names.
fn included(setting: &Setting) -> Option<PathBuf> {
    let is_include =
        setting.key == "include.path" || (setting.key.starts_with("includeif.") && setting.key.ends_with(".path"));
    let value = at_home(setting.value.as_deref().filter(|_| is_include)?);
    Some(setting.file.as_ref()?.parent()?.join(value))
}

/// Refuses a checkout whose files go through a filter that is marked as required.
pub fn refuse_needed_filters(git: &Git, config: &Config, git_dir: &Path, worktree: &Path) -> Result<(), GitError> {
    let mut needed: Vec<String> = config.subsections("filter").into_iter().map(str::to_owned).collect();
    needed.retain(|name| config.is_true(&format!("filter.{name}.required")));
    // The agent gets that one of the image's, and with it what is stored here.
    needed.retain(|name| name != lfs::FILTER || !lfs::is_set_up(config));
    if needed.is_empty() {
        return Ok(());
    }
    match filtered_file(git, git_dir, worktree, &needed)? {
        Some((filter, example)) => Err(GitError::NeededFilter { filter, example }),
        None => Ok(()),
    }
}

/// The first tracked file that has one of these filters, and the filter.
pub fn filtered_file(
    git: &Git,
    git_dir: &Path,
    worktree: &Path,
    filters: &[String],
) -> Result<Option<(String, String)>, GitError> {
    let in_tree = || git.in_tree(git_dir, worktree);
    let files = git.read("list the files", &in_tree().args(["ls-files", "-z"]))?.stdout;
    if files.is_empty() {
        return Ok(None);
    }
    let cmd = in_tree().args(["check-attr", "--stdin", "-z", "filter"]);
    let answer = git.read_with_input("read the attributes", &cmd, &files)?.stdout;
    let fields: Vec<&[u8]> = answer.split(|&byte| byte == 0).collect();
    let text = |field: &[u8]| os(field).to_string_lossy().into_owned();
    Ok(fields.chunks_exact(3).find_map(|entry| {
        let filter = text(entry[2]);
        filters.contains(&filter).then(|| (filter, text(entry[0])))
    }))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn commands_that_name_a_file_of_the_tree_are_seen() {
        let tree = tempfile::tempdir().unwrap();
        std::fs::write(tree.path().join("clean"), "").unwrap();
        let absolute = format!("{}/tool %f", tree.path().display());
        for command in [
            "./tool.sh",
            "tools/clean %f",
            "sh tools/clean.sh",
            "python3 'a b/clean.py' %f",
            "cat clean",
            "$(git rev-parse --show-toplevel)/x",
            "\"$PWD/x\"",
            "true; ./x",
            &absolute,
        ] {
            assert!(names_a_file_in(tree.path(), command), "{command}");
        }
    }

    #[test]
    fn the_users_home_may_be_in_the_tree_or_the_tree_in_it() {
        let home = crate::env::home().unwrap();
        for command in ["~/tool %f", "sh ~/tool", "!~/tool", "$HOME/tool", "\"${HOME}/tool\" x"] {
            assert!(names_a_file_in(&home, command), "{command}");
        }
        assert!(!config_files(&Config::default(), &home, Path::new("/nowhere")).is_empty());
    }

    #[test]
    fn a_credential_helper_without_a_path_is_no_file() {
        let tree = tempfile::tempdir().unwrap();
        let key = "credential.https://source.developers.google.com.helper";
        let names = |value: &str| names_a_file_in(tree.path(), as_command(key, value));
        std::fs::write(tree.path().join("gcloud.sh"), "").unwrap();
        for value in ["gcloud.sh", "store", "cache --timeout 9"] {
            assert!(!names(value), "{value}");
        }
        for value in ["!./helper.sh", "!f() { sh helper.sh; }; f", "store --file helper.sh", "tools/helper", "./helper"]
        {
            assert!(names(value), "{value}");
        }
    }

    #[test]
    fn commands_from_elsewhere_are_not() {
        let tree = tempfile::tempdir().unwrap();
        for command in [
            "git-lfs clean -- %f",
            "/usr/bin/x %A",
            "sed s/a/b/",
            "../tool",
            "~/bin/x",
            "cat",
            "less -R",
            "a/../../x",
            "tool.sh",
        ] {
            assert!(!names_a_file_in(tree.path(), command), "{command}");
        }
    }
}
