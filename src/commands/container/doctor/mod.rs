//! `bn container doctor`: what this machine lacks, and what is open too wide.

mod engine;
mod facts;
mod host;
mod report;

use std::fmt;

use serde::Serialize;

use crate::cli::container::DoctorArgs;
use crate::commands::{Context, Exit};
use crate::container::doctor::advisories::Detail;
use crate::container::doctor::report::NOBODY;
use crate::container::doctor::{Finding, Status, examine};
use crate::error::Failure;

/// One line for each thing that was looked at.
#[derive(Serialize)]
struct Examined {
    /// Nothing that `bn` needs is broken.
    ok: bool,
    findings: Vec<Finding>,
}

pub fn run(args: &DoctorArgs, context: &Context) -> Result<Exit, Failure> {
    let all = context.output.is_json() || context.env.trace.is_some();
    let holes = if all { Detail::Each } else { Detail::Counted };
    let mut facts = facts::facts(&context.env)?;
    if args.report {
        NOBODY.clone_into(&mut facts.user.name);
    }
    let findings = examine(&facts, holes);
    let ok = findings.iter().all(|finding| finding.status != Status::Broken);
    if args.report {
        context.output.print(&report::Report::of(context, findings)?)?;
    } else {
        context.output.print(&Examined { ok, findings })?;
    }
    Ok(if ok { Exit::DONE } else { Exit(1) })
}

impl fmt::Display for Examined {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write_findings(f, &self.findings)
    }
}

fn write_findings(f: &mut fmt::Formatter<'_>, findings: &[Finding]) -> fmt::Result {
    let width = findings.iter().map(|finding| finding.name.len()).max().unwrap_or(0);
    for Finding { name, status, detail, fix } in findings {
        let mark = match status {
            Status::Ok => "ok",
            Status::Warning => "warning",
            Status::Broken => "broken",
        };
        let fix = fix.as_ref().map(|fix| format!("; fix: {fix}")).unwrap_or_default();
        writeln!(f, "{mark:<7}  {name:<width$}  {detail}{fix}")?;
    }
    Ok(())
}
