//! The environment, the user, the terminal and the clock: read here, and nowhere else.
#![allow(clippy::disallowed_methods)]

pub mod identity;
mod runtime_folder;
mod search_path;
pub mod terminal;
mod time_zone;

use std::ffi::OsString;
use std::fs;
use std::io::IsTerminal;
use std::path::{Path, PathBuf};
use std::time::Instant;

use chrono::{DateTime, Utc};

use crate::error::Explain;
use identity::{identity, user};
pub use terminal::UserTerminal;
pub use time_zone::TimeZone;

#[derive(Debug, thiserror::Error)]
pub enum EnvError {
    #[error("cannot enter {path}")]
    Directory { path: PathBuf, source: std::io::Error },
    #[error("the current folder is gone")]
    NoDirectory { source: std::io::Error },
    #[error("BN_LOG={value}: bn knows only `commands`")]
    Log { value: String },
    #[error("cannot become uid {uid}, the user who called sudo")]
    Identity { uid: u32, source: std::io::Error },
}

impl Explain for EnvError {
    fn hints(&self) -> Vec<String> {
        match self {
            EnvError::Directory { .. } => Vec::new(),
            EnvError::Log { .. } => vec!["BN_LOG=commands names each program as it starts, as -v does".to_owned()],
            EnvError::NoDirectory { .. } => vec!["cd into a folder that exists".to_owned()],
            EnvError::Identity { .. } => vec!["run bn without sudo; it calls sudo itself where it has to".to_owned()],
        }
    }
}

/// Tokens that agents are given where they are set. Read by this process alone: no program that it starts inherits one.
pub const TOKENS: [&str; 6] = [
    "COPILOT_GITHUB_TOKEN",
    "GH_TOKEN",
    "GITHUB_TOKEN",
    "ANTHROPIC_API_KEY",
    "CLAUDE_CODE_OAUTH_TOKEN",
    "OPENAI_API_KEY",
];

/// Names the screen in which this process runs: a socket.
pub const SCREEN: &str = "BN_SCREEN";

/// Hands a command of `--notify` to the process that waits for a detached run.
pub const NOTIFY: &str = "BN_NOTIFY";

/// Whose files these are: the real user, also under `sudo bn`.
#[derive(Clone, Debug)]
pub struct User {
    pub uid: u32,
    pub gid: u32,
    pub name: String,
    pub home: Option<PathBuf>,
}

/// How this process may act as root.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Privilege {
    /// It is root.
    Root,
    /// It was called through sudo: it acts as the caller, and its children may be root again.
    Saved,
    /// It is an ordinary user, who has to ask sudo.
    Ordinary,
}

/// What the process was given, as plain data.
#[derive(Clone, Debug)]
pub struct Env {
    pub directory: PathBuf,
    pub user: User,
    pub privilege: Privilege,
    pub path: OsString,
    /// The other variables by which programs find what they load, where an entry has to be left out.
    pub libraries: Vec<(OsString, OsString)>,
    pub container_mode: Option<String>,
    pub config_home: Option<PathBuf>,
    pub data_home: Option<PathBuf>,
    pub state_home: Option<PathBuf>,
    pub runtime_dir: Option<PathBuf>,
    pub agent_id: Option<String>,
    pub agent_name: Option<String>,
    pub agent_type: Option<String>,
    pub merge_target: Option<String>,
    /// Nobody reads what this process prints: the entrypoint has started it.
    pub unattended: bool,
    pub initial_prompt: Option<String>,
    /// What whoever started this process wants to be told by.
    pub notify: Option<String>,
    pub containerd_address: Option<String>,
    /// What the user edits texts with: a command line for a shell.
    pub editor: Option<String>,
    /// Where the user wants temporary files.
    pub temporary: Option<PathBuf>,
    pub ssh_auth_sock: Option<PathBuf>,
    pub time_zone: TimeZone,
    pub user_terminal: UserTerminal,
    /// The screen that has made this process's terminal.
    pub screen: Option<PathBuf>,
    /// There is a terminal on which sudo could ask.
    pub terminal: bool,
    /// Since when programs are named as they start, where that is wanted.
    pub trace: Option<Instant>,
    pub proxy: ProxyVariables,
    /// The device of the terminal that standard output is.
    pub window: Option<PathBuf>,
    pub stdin_is_terminal: bool,
    pub stdout_is_terminal: bool,
    /// How many columns a line of the terminal has, where standard output is one.
    pub width: Option<usize>,
    /// Standard output is to get colours.
    pub colors: bool,
    /// Standard error is a terminal on which a line can be drawn again and again, and a person sees it.
    pub has_moving_lines: bool,
    /// What the user reads long texts with: git's own choice, and that for all programs.
    pub pagers: [Option<String>; 2],
}

impl Env {
    /// Reads it all once; `directory` is `-C`, `verbose` is `-v`.
    ///
    /// Under sudo the process becomes the calling user first, so that every file it makes is the user's.
    pub fn read(directory: Option<&Path>, verbose: bool) -> Result<Self, EnvError> {
        let (user, privilege) = identity()?;
        if let Some(path) = directory {
            std::env::set_current_dir(path).map_err(|source| EnvError::Directory { path: path.to_owned(), source })?;
        }
        // Under sudo HOME and the XDG variables may be root's; the user's own folders are meant.
        let own = |folder: fn() -> Option<PathBuf>, fallback: &str| match privilege {
            Privilege::Saved => user.home.as_ref().map(|home| home.join(fallback)),
            _ => folder(),
        };
        Ok(Self {
            directory: std::env::current_dir().map_err(|source| EnvError::NoDirectory { source })?,
            config_home: own(dirs::config_dir, ".config"),
            data_home: own(dirs::data_dir, ".local/share"),
            state_home: own(dirs::state_dir, ".local/state"),
            runtime_dir: match privilege {
                Privilege::Saved => runtime_folder::of_systemd(user.uid),
                _ => runtime_folder::named(user.uid).or_else(|| runtime_folder::of_systemd(user.uid)),
            },
            user,
            privilege,
            path: std::env::var_os("PATH").unwrap_or_default(),
            libraries: Vec::new(),
            container_mode: text("BN_CONTAINER_MODE"),
            agent_id: nonempty("BN_AGENT_ID"),
            agent_name: nonempty("BN_AGENT_NAME"),
            agent_type: nonempty("BN_AGENT_TYPE"),
            merge_target: nonempty("BN_MERGE_TARGET"),
            unattended: nonempty("BN_UNATTENDED").is_some(),
            initial_prompt: nonempty("BN_INITIAL_PROMPT"),
            notify: nonempty(NOTIFY),
            containerd_address: nonempty("CONTAINERD_ADDRESS"),
            editor: nonempty("VISUAL").or_else(|| nonempty("EDITOR")),
            temporary: absolute("TMPDIR"),
            ssh_auth_sock: absolute("SSH_AUTH_SOCK"),
            time_zone: TimeZone::read(nonempty("TZ")),
            user_terminal: UserTerminal::of(nonempty),
            screen: absolute(SCREEN),
            terminal: fs::File::open("/dev/tty").is_ok(),
            trace: (trace()? || verbose).then(Instant::now),
            proxy: proxy(),
            window: terminal::window(),
            stdin_is_terminal: std::io::stdin().is_terminal(),
            stdout_is_terminal: std::io::stdout().is_terminal(),
            width: width(),
            colors: terminal::wants_colors(nonempty, std::io::stdout().is_terminal()),
            has_moving_lines: std::io::stderr().is_terminal()
                && !terminal::is_dumb(nonempty)
                // What a screen shows is kept, and read as text.
                && nonempty(SCREEN).is_none(),
            pagers: [text("GIT_PAGER"), text("PAGER")],
        })
    }

    /// The key of Anthropic's API that this process has.
    pub fn anthropic_key(&self) -> Option<String> {
        std::env::var("ANTHROPIC_API_KEY").ok().filter(|key| !key.is_empty())
    }

    /// A variable that the user names: a token, or what `--env KEY` asks for.
    pub fn variable(&self, name: &str) -> Option<OsString> {
        std::env::var_os(name)
    }
}

/// What there is to share out.
#[derive(Clone, Copy, Debug)]
pub struct Machine {
    pub cpus: usize,
    /// Bytes.
    pub memory: u64,
    /// Bytes that are free on the fullest disk that a run writes to.
    pub disk: u64,
}

/// What the machine has to share out. Memory is 0 where /proc does not say.
pub fn machine(disk: u64) -> Machine {
    let meminfo = fs::read_to_string("/proc/meminfo").unwrap_or_default();
    let kib = meminfo
        .lines()
        .find_map(|line| line.strip_prefix("MemTotal:")?.trim().strip_suffix(" kB")?.parse::<u64>().ok());
    Machine {
        cpus: std::thread::available_parallelism().map_or(1, std::num::NonZero::get),
        memory: kib.unwrap_or(0) << 10,
        disk,
    }
}

/// The running program: what a container gets as its `bn`, and what holds a detached run.
pub fn own_program() -> std::io::Result<PathBuf> {
    std::env::current_exe()
}

/// Where this process is in the tree of control groups, as `/proc` says it.
pub fn control_group() -> String {
    fs::read_to_string("/proc/self/cgroup").unwrap_or_default()
}

/// Random bits, for names that nobody else picks.
pub fn random() -> std::io::Result<u64> {
    Ok(getrandom::u64()?)
}

/// The command line, the program's name included.
pub fn words() -> Vec<OsString> {
    std::env::args_os().collect()
}

/// The clock.
pub fn now() -> DateTime<Utc> {
    Utc::now()
}

/// The moment at which a test wants this process to die; see `failpoint`.
pub fn failpoint() -> Option<String> {
    text("BN_FAILPOINT")
}

/// The user's own choice of git configuration files.
pub fn git_variable(name: &str) -> Option<OsString> {
    std::env::var_os(name)
}

/// The user's home, for words of a configuration that mean it. Under sudo HOME may be root's, and bn has become the caller.
pub fn home() -> Option<PathBuf> {
    let uid = rustix::process::geteuid().as_raw();
    let caller = nonempty("SUDO_UID").and_then(|value| value.parse().ok()).filter(|caller| *caller == uid && uid != 0);
    caller.map_or_else(|| absolute("HOME"), |caller| user(caller, caller, None).home)
}

/// Where git looks for the user's own configuration, whether there is any or not.
pub fn git_config_files() -> Vec<PathBuf> {
    let config = absolute("XDG_CONFIG_HOME").or_else(|| Some(home()?.join(".config")));
    let own = home().map(|home| home.join(".gitconfig"));
    own.into_iter().chain(config.map(|folder| folder.join("git/config"))).collect()
}

/// The names of the inherited variables that start with `prefix`.
pub fn inherited(prefix: &str) -> Vec<OsString> {
    use std::os::unix::ffi::OsStrExt;
    std::env::vars_os().map(|(name, _)| name).filter(|name| name.as_bytes().starts_with(prefix.as_bytes())).collect()
}

fn text(name: &str) -> Option<String> {
    std::env::var_os(name).map(|value| value.to_string_lossy().into_owned())
}

/// `COLUMNS`, or what the terminal says. Where standard output is none, no line has to fit.
fn width() -> Option<usize> {
    let terminal = rustix::termios::tcgetwinsize(std::io::stdout()).ok()?;
    let named = nonempty("COLUMNS").and_then(|columns| columns.parse().ok());
    named.or(Some(usize::from(terminal.ws_col))).filter(|columns| *columns > 0)
}

/// The host's proxy settings, as its variables give them.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct ProxyVariables {
    pub https: Option<String>,
    pub http: Option<String>,
    pub no: Option<String>,
}

/// The host's own way out.
fn proxy() -> ProxyVariables {
    let either = |lower, upper| nonempty(lower).or_else(|| nonempty(upper));
    let all = || either("all_proxy", "ALL_PROXY");
    ProxyVariables {
        https: either("https_proxy", "HTTPS_PROXY").or_else(all),
        http: either("http_proxy", "HTTP_PROXY").or_else(all),
        no: either("no_proxy", "NO_PROXY"),
    }
}

/// `BN_LOG`
fn trace() -> Result<bool, EnvError> {
    match nonempty("BN_LOG") {
        None => Ok(false),
        Some(value) if value == "commands" => Ok(true),
        Some(value) => Err(EnvError::Log { value }),
    }
}

fn nonempty(name: &str) -> Option<String> {
    text(name).filter(|value| !value.is_empty())
}

/// XDG folders that are not absolute are to be ignored, says the XDG specification.
fn absolute(name: &str) -> Option<PathBuf> {
    std::env::var_os(name).map(PathBuf::from).filter(|path| path.is_absolute())
}
