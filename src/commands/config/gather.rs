//! Reads the settings of the environment, the user and the project.

use std::io::ErrorKind;
use std::path::{Path, PathBuf};

use crate::cli::given::Given;
use crate::commands::{Context, known};
use crate::config::document::{self, File, too_long};
use crate::config::error::ConfigError;
use crate::config::keys::KEYS;
use crate::config::setting::{Origin, Setting, settle};
use crate::config::value::Value;
use crate::config::{LONGEST, PROJECT_FILE, USER_FILE};
use crate::env::Env;
use crate::error::{Failure, Usage};
use crate::git::host::repository::Repository;
use crate::git::host::{Git, repository, show, target};
use crate::run::record::run_json::RunSpec;
use crate::untrusted::nofollow;

/// What the variables say that no flag overrides.
pub fn variables(env: &Env, given: &Given) -> Result<Vec<Setting>, Usage> {
    let mut found = Vec::new();
    for key in KEYS.iter().filter(|key| !given.has(key.name)) {
        let Some(variable) = &key.variable else { continue };
        let Some(value) = (variable.of)(env) else { continue };
        (key.check)(value).map_err(|wrong| {
            Usage::new(format!("{}={value}: {}", variable.name, wrong.message))
                .hint(format!("--{} overrides it", key.name))
        })?;
        let value = Value::Text(value.clone());
        found.push(Setting { key, name: None, value, origin: Origin::Variable(variable.name) });
    }
    Ok(found)
}

/// Where the user's own file is, whether it is there or not.
pub fn user_file(env: &Env) -> Option<PathBuf> {
    Some(env.config_home.as_ref()?.join(USER_FILE))
}

/// The user's own settings. `trees` finds the folders that agents write to; most users have no such file.
pub fn user(env: &Env, trees: impl FnOnce() -> Result<Vec<PathBuf>, Failure>) -> Result<Vec<Setting>, Failure> {
    let Some(path) = user_file(env) else { return Ok(Vec::new()) };
    let failed = |source| ConfigError::Read { path: path.clone(), source };
    let real = match path.canonicalize() {
        Err(error) if matches!(error.kind(), ErrorKind::NotFound | ErrorKind::NotADirectory) => return Ok(Vec::new()),
        other => other.map_err(failed)?,
    };
    if let Some(tree) = trees()?.into_iter().find(|tree| real.starts_with(tree) || path.starts_with(tree)) {
        return Err(ConfigError::InTree { path, tree }.into());
    }
    let file = File::User(&path);
    let length = real.metadata().map_err(failed)?.len();
    if length > LONGEST as u64 {
        return Err(too_long(file, length).into());
    }
    let bytes = nofollow::read_file(&real, LONGEST as u64).map_err(failed)?;
    Ok(document::read(&bytes, file)?)
}

/// The project's settings, and whose they are.
#[derive(Clone)]
pub struct Project {
    pub repository: Repository,
    pub branch: String,
    pub settings: Vec<Setting>,
}

/// As committed on the branch that the work goes to, where `wanted` does not name another. `None` outside of a repository: whoever
/// needs one says so.
pub fn project(git: &Git, folder: &Path, wanted: Option<&str>) -> Result<Option<Project>, Failure> {
    let Ok(repository) = repository::resolve(git, folder) else { return Ok(None) };
    let Ok(target) = target::resolve(git, &repository, wanted) else { return Ok(None) };
    let branch = target.branch;
    let bytes = show::file(git, &repository, &branch, PROJECT_FILE)?;
    let settings = bytes.map_or(Ok(Vec::new()), |bytes| document::read(&bytes, File::Project(&branch)))?;
    Ok(Some(Project { repository, branch, settings }))
}

/// What configurations say, and whose the project's part of it is.
pub struct Found {
    pub settled: Vec<Setting>,
    pub project: Option<Project>,
}

impl Found {
    /// Where none can be read.
    pub fn nothing() -> Self {
        Self { settled: Vec::new(), project: None }
    }

    fn of(stronger: Vec<Setting>, project: Option<Project>) -> Self {
        let of_project = project.as_ref().map_or(Vec::new(), |project| project.settings.clone());
        Self { settled: settle(stronger.into_iter().chain(of_project)), project }
    }

    /// The branch whose files are the project's, where one is named.
    pub fn branch(&self) -> Option<&str> {
        self.project.as_ref().map_or_else(|| wanted_target(&self.settled), |project| Some(&project.branch))
    }
}

/// All that counts where no flag says otherwise.
pub fn all(context: &Context, git: &Git) -> Result<Found, Failure> {
    let env = &context.env;
    let stronger = [variables(env, &Given::default())?, user(env, || known::trees(context, None))?].concat();
    let project = project(git, &env.directory, wanted_target(&stronger))?;
    Ok(Found::of(stronger, project))
}

/// What counts for the work of a run, by what its target has by now.
pub fn for_work(spec: &RunSpec, git: &Git, context: &Context) -> Result<Found, Failure> {
    let user = user(&context.env, || known::trees(context, Some(&spec.checkout.worktree)))?;
    let project = project(git, &spec.checkout.main_worktree, Some(&spec.target.branch))?;
    Ok(Found::of(user, project))
}

/// The branch that these settings want the work to go to.
pub fn wanted_target(settings: &[Setting]) -> Option<&str> {
    settings.iter().find(|setting| setting.key.name == "merge-target")?.text()
}
