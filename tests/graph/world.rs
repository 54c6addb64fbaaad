//! A home and a repository for one test, and `bn` in it.

use std::fs;
use std::io::Write;
use std::path::{Path, PathBuf};
use std::process::{Command, Output, Stdio};

use assert_cmd::cargo::cargo_bin;
use serde_json::Value;

use crate::json_schema;

/// What a command answered.
#[derive(Debug)]
pub struct Answer {
    pub stdout: String,
    pub stderr: String,
    pub code: i32,
}

impl Answer {
    pub fn of(output: Output) -> Self {
        Self {
            stdout: String::from_utf8(output.stdout).unwrap(),
            stderr: String::from_utf8(output.stderr).unwrap(),
            code: output.status.code().unwrap_or(-1),
        }
    }

    /// The same, where it is as the schema says of what such words print.
    #[track_caller]
    fn told_of(self, args: &[&str]) -> Self {
        json_schema::compare(args, &self.stdout, &self.stderr);
        self
    }

    /// Standard output, of a command that has to succeed.
    pub fn ok(self) -> String {
        assert_eq!(self.code, 0, "{self:?}");
        self.stdout
    }

    pub fn json(self) -> Value {
        let text = self.ok();
        serde_json::from_str(&text).unwrap_or_else(|error| panic!("{error}: {text}"))
    }

    /// Standard error, of a command that has to fail with this code and say nothing else.
    pub fn refused(self, code: i32) -> String {
        assert_eq!((self.code, self.stdout.as_str()), (code, ""), "{self:?}");
        self.stderr
    }
}

pub struct World {
    pub folder: tempfile::TempDir,
}

impl World {
    pub fn new() -> Self {
        Self::at(tempfile::tempdir().unwrap())
    }

    /// On a disk in memory where there is one: for tests of thousands of writes, whose point is not the disk.
    pub fn in_memory() -> Self {
        Self::at(tempfile::tempdir_in("/dev/shm").or_else(|_| tempfile::tempdir()).unwrap())
    }

    pub fn at(folder: tempfile::TempDir) -> Self {
        fs::create_dir(folder.path().join("home")).unwrap();
        fs::create_dir(folder.path().join("repo")).unwrap();
        let world = Self { folder };
        world.git(&world.repo(), &["init", "--quiet", "--initial-branch=main"]);
        world
    }

    pub fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    pub fn repo(&self) -> PathBuf {
        self.path("repo")
    }

    /// Runs the real git, with an identity, and returns what it prints.
    pub fn git(&self, folder: &Path, args: &[&str]) -> String {
        let identity = ["-c", "user.name=T", "-c", "user.email=t@example.org", "-c", "protocol.file.allow=always"];
        let output =
            Command::new("git").args(identity).args(args).current_dir(folder).env("HOME", self.path("home")).output();
        let output = output.unwrap();
        assert!(output.status.success(), "git {args:?}: {}", String::from_utf8_lossy(&output.stderr));
        String::from_utf8(output.stdout).unwrap()
    }

    pub fn command(&self, args: &[&str]) -> Command {
        let mut command = Command::new(cargo_bin!("bn"));
        command
            .args(args)
            .current_dir(self.repo())
            .env_clear()
            .env("PATH", "/usr/bin:/bin")
            .env("HOME", self.path("home"));
        command.stdin(Stdio::null());
        command
    }

    pub fn bn(&self, args: &[&str]) -> Answer {
        Answer::of(self.command(args).output().unwrap()).told_of(args)
    }

    /// As an agent that was given its session's id, as in a container.
    pub fn agent(&self, name: &str, args: &[&str]) -> Answer {
        let mut command = self.command(args);
        command.env("BN_AGENT_ID", format!("s-{name}")).env("BN_AGENT_NAME", name);
        Answer::of(command.output().unwrap()).told_of(args)
    }

    /// With something on standard input.
    pub fn feed(&self, args: &[&str], input: &str) -> Answer {
        let mut child =
            self.command(args).stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
        child.stdin.take().unwrap().write_all(input.as_bytes()).unwrap();
        Answer::of(child.wait_with_output().unwrap()).told_of(args)
    }

    pub fn json(&self, args: &[&str]) -> Value {
        self.bn(&[args, &["--json"]].concat()).json()
    }

    /// Creates a task and returns its id.
    pub fn task(&self, title: &str, more: &[&str]) -> String {
        let created = self.json(&[&["task", "create", title], more].concat());
        created["id"].as_str().unwrap().to_owned()
    }

    /// The folder of the repository's graph.
    pub fn graph(&self) -> PathBuf {
        let root = self.path("home/.local/share/binnacle");
        let folders = fs::read_dir(root).unwrap().map(|entry| entry.unwrap().path());
        let mut folders: Vec<PathBuf> = folders.filter(|path| path.file_name().unwrap() != "backups").collect();
        assert_eq!(folders.len(), 1, "{folders:?}");
        folders.remove(0)
    }

    /// Names for what differs from run to run: ids in the order of their appearance, and ages.
    pub fn neutral(&self, text: &str) -> String {
        let text = text.replace(&*self.folder.path().to_string_lossy(), "[WORLD]");
        let text = without_hash(&text);
        let mut names: Vec<String> = Vec::new();
        let mut neutral = String::new();
        for piece in split_ids(&text) {
            if piece.len() > 1
                && piece.ends_with('s')
                && piece[..piece.len() - 1].bytes().all(|byte| byte.is_ascii_digit())
            {
                neutral.push_str("[AGE]");
                continue;
            }
            let is_id = (piece.starts_with("bn-") && piece.len() > 3) || (piece.starts_with("s-") && piece.len() == 12);
            if !is_id {
                neutral.push_str(piece);
                continue;
            }
            let index = names.iter().position(|name| name == piece).unwrap_or_else(|| {
                names.push(piece.to_owned());
                names.len() - 1
            });
            neutral.push_str(&format!("{}{}", &piece[..piece.find('-').unwrap() + 1], char::from(b'A' + index as u8)));
        }
        neutral
    }
}

/// Cuts a text into ids and what stands between them.
fn split_ids(text: &str) -> Vec<&str> {
    let is_word = |letter: char| letter.is_ascii_alphanumeric() || letter == '-';
    let mut pieces = Vec::new();
    let mut rest = text;
    while !rest.is_empty() {
        let word = rest.find(|letter: char| !is_word(letter)).unwrap_or(rest.len());
        let gap = rest[word..].find(is_word).unwrap_or(rest.len() - word);
        pieces.push(&rest[..word]);
        pieces.push(&rest[word..word + gap]);
        rest = &rest[word + gap..];
    }
    pieces
}

pub fn titles(listed: &Value) -> Vec<String> {
    let tasks = listed["tasks"].as_array().unwrap();
    tasks.iter().map(|task| task["title"].as_str().unwrap().to_owned()).collect()
}

/// The name of the graph's folder follows from the world's path.
fn without_hash(text: &str) -> String {
    let Some((before, after)) = text.split_once("/binnacle/") else { return text.to_owned() };
    let rest = after.trim_start_matches(|letter: char| letter.is_ascii_hexdigit());
    let hash = if after.len() - rest.len() == 16 { "HASH" } else { &after[..after.len() - rest.len()] };
    format!("{before}/binnacle/{hash}{}", without_hash(rest))
}
