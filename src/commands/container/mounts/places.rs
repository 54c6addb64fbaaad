//! Places of the host's that no agent gets, or gets to read alone: a table of kinds.

use std::path::{Path, PathBuf};

use crate::data_dir::DataDir;
use crate::env::Env;
use crate::error::Failure;
use crate::git::host::checkout::Checkout;
use crate::git::host::discover;
use crate::run::engine;
use crate::sanitize;

/// What the kernel, programs that run, and containerd have: neither a key nor a file to read.
const OF_THE_MACHINE: [(&str, &str); 11] = [
    ("/proc", "the kernel's own"),
    ("/sys", "the kernel's own"),
    ("/dev", "devices"),
    ("/run", "sockets of programs that run"),
    ("/var/lib/containerd", "containerd's own"),
    ("/var/lib/docker", "docker's own"),
    ("/var/lib/containers", "images of podman and buildah"),
    ("/etc/shadow", "passwords"),
    ("/etc/gshadow", "passwords"),
    ("/etc/ssh", "keys of this machine"),
    ("/etc/ssl/private", "keys of this machine"),
];
/// In the user's home.
const SECRET: [&str; 32] = [
    ".ssh",
    ".gnupg",
    ".aws",
    ".azure",
    ".kube",
    ".docker",
    ".netrc",
    ".git-credentials",
    ".pgpass",
    ".my.cnf",
    ".npmrc",
    ".pypirc",
    ".vault-token",
    ".terraform.d",
    ".password-store",
    ".bash_history",
    ".zsh_history",
    ".mozilla",
    ".claude.json",
    ".claude/.credentials.json",
    ".codex/auth.json",
    ".copilot",
    ".cargo/credentials",
    ".cargo/credentials.toml",
    ".gem/credentials",
    ".local/share/keyrings",
    ".config/gh",
    ".config/gcloud",
    ".config/git/credentials",
    ".config/containers",
    ".config/google-chrome",
    ".config/github-copilot",
];
/// Programs and settings of the system are there.
const OF_THE_SYSTEM: [&str; 14] = [
    "/etc", "/usr", "/bin", "/sbin", "/lib", "/lib32", "/lib64", "/libx32", "/boot", "/opt", "/var", "/nix", "/snap",
    "/root",
];
/// Others have their files there, each in a folder of its own.
const OF_ALL: [&str; 7] = ["/", "/home", "/tmp", "/var/tmp", "/srv", "/mnt", "/media"];

/// A place, and what it is.
struct Place {
    path: PathBuf,
    what: String,
    /// What is in it is meant, too.
    whole: bool,
}

impl Place {
    fn whole(path: impl Into<PathBuf>, what: &str) -> Self {
        Self { path: real(path.into()), what: what.to_owned(), whole: true }
    }

    fn itself(path: impl Into<PathBuf>, what: &str) -> Self {
        Self { whole: false, ..Self::whole(path, what) }
    }

    /// How a folder or file of the host's touches it, in words.
    fn touched_by(&self, source: &Path) -> Option<String> {
        let (Self { path, what, whole }, shown) = (self, sanitize::path(&self.path));
        if source == path || *whole && source.starts_with(path) {
            return Some(format!("{shown} ({what})"));
        }
        (path.starts_with(source) && path.exists()).then(|| format!("{shown} ({what}), which is in it"))
    }
}

/// Where the folders above it lead; what is not there is taken by its words.
fn real(path: PathBuf) -> PathBuf {
    path.canonicalize().unwrap_or(path)
}

/// All that the rules are about on this machine.
pub struct Places {
    never: Vec<Place>,
    obeyed: Vec<Place>,
    home: Option<PathBuf>,
}

impl Places {
    pub fn of(env: &Env, checkout: &Checkout, worktrees: impl Iterator<Item = PathBuf>) -> Result<Self, Failure> {
        let home = env.user.home.clone().map(real);
        let mut never: Vec<Place> = home.iter().map(|home| Place::itself(home, "your whole home")).collect();
        never.extend(
            home.iter().flat_map(|home| SECRET.map(|name| Place::whole(home.join(name), "keys and secrets of yours"))),
        );
        never.extend(env.config_home.iter().map(|config| Place::itself(config, "settings of all your programs")));
        never.extend(DataDir::resolve(env)?.roots().map(|root| Place::whole(root, "bn's own")));
        never.extend(env.runtime_dir.iter().map(|folder| Place::whole(folder, "sockets of programs that run")));
        never.extend(OF_THE_MACHINE.map(|(path, what)| Place::whole(path, what)));
        never.push(Place::whole(engine::address(env), "containerd's socket"));

        let mut obeyed: Vec<Place> =
            [&checkout.worktree, &checkout.main_worktree, &checkout.common_dir, &checkout.git_dir]
                .map(|path| Place::whole(path, "the repository"))
                .into();
        obeyed.extend(worktrees.map(|worktree| Place::whole(worktree, "an agent's worktree")));
        let on_path = std::env::split_paths(&env.path).filter(|folder| folder.is_absolute());
        obeyed.extend(on_path.map(|folder| Place::whole(folder, "on your PATH")));
        obeyed.extend(env.config_home.iter().map(|config| Place::whole(config, "your settings")));
        obeyed.extend(OF_ALL.map(|path| Place::itself(path, "a folder of the system")));
        obeyed.extend(OF_THE_SYSTEM.map(|path| Place::whole(path, "a folder of the system")));
        Ok(Self { never, obeyed, home })
    }

    /// Why no agent may see it.
    pub fn never(&self, source: &Path) -> Option<String> {
        let touched = self.never.iter().find_map(|place| place.touched_by(source))?;
        Some(format!("no agent gets {touched}"))
    }

    /// Why no agent may write there: this machine would obey what is written.
    pub fn obeyed(&self, source: &Path) -> Option<String> {
        let touched =
            self.of_home(source).or_else(|| programs(source)).or_else(|| repository(source)).or_else(|| {
                let mut others = self.obeyed.iter().filter(|place| !is_exempt(place, source, self.home.as_deref()));
                others.find_map(|place| place.touched_by(source))
            })?;
        Some(format!("this machine obeys what is written to {touched}"))
    }

    fn of_home(&self, source: &Path) -> Option<String> {
        let first = source.strip_prefix(self.home.as_ref()?).ok()?.components().next()?;
        let hidden = first.as_os_str().as_encoded_bytes().starts_with(b".");
        hidden.then(|| format!("{} (settings and programs of yours)", sanitize::path(source)))
    }
}

fn programs(source: &Path) -> Option<String> {
    let mut names = source.iter();
    names
        .any(|name| name == "bin" || name == "sbin")
        .then(|| format!("{} (a folder of programs)", sanitize::path(source)))
}

/// A home may be in a folder of the system, as root's is; and there is room for everybody in /var/tmp.
fn is_exempt(place: &Place, source: &Path, home: Option<&Path>) -> bool {
    let is_system = place.whole && OF_THE_SYSTEM.iter().any(|system| place.path == Path::new(system));
    let mut own = [home, Some(Path::new("/var/tmp"))].into_iter().flatten();
    is_system && own.any(|own| own.starts_with(&place.path) && source.starts_with(own))
}

/// The git repository that it is in.
fn repository(source: &Path) -> Option<String> {
    let is_one = |folder: &&Path| !matches!(discover::git_folder(folder), Ok(None));
    let top = source.ancestors().find(is_one)?;
    Some(format!("{} (a git repository)", sanitize::path(top)))
}
