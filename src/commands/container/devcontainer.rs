//! The project's `devcontainer.json`, as committed on the branch that the work goes to.

use std::fmt;
use std::path::Path;

use crate::commands::config::gather::Project;
use crate::config::keys;
use crate::config::setting::{Origin, Setting};
use crate::config::value::Value;
use crate::container::devcontainer::{Base, Devcontainer, FILES};
use crate::data_dir::RepoId;
use crate::error::{Failure, Usage};
use crate::git::host::repository::{self, Repository};
use crate::git::host::{Git, show, target};
use crate::sanitize;

/// One that is there.
#[derive(Debug)]
pub struct OfProject {
    pub repository: Repository,
    pub branch: String,
    pub file: &'static str,
    pub says: Devcontainer,
}

impl OfProject {
    fn read(git: &Git, repository: Repository, branch: String) -> Result<Self, Failure> {
        for file in FILES {
            if let Some(bytes) = show::file(git, &repository, &branch, file)? {
                let says = Devcontainer::parse(&String::from_utf8_lossy(&bytes), file)?;
                return Ok(Self { repository, branch, file, says });
            }
        }
        let [first, second] = FILES;
        Err(Usage::new(format!("{} has neither {first} nor {second}", sanitize::name(branch.as_bytes())))
            .hint(format!("commit one there; what another checkout holds does not count: git log --oneline -- {first}"))
            .into())
    }

    /// Of the image that is built from it.
    pub fn tag(&self) -> String {
        format!("devcontainer-{}", RepoId::of(&self.repository.main_worktree).as_str())
    }

    /// The name of the image below bn's layers, where that is built.
    pub fn base_reference(&self) -> String {
        format!("localhost/binnacle-devcontainer:{}", RepoId::of(&self.repository.main_worktree).as_str())
    }

    /// What the run it is for has not.
    fn left_out(&self) -> impl Iterator<Item = String> {
        self.says.left_out.iter().map(|line| format!("{}: {}", self.file, sanitize::name(line.as_bytes())))
    }
}

impl fmt::Display for OfProject {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let base = match &self.says.base {
            Base::Image(image) => sanitize::name(image.as_bytes()),
            Base::Build(build) => sanitize::path(&build.dockerfile),
        };
        write!(
            f,
            "bn's own definition, on {base} of {} as committed on {}",
            self.file,
            sanitize::name(self.branch.as_bytes())
        )
    }
}

/// The one for a build.
pub fn of_target(folder: &Path, wanted: Option<&str>, git: &Git) -> Result<OfProject, Failure> {
    let repository = repository::resolve(git, folder)?;
    let branch = target::resolve(git, &repository, wanted)?.branch;
    OfProject::read(git, repository, branch)
}

/// What it says for a run, and what of it is left out.
#[derive(Default)]
pub struct Asked {
    pub settings: Vec<Setting>,
    pub left_out: Vec<String>,
}

/// What the project's says for a run. Where there is none, nobody is to think that there is one.
pub fn settings(project: Option<&Project>, git: &Git) -> Result<Asked, Failure> {
    let missing = || Usage::new("this is no repository, so there is no devcontainer.json of a project");
    let Project { repository, branch, .. } = project.ok_or_else(missing)?;
    Ok(asked(&OfProject::read(git, repository.clone(), branch.clone())?))
}

/// The same, where the project has one that can be read.
pub fn settings_if_any(project: &Project, git: &Git) -> Vec<Setting> {
    settings(Some(project), git).map(|asked| asked.settings).unwrap_or_default()
}

fn asked(of: &OfProject) -> Asked {
    let Devcontainer { env, setup, ports, mounts, .. } = &of.says;
    let list = |items: Vec<String>| (!items.is_empty()).then_some(Value::List(items));
    let whole = [
        ("tag", Some(Value::Text(of.tag()))),
        ("setup", setup.clone().map(Value::Text)),
        ("publish", list(ports.iter().map(u16::to_string).collect())),
        ("mount", list(mounts.clone())),
    ];
    let whole = whole.into_iter().filter_map(|(key, value)| Some((key, None, value?)));
    let variables = env.iter().map(|(name, value)| ("env", Some(name.clone()), Value::Text(value.clone())));
    let setting = |(key, name, value): (&str, Option<String>, Value)| {
        let origin = Origin::Devcontainer { branch: of.branch.clone(), file: of.file };
        Some(Setting { key: keys::find(key)?, name, value, origin })
    };
    let (settings, odd): (Vec<_>, Vec<_>) = whole.chain(variables).filter_map(setting).partition(is_good);
    let odd = odd.iter().map(|setting| format!("{}: {} is left out: bn would refuse it", of.file, setting.path()));
    Asked { left_out: of.left_out().chain(odd).collect(), settings }
}

/// Whether the flag would take it.
fn is_good(setting: &Setting) -> bool {
    let good = |text: &str| (setting.key.check)(text).is_ok();
    match (&setting.name, &setting.value) {
        (Some(name), _) => good(name),
        (None, Value::List(items)) => items.iter().all(|item| good(item)),
        (None, Value::Text(text)) => good(text),
        _ => true,
    }
}
