//! The program that the user reads git's texts with.

use crate::process::{Cmd, ProcessError, Runner};

/// As git chooses it; `variables` are GIT_PAGER and PAGER. `None` where the user wants none.
///
/// Of configuration files the user's own alone count: an agent may have had a part in what a repository has.
pub fn of_user(variables: &[Option<String>; 2], runner: &Runner) -> Result<Option<String>, ProcessError> {
    let [own, general] = variables.clone();
    let configured = || {
        let cmd = Cmd::new("git").without_env("GIT_DIR").args(["config", "--global", "--get", "core.pager"]);
        let answer = runner.capture(&cmd.only_reads())?;
        Ok::<_, ProcessError>(answer.success().then(|| answer.text()))
    };
    let chosen = match own {
        Some(own) => Some(own),
        None => configured()?.or(general),
    };
    Ok(chosen.or_else(|| Some("less".to_owned())).filter(|pager| !pager.is_empty() && pager != "cat"))
}
