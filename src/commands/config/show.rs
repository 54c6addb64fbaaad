//! `bn config`: each setting, and where it comes from.

use std::fmt;
use std::path::{Path, PathBuf};

use serde::Serialize;

use crate::cli::config::ConfigArgs;
use crate::commands::config::confirmed::{Confirmed, is_wanted};
use crate::commands::config::gather::{self, Found, Project};
use crate::commands::container::table::{Column, Table};
use crate::commands::{Context, Exit};
use crate::config::key::{Form, Key};
use crate::config::keys::{KEYS, find};
use crate::config::setting::{Origin, Setting};
use crate::config::value::Value;
use crate::config::{LONGEST, PROJECT_FILE};
use crate::env::machine;
use crate::error::{Failure, Usage};
use crate::git::host::{Git, show};
use crate::near::is_slip;
use crate::output::paint::Style;
use crate::process::Runner;
use crate::untrusted::nofollow;

/// A longer value is cut for people. Letters.
const LONGEST_SHOWN: usize = 60;

#[derive(Serialize)]
struct Settings {
    settings: Vec<Row>,
    /// The user's own file, whether it is there or not.
    user_file: Option<PathBuf>,
    /// Where the project's file is read from; `null` outside of a repository.
    project_file: Option<String>,
}

#[derive(Serialize)]
struct Row {
    key: String,
    /// `null` for what `default` says.
    value: Option<Value>,
    default: &'static str,
    /// environment, user, project or default
    from: &'static str,
    place: Origin,
    /// Whether the user has to confirm it, and has.
    confirmed: Option<bool>,
}

pub fn run(args: &ConfigArgs, context: &Context) -> Result<Exit, Failure> {
    args.key.as_deref().map_or(Ok(()), check_key)?;
    let env = &context.env;
    let git = Git::new(Runner::new(env));
    let Found { settled, project } = gather::all(context, &git)?;
    let confirmed = project.as_ref().map(|project| Confirmed::read(env, &project.repository)).transpose()?;
    let mut settings = rows(settled, confirmed.as_ref());
    if let Some(key) = &args.key {
        settings.retain(|row| row.key == *key || row.key.starts_with(&format!("{key}.")));
    }
    let report = Settings {
        settings,
        user_file: gather::user_file(env),
        project_file: project.as_ref().map(|project| format!("{}:{PROJECT_FILE}", project.branch)),
    };
    match context.output.is_json() {
        true => context.output.print(&report)?,
        false => context.output.text(&report.to_string())?,
    }
    project.map_or(Ok(()), |project| say_uncommitted(&git, &project, context))?;
    Ok(Exit::DONE)
}

fn check_key(typed: &str) -> Result<(), Usage> {
    let table = typed.split('.').next().unwrap_or(typed);
    let of_user = find(table).is_some_and(|key| key.form == Form::Table);
    if of_user || KEYS.iter().any(|key| key.name == typed || key.table() == Some(typed)) {
        return Ok(());
    }
    let error = Usage::new(format!("there is no key {typed}"));
    Err(match KEYS.iter().find(|key| is_slip(typed, key.name)) {
        Some(meant) => error.hint(format!("you may mean: bn config {}", meant.name)),
        None => error.hint("all keys: bn config"),
    })
}

/// All keys in the order of the table, each with what counts.
fn rows(settled: Vec<Setting>, confirmed: Option<&Confirmed>) -> Vec<Row> {
    let here = machine(0);
    let row = |setting: &Setting| Row {
        key: setting.path(),
        value: Some(setting.value.clone()),
        default: setting.key.default,
        from: setting.origin.place(),
        place: setting.origin.clone(),
        confirmed: confirmed.filter(|_| is_wanted(setting, &here)).map(|confirmed| confirmed.has(setting)),
    };
    let of_key = |key: &'static Key| {
        let set: Vec<Row> = settled.iter().filter(|setting| std::ptr::eq(setting.key, key)).map(row).collect();
        match set.is_empty() {
            true => vec![Row {
                key: key.name.to_owned(),
                value: None,
                default: key.default,
                from: Origin::Default.place(),
                place: Origin::Default,
                confirmed: None,
            }],
            false => set,
        }
    };
    KEYS.iter().flat_map(of_key).collect()
}

/// What is typed and not committed does nothing, and whoever typed it looks here.
fn say_uncommitted(git: &Git, project: &Project, context: &Context) -> Result<(), Failure> {
    let Ok(top) = crate::git::host::discover::place(&context.env.directory) else { return Ok(()) };
    let Ok(here) = nofollow::read_file(&top.top.join(Path::new(PROJECT_FILE)), LONGEST as u64) else { return Ok(()) };
    let committed = show::file(git, &project.repository, &project.branch, PROJECT_FILE)?;
    if committed.as_deref() != Some(&here) {
        let branch = &project.branch;
        context.output.note(format_args!(
            "{PROJECT_FILE} in this checkout is not what {branch} has: runs take what is committed on {branch}"
        ));
    }
    Ok(())
}

impl fmt::Display for Settings {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let column = |head, cell: fn(&Row) -> String| Column { head, cells: self.settings.iter().map(cell).collect() };
        let table = Table(vec![
            column("KEY", |row| row.key.clone()),
            column("VALUE", Row::shown),
            column("FROM", |row| match row.confirmed {
                Some(false) => format!("{}, not confirmed: bn config trust", row.place),
                _ => row.place.to_string(),
            }),
        ]);
        f.write_str(&table.painted(|_, _| Style::Plain).for_terminal(false))
    }
}

impl Row {
    fn shown(&self) -> String {
        let whole = self.value.as_ref().map_or_else(|| self.default.to_owned(), Value::to_string);
        match whole.char_indices().nth(LONGEST_SHOWN) {
            Some((end, _)) => format!("{}…", &whole[..end]),
            None => whole,
        }
    }
}
