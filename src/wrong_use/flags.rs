//! Flags that do not exist.

use clap::{Arg, Command};

use super::typed::Typed;
use super::verbs::find;
use crate::error::Usage;
use crate::near::is_slip;

/// Flags of other programs' `run`, and why there is none here.
const OF_OTHERS: [(&[&str], &str); 4] = [
    (&["--rm"], "leave it out: every container is removed when its run ends"),
    (&["-t", "-it", "--it", "--tty"], "leave it out: an agent gets the terminal where there is one"),
    (&["-v", "--volume"], "give it a folder more: --mount SRC:DST, read-only unless :rw is added"),
    (&["-p"], "lead a port of this machine to the container's: --publish 8080:3000"),
];

pub fn unknown(root: &Command, typed: &Typed, flag: &str) -> Usage {
    let name = typed.path.join(" ");
    let error = Usage::new(format!("`{name}` has no flag {flag}"));
    let run = name == "bn container run";
    if let Some(line) = typed.command_before_flag(flag).filter(|_| run) {
        return error.hint(format!("if it belongs to the agent's command, that goes after --: {line}"));
    }
    if let Some((_, why)) = OF_OTHERS.iter().find(|(flags, _)| run && flags.contains(&flag)) {
        return error.hint(*why);
    }
    let meant = |known: &String| is_slip(flag, known) || (flag.len() > 3 && known.starts_with(flag));
    let near: Vec<String> = known(root, typed).into_iter().filter(meant).collect();
    match near.as_slice() {
        [] => error.hint(format!("its flags: {name} --help")),
        near => error.hint(format!("you may mean: {}", near.join(", or: "))),
    }
}

/// The long flags that the command takes.
fn known(root: &Command, typed: &Typed) -> Vec<String> {
    let own = find(root, &typed.path).into_iter().flat_map(Command::get_arguments).filter(|arg| !arg.is_hide_set());
    let global = root.get_arguments().filter(|arg| arg.is_global_set());
    own.chain(global).filter_map(Arg::get_long).map(|long| format!("--{long}")).collect()
}
