//! A command as a value.

use std::ffi::{OsStr, OsString};
use std::fmt;
use std::os::unix::ffi::{OsStrExt, OsStringExt};
use std::path::{Path, PathBuf};

use crate::process::bounds::Bounds;

/// What stands for an id in a rehearsal, where nothing is made that could have one.
pub const UNKNOWN: &str = "\u{2026}";

/// A program and its arguments, not yet run.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Cmd {
    pub(super) program: OsString,
    pub(super) args: Vec<OsString>,
    pub(super) env: Vec<(OsString, OsString)>,
    /// Inherited variables that start with this are not passed on.
    pub(super) without: Vec<&'static str>,
    pub(super) directory: Option<PathBuf>,
    /// In a process group of its own: Ctrl-C in the terminal does not reach it.
    pub(super) own_group: bool,
    pub(super) as_root: bool,
    pub(super) rehearsed: Rehearsed,
    pub(super) bounds: Option<Bounds>,
}

/// What a rehearsal does in the place of running a command.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Rehearsed {
    /// It runs it all the same: it only reads.
    Run,
    /// It takes it to have succeeded, and to have printed this.
    Assume(String),
}

impl Cmd {
    pub fn new(program: impl Into<OsString>) -> Self {
        Self {
            program: program.into(),
            args: Vec::new(),
            env: Vec::new(),
            without: Vec::new(),
            directory: None,
            own_group: false,
            as_root: false,
            bounds: None,
            rehearsed: Rehearsed::Assume(String::new()),
        }
    }

    pub fn arg(mut self, arg: impl Into<OsString>) -> Self {
        self.args.push(arg.into());
        self
    }

    pub fn args<I: IntoIterator<Item: Into<OsString>>>(mut self, args: I) -> Self {
        self.args.extend(args.into_iter().map(Into::into));
        self
    }

    /// Never a secret: through sudo these become arguments.
    pub fn env(mut self, key: impl Into<OsString>, value: impl Into<OsString>) -> Self {
        self.env.push((key.into(), value.into()));
        self
    }

    /// Keeps inherited variables with this prefix from the program. (sudo passes on nothing anyway.)
    pub fn without_env(mut self, prefix: &'static str) -> Self {
        self.without.push(prefix);
        self
    }

    /// Lets the program finish what it began when the user presses Ctrl-C.
    pub fn own_group(mut self) -> Self {
        self.own_group = true;
        self
    }

    pub fn directory(mut self, directory: impl Into<PathBuf>) -> Self {
        self.directory = Some(directory.into());
        self
    }

    /// The kernel ends what uses more.
    pub fn bounded(mut self, bounds: Bounds) -> Self {
        self.bounds = Some(bounds);
        self
    }

    /// Changes nothing that stays, and asks for no password: a rehearsal runs it too.
    pub fn only_reads(mut self) -> Self {
        self.rehearsed = Rehearsed::Run;
        self
    }

    /// A rehearsal goes on as if this had been printed.
    pub fn assumed_to_print(mut self, text: impl Into<String>) -> Self {
        self.rehearsed = Rehearsed::Assume(text.into());
        self
    }

    pub fn program(&self) -> &OsStr {
        &self.program
    }

    pub fn arguments(&self) -> &[OsString] {
        &self.args
    }

    /// The same with one folder in the place of another, wherever it is named.
    pub(super) fn moved(&self, from: &Path, to: &Path) -> Self {
        let swap = |word: &OsString| replaced(word, from.as_os_str(), to.as_os_str());
        Self {
            program: swap(&self.program),
            args: self.args.iter().map(swap).collect(),
            env: self.env.iter().map(|(key, value)| (key.clone(), swap(value))).collect(),
            directory: self.directory.as_ref().map(|directory| swap(&directory.into()).into()),
            ..self.clone()
        }
    }

    /// Whether all of it is known before anything is made.
    pub(super) fn is_known(&self) -> bool {
        let values = self.env.iter().map(|(_, value)| value);
        !self.args.iter().chain(values).any(|word| word.to_string_lossy().contains(UNKNOWN))
    }

    /// Needs root: goes through sudo where the user is not root.
    #[allow(clippy::wrong_self_convention, reason = "a builder step, read as `ctr … as root`")]
    pub fn as_root(mut self) -> Self {
        self.as_root = true;
        self
    }
}

/// A line that can be pasted into a shell, whatever bytes are in it, and that no terminal obeys.
impl fmt::Display for Cmd {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let words = std::iter::once(&self.program).chain(&self.args).map(|word| quoted(word));
        let env = self.env.iter().map(|(key, value)| format!("{}={}", key.to_string_lossy(), quoted(value)));
        let line = env.chain(words).collect::<Vec<_>>().join(" ");
        match &self.directory {
            Some(directory) => write!(f, "(cd {} && {line})", quoted(directory.as_os_str())),
            None => f.write_str(&line),
        }
    }
}

fn replaced(word: &OsStr, from: &OsStr, to: &OsStr) -> OsString {
    let (mut rest, from) = (word.as_bytes(), from.as_bytes());
    let mut whole = Vec::new();
    while let Some(at) = rest.windows(from.len()).position(|part| part == from) {
        whole.extend_from_slice(&rest[..at]);
        whole.extend_from_slice(to.as_bytes());
        rest = &rest[at + from.len()..];
    }
    whole.extend_from_slice(rest);
    OsString::from_vec(whole)
}

fn quoted(word: &OsStr) -> String {
    let plain = word.to_str().filter(|word| !word.contains(char::is_control));
    match plain.map(shlex::try_quote) {
        Some(Ok(quoted)) => quoted.into_owned(),
        _ => format!("$'{}'", word.as_bytes().iter().copied().map(escaped).collect::<String>()),
    }
}

/// One byte between `$'` and `'`.
fn escaped(byte: u8) -> String {
    match byte {
        b'\'' | b'\\' => format!("\\{}", char::from(byte)),
        b' '..=b'~' => char::from(byte).to_string(),
        _ => format!("\\{byte:03o}"),
    }
}

impl Cmd {
    /// The program's name without its folder, for messages.
    pub(super) fn name(&self) -> String {
        Path::new(&self.program).file_name().unwrap_or(&self.program).to_string_lossy().into_owned()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::process::Runner;

    #[test]
    fn a_shell_reads_back_every_word() {
        let odd = OsString::from_vec(b"\xff'\\ $x\x1b[2J\n\xc3\xa4".to_vec());
        let cmd =
            Cmd::new("printf").args(["%s|", "a b", "$HOME", "", "\u{e4}"]).arg(&odd).env("A", "1 2").directory("/");
        let line = cmd.to_string();
        assert!(!line.contains(char::is_control), "{line}");
        let shell = Runner::ordinary().read(&Cmd::new("bash").args(["-c", &line])).unwrap();
        assert_eq!(shell.stdout, Runner::ordinary().read(&cmd).unwrap().stdout);
        assert!(line.starts_with("(cd / && A='1 2' printf "), "{line}");
    }
}
