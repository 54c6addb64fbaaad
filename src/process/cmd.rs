//! A command as a value.

use std::ffi::{OsStr, OsString};
use std::fmt;
use std::path::{Path, PathBuf};

/// A program and its arguments, not yet run.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Cmd {
    pub(super) program: OsString,
    pub(super) args: Vec<OsString>,
    pub(super) env: Vec<(OsString, OsString)>,
    /// Inherited variables that start with this are not passed on.
    pub(super) without: Option<&'static str>,
    pub(super) directory: Option<PathBuf>,
    /// In a process group of its own: Ctrl-C in the terminal does not reach it.
    pub(super) own_group: bool,
    pub(super) as_root: bool,
    pub(super) bounds: Option<Bounds>,
}

/// What a program, and each that it starts, may use.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Bounds {
    /// Memory that it writes to; files that it maps for reading do not count. Bytes.
    pub memory: u64,
    /// Seconds of a processor.
    pub processor: u64,
}

impl Cmd {
    pub fn new(program: impl Into<OsString>) -> Self {
        Self {
            program: program.into(),
            args: Vec::new(),
            env: Vec::new(),
            without: None,
            directory: None,
            own_group: false,
            as_root: false,
            bounds: None,
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
        self.without = Some(prefix);
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

    /// Needs root: goes through sudo where the user is not root.
    #[allow(clippy::wrong_self_convention, reason = "a builder step, read as `ctr … as root`")]
    pub fn as_root(mut self) -> Self {
        self.as_root = true;
        self
    }
}

/// A line that can be pasted into a shell.
impl fmt::Display for Cmd {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let words = std::iter::once(&self.program).chain(&self.args).map(|word| quoted(word));
        let env = self.env.iter().map(|(key, value)| format!("{}={}", key.to_string_lossy(), quoted(value)));
        f.write_str(&env.chain(words).collect::<Vec<_>>().join(" "))
    }
}

fn quoted(word: &OsStr) -> String {
    let word = word.to_string_lossy();
    shlex::try_quote(&word).map_or_else(|_| format!("{word:?}"), |quoted| quoted.into_owned())
}

impl Cmd {
    /// The program's name without its folder, for messages.
    pub(super) fn name(&self) -> String {
        Path::new(&self.program).file_name().unwrap_or(&self.program).to_string_lossy().into_owned()
    }
}
