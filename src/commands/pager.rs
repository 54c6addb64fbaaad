//! Long texts on a terminal, in the program that the user reads them with.

use std::io::Write;
use std::sync::Arc;
use std::sync::atomic::AtomicBool;

use crate::commands::Context;
use crate::error::Failure;
use crate::git::host::pager;
use crate::output::paint::Painted;
use crate::process::{Cmd, Runner};
use crate::run::engine::is_installed;

/// Shows the text as git shows its own.
pub fn show(text: &Painted, context: &Context) -> Result<(), Failure> {
    let runner = Runner::new(&context.env);
    let pager = pager::of_user(&context.env.pagers, &runner)?;
    let text = text.for_terminal(context.env.colors);
    // A machine without less shows all of it at once.
    let is_there = |pager: &String| pager != "less" || is_installed(&context.env, pager);
    let Some(pager) = pager.filter(|pager| context.env.stdout_is_terminal && is_there(pager)) else {
        return Ok(context.output.write(text.as_bytes())?);
    };
    // Ctrl-C is for the pager. Without this, it would be left behind in the terminal.
    let held = signal_hook::flag::register(signal_hook::consts::SIGINT, Arc::new(AtomicBool::new(false)))?;
    // Through a shell, as git does it: the variable may hold a program with arguments.
    let cmd = Cmd::new("sh").args(["-c", &pager]);
    let cmd =
        [("LESS", "FRX"), ("LV", "-c")].into_iter().fold(cmd, |cmd, (name, value)| match context.env.variable(name) {
            Some(_) => cmd,
            None => cmd.env(name, value),
        });
    let shown = runner.foreground_fed(&cmd, |mut pipe| pipe.write_all(text.as_bytes()));
    signal_hook::low_level::unregister(held);
    shown?;
    Ok(())
}
