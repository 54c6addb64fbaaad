//! The names that fit into a command line: runs, branches and tasks.
//!
//! A shell puts a candidate into the line as it is, and agents choose some of these names: one that a shell would read as
//! more than a word is left out.

use std::ffi::OsStr;

use clap::{Arg, Command};
use clap_complete::engine::{ArgValueCompleter, CompletionCandidate};

use crate::commands::Context;
use crate::commands::container::find::{Runs, any};
use crate::commands::graph::access::Graph;
use crate::env::Env;
use crate::error::Failure;
use crate::git::host::git::Git;
use crate::graph::queries::filter::Filter;
use crate::graph::requests::List;
use crate::output::Output;
use crate::process::Runner;

/// So many tasks are offered, the most urgent first.
const MOST_TASKS: usize = 200;

/// Gives every argument that takes a run, a branch or a task the names there are, by what `--help` calls its value.
pub fn told_where_they_fit(root: Command) -> Command {
    root.mut_subcommands(|verb| {
        let of_runs = verb.get_name() == "container";
        told(verb, of_runs)
    })
}

fn told(command: Command, of_runs: bool) -> Command {
    command.mut_args(|arg| with_names(arg, of_runs)).mut_subcommands(|verb| told(verb, of_runs))
}

fn with_names(arg: Arg, of_runs: bool) -> Arg {
    let value = arg.get_value_names().and_then(|names| names.first()).map(|name| name.as_str().to_owned());
    match value.as_deref() {
        Some("NAME") if of_runs && arg.is_positional() => {
            arg.add(ArgValueCompleter::new(|typed: &OsStr| fitting(typed, runs)))
        }
        Some("BRANCH") => arg.add(ArgValueCompleter::new(|typed: &OsStr| fitting(typed, branches))),
        Some("ID" | "A" | "B") => arg.add(ArgValueCompleter::new(|typed: &OsStr| fitting(typed, tasks))),
        _ => arg,
    }
}

/// Those that begin with what was typed. Where none can be found out, none is offered: a shell has no place for errors.
fn fitting(typed: &OsStr, names: fn(&Context) -> Result<Vec<String>, Failure>) -> Vec<CompletionCandidate> {
    let context = Env::read(None, false).map(|env| Context { env, output: Output::new(true).without_notes() });
    let found = context.map_err(Failure::from).and_then(|context| names(&context)).unwrap_or_default();
    let begins = |name: &String| typed.to_str().is_some_and(|typed| name.starts_with(typed));
    found.into_iter().filter(|name| begins(name) && is_one_word(name)).map(CompletionCandidate::new).collect()
}

/// Whether a shell reads it as it stands.
fn is_one_word(name: &str) -> bool {
    let plain = |letter: char| letter.is_ascii_alphanumeric() || "._/@+-".contains(letter);
    !name.is_empty() && !name.starts_with('-') && name.chars().all(plain)
}

fn runs(context: &Context) -> Result<Vec<String>, Failure> {
    let runs = Runs::read(context)?.to_look_at(false);
    Ok(runs.iter().filter(|run| any(run)).map(|run| run.record.name().to_owned()).collect())
}

fn branches(context: &Context) -> Result<Vec<String>, Failure> {
    let git = Git::new(Runner::new(&context.env));
    let list =
        git.discovering(&context.env.directory).args(["for-each-ref", "--format=%(refname:lstrip=2)", "refs/heads"]);
    let heads = git.read("list branches", &list)?.stdout;
    Ok(String::from_utf8_lossy(&heads).lines().map(str::to_owned).collect())
}

fn tasks(context: &Context) -> Result<Vec<String>, Failure> {
    let list = List { filter: Filter::default(), limit: MOST_TASKS };
    Ok(Graph::open(context)?.ask(&list)?.tasks.into_iter().map(|task| task.id.to_string()).collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_that_a_shell_would_obey_is_never_offered() {
        for name in ["agent-1", "feature/x_y", "v1.2+rc@3", "bn-a1b2"] {
            assert!(is_one_word(name), "{name}");
        }
        for name in [
            "",
            "-rf",
            "$(touch x)",
            "a;b",
            "a b",
            "a`b`",
            "a'b",
            "a\"b",
            "a\nb",
            "é",
            "a*",
            "~x",
            "a&b",
            "a|b",
            "a>b",
            "{a,b}",
        ] {
            assert!(!is_one_word(name), "{name}");
        }
    }
}
