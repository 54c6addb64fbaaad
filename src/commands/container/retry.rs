//! `bn container retry`: the same worktree, task and agent once more, told what went wrong.

use clap::ValueEnum;

use crate::cli::container::{RetryArgs, RunArgs};
use crate::commands::container::find::{Runs, any};
use crate::commands::container::report::RunReport;
use crate::commands::container::run;
use crate::commands::{Context, Exit};
use crate::container::again::RetryOf;
use crate::error::{Failure, Usage};
use crate::git::host::Git;
use crate::process::Cmd;
use crate::process::Runner;
use crate::quantity;
use crate::run::record::RunError;
use crate::run::record::census::Seen;
use crate::run::record::run_json::{Mode, RunSpec};
use crate::run::record::state::{Outcome, State};
use crate::run::watch::told;

pub fn run(args: &RetryArgs, context: &Context) -> Result<Exit, Failure> {
    let runs = Runs::read(context)?;
    let seen = runs.named(&args.name, any)?;
    refuse(&seen)?;
    let spec = &seen.record.spec;
    let name = free_name(&spec.name, &runs);
    let mut again = as_typed(spec, &name, &args.env)?;
    let went_wrong = went_wrong(&seen, args.feedback.as_deref())?;
    again.retry_of = Some(RetryOf { name: spec.name.clone(), session: spec.session.clone(), went_wrong });
    context.output.note(format_args!("{name} tries {} again, in {}", spec.name, spec.checkout.worktree.display()));
    if spec.again.prompt_in_variable && context.env.initial_prompt.is_none() {
        context
            .output
            .note("its prompt was in BN_INITIAL_PROMPT, and is not kept: the agent is told what went wrong alone");
    }
    run::run(&again, &Git::new(Runner::new(&context.env)).remembering(), None, context)
}

/// Says why there is nothing to try again, or not yet.
fn refuse(seen: &Seen) -> Result<(), Failure> {
    let (record, name) = (&seen.record, seen.record.name());
    let checkout = &record.spec.checkout;
    if seen.owned {
        return Err(RunError::StillOwned { name: name.to_owned(), state: record.state.to_string() }.into());
    }
    if record.state.is_open() || record.state == State::CollectFailed || record.needs_sudo {
        let unfinished = Usage::new(format!("{name} is not finished, and what it has made comes first"));
        return Err(unfinished.hint(format!("finish it: bn container merge {name}")).into());
    }
    if record.outcome == Some(Outcome::Merged) {
        let told =
            Usage::new(format!("{name} is merged into {}: there is nothing to try again", record.spec.target.branch));
        let more = Cmd::new("bn").args(["container", "run"]).arg(&checkout.worktree);
        return Err(told.hint(format!("for more work in its worktree: {more}")).into());
    }
    if record.spec.mode == Mode::Shell {
        return Err(Usage::new(format!("{name} was a shell: there is no agent to try again")).into());
    }
    if !checkout.worktree.is_dir() {
        let gone = Usage::new(format!("the worktree of {name} is gone: {}", checkout.worktree.display()));
        let Some(branch) = &checkout.branch else { return Err(gone.into()) };
        let add = Cmd::new("git").arg("-C").arg(&checkout.main_worktree).args(["worktree", "add", "-f"]);
        return Err(gone
            .hint(format!("make it again, then the same: {}", add.arg(&checkout.worktree).arg(branch)))
            .into());
    }
    Ok(())
}

/// The first name of its own that no run has.
fn free_name(name: &str, runs: &Runs) -> String {
    let stem = match name.rsplit_once("-retry") {
        Some((stem, number)) if number.trim_start_matches('-').chars().all(|c| c.is_ascii_digit()) => stem,
        _ => name,
    };
    let names = std::iter::once(format!("{stem}-retry")).chain((2u32..).map(|number| format!("{stem}-retry-{number}")));
    let is_free = |name: &String| !runs.has(name);
    names.into_iter().find(is_free).unwrap_or_else(|| format!("{stem}-retry"))
}

/// The command line of the run, as it was, but for the values of variables, which are not kept.
fn as_typed(spec: &RunSpec, name: &str, env: &[String]) -> Result<RunArgs, Usage> {
    let again = &spec.again;
    let mut words = vec![format!("--name={name}"), format!("--tag={}", spec.image)];
    let mut add = |flag: &str, value: String| words.push(format!("--{flag}={value}"));
    let word = |value: Option<clap::builder::PossibleValue>| value.map(|value| value.get_name().to_owned());
    if spec.command.is_empty() {
        add("agent", word(spec.agent.to_possible_value()).unwrap_or_default());
    }
    add("type", spec.agent_type.name().to_owned());
    add("network", word(spec.network.mode.to_possible_value()).unwrap_or_default());
    add("graph", spec.graph_access.to_string());
    add("merge-target", spec.target.branch.clone());
    add("cpus", spec.limits.cpus.to_string());
    add("memory", spec.limits.memory.to_string());
    add("pids-limit", spec.limits.pids.to_string());
    add("disk", spec.limits.disk.to_string());
    let seconds = |seconds: u64| quantity::spelled(std::time::Duration::from_secs(seconds));
    spec.timeout_seconds.iter().for_each(|limit| add("timeout", seconds(*limit)));
    spec.network.allow.iter().for_each(|rule| add("allow", rule.clone()));
    spec.network.only.iter().for_each(|rule| add("only", rule.clone()));
    if let Some(origin) = &spec.network.origin {
        add("push", if origin.only.is_some() { "branch" } else { "all" }.to_owned());
    }
    spec.publish.iter().for_each(|port| add("publish", port.to_string()));
    for mount in &spec.mounts {
        let mode = if mount.writable { "rw" } else { "ro" };
        add("mount", format!("{}:{}:{mode}", mount.source.display(), mount.destination.display()));
    }
    if let Some(check) = &spec.check {
        add("check", check.command.clone());
        add("check-network", word(check.network.to_possible_value()).unwrap_or_default());
        add("check-timeout", seconds(check.timeout_seconds));
    }
    spec.setup.iter().for_each(|setup| add("setup", setup.clone()));
    again.prompt.iter().for_each(|prompt| add("prompt", prompt.clone()));
    again.seccomp_profile.iter().for_each(|path| add("seccomp-profile", path.display().to_string()));
    again.model_endpoint.iter().for_each(|endpoint| add("model-endpoint", endpoint.clone()));
    if again.keys_inside {
        add("keys", "inside".to_owned());
    }
    let given = |name: &String| env.iter().any(|pair| pair.split('=').next() == Some(name));
    again.env.iter().filter(|name| !given(name)).chain(env).for_each(|pair| add("env", pair.clone()));
    again.secret.iter().for_each(|name| add("secret", name.clone()));
    let flags = [
        ("--detach", spec.detached || again.screen_apart),
        ("--interactive", again.screen_apart),
        ("--detach-on-hangup", spec.screen.is_some() && !again.screen_apart),
        ("--no-merge", spec.mode == Mode::NoMerge),
        ("--no-cache", spec.caches.is_none()),
        ("--ssh", again.ssh),
        ("--no-hooks", again.no_hooks),
        ("--with-settings", again.with_settings),
        ("--upstream-by-name", spec.network.upstream_by_name),
        ("--continue", spec.go_on),
    ];
    words.extend(flags.iter().filter(|(_, is_set)| *is_set).map(|(flag, _)| (*flag).to_owned()));
    words.push(spec.checkout.worktree.display().to_string());
    if !spec.command.is_empty() {
        words.push("--".to_owned());
        words.extend(spec.command.clone());
    }
    let refused = |error: clap::Error| Usage::new(format!("{} cannot be tried again as it was: {error}", spec.name));
    run::of_words(words).map_err(refused)
}

/// What the agent is told of the first try.
fn went_wrong(seen: &Seen, feedback: Option<&str>) -> Result<String, RunError> {
    let record = &seen.record;
    let report = RunReport::of(record, &seen.folder)?;
    let (name, target) = (record.name(), &record.spec.target.branch);
    let mut text = format!("{name} worked on this before, and its work is not on {target}: {}.", report.said());
    if report.commits > 0 {
        text.push_str(" Its commits are on the branch that you are on.");
    }
    if record.outcome == Some(Outcome::Diverged) {
        text.push_str(&format!(" Bring them onto what {target} is now: git rebase host/{target}"));
    }
    if let (Some(Outcome::CheckFailed), Some(check)) = (record.outcome, &record.check) {
        text.push_str(&format!(" The check is: {}\nIt printed last:\n{}", check.spec.command, check.lines.join("\n")));
    }
    for message in told::all(&seen.folder) {
        text.push_str(&format!("\nThe user said while it worked: {}", message.text()));
    }
    let said = [("Whoever stopped it says", record.stop_message.as_deref()), ("The user says", feedback)];
    for (who, words) in said {
        words.iter().for_each(|words| text.push_str(&format!("\n{who}: {words}")));
    }
    Ok(text)
}
