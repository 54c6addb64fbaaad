//! Programs that work on what others wrote: they and their children die when their time is over.
#![allow(clippy::disallowed_methods)]

use std::process::Stdio;
use std::sync::mpsc::{self, RecvTimeoutError};
use std::thread;
use std::time::Duration;

use rustix::process::{Pid, Signal, kill_process_group};

use crate::process::captured::collect;
use crate::process::running::{both, lost};
use crate::process::{Captured, Cmd, ProcessError, Runner};

impl Runner {
    /// Like `capture_with_input`, within a limit.
    pub fn capture_within(&self, cmd: &Cmd, input: &[u8], limit: Duration) -> Result<Captured, ProcessError> {
        if let Some(answer) = self.rehearse(cmd) {
            return Ok(answer);
        }
        let mut child = self.start(&cmd.clone().own_group(), |command| {
            command.stdin(stdin_for(input)).stdout(Stdio::piped()).stderr(Stdio::piped());
        })?;
        within(limit, cmd, &[child.id()], || collect(&mut child, input).map_err(lost(cmd)))
    }

    /// Like `pipe`, within a limit, and with bytes for the first one's standard input.
    pub fn pipe_within(
        &self,
        (from, input): (&Cmd, &[u8]),
        to: &Cmd,
        limit: Duration,
    ) -> Result<(Captured, Captured), ProcessError> {
        if let Some(answers) = self.rehearse_pipe(from, to) {
            return Ok(answers);
        }
        let mut source = self.start(&from.clone().own_group(), |command| {
            command.stdin(stdin_for(input)).stdout(Stdio::piped()).stderr(Stdio::piped());
        })?;
        let between = source.stdout.take().map_or_else(Stdio::null, Stdio::from);
        let sink = self.start(&to.clone().own_group(), |command| {
            command.stdin(between).stdout(Stdio::piped()).stderr(Stdio::piped());
        });
        let running: Vec<u32> =
            [Some(source.id()), sink.as_ref().ok().map(std::process::Child::id)].into_iter().flatten().collect();
        within(limit, to, &running, || both((from, &mut source, input), (to, sink)))
    }
}

fn stdin_for(input: &[u8]) -> Stdio {
    if input.is_empty() { Stdio::null() } else { Stdio::piped() }
}

/// Does the work, for which these programs run, each the first of its group.
fn within<T>(
    limit: Duration,
    cmd: &Cmd,
    running: &[u32],
    work: impl FnOnce() -> Result<T, ProcessError>,
) -> Result<T, ProcessError> {
    let groups = running.iter().filter_map(|number| Pid::from_raw(i32::try_from(*number).ok()?));
    let groups: Vec<Pid> = groups.collect();
    // Nothing to kill is what was wanted.
    let end = || groups.iter().for_each(|group| _ = kill_process_group(*group, Signal::KILL));
    let (done, waiting) = mpsc::channel::<()>();
    let (answer, late) = thread::scope(|scope| {
        let watch = thread::Builder::new().spawn_scoped(scope, move || {
            let late = waiting.recv_timeout(limit) == Err(RecvTimeoutError::Timeout);
            if late {
                end();
            }
            late
        });
        // Without anybody to end it, it does not go on.
        let watch = watch.inspect_err(|_| end()).map_err(lost(cmd))?;
        let answer = work();
        drop(done);
        Ok((answer, watch.join().unwrap_or(true)))
    })?;
    if late {
        return Err(ProcessError::Slow { program: cmd.name(), line: cmd.to_string(), seconds: limit.as_secs() });
    }
    answer
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::time::Instant;

    #[test]
    fn a_program_that_takes_too_long_dies_with_its_children() {
        let cmd = Cmd::new("sh").args(["-c", "sleep 60 & sleep 60"]);
        let start = Instant::now();
        let error = Runner::ordinary().capture_within(&cmd, b"", Duration::from_millis(200)).unwrap_err();
        assert!(matches!(error, ProcessError::Slow { .. }), "{error}");
        assert!(start.elapsed() < Duration::from_secs(20));
    }

    #[test]
    fn one_program_feeds_another_and_both_die_when_that_takes_too_long() {
        let limit = |milliseconds| Duration::from_millis(milliseconds);
        let (sed, wc) = (Cmd::new("sed").arg("p"), Cmd::new("wc").arg("-l"));
        let (first, second) = Runner::ordinary().pipe_within((&sed, b"a\nb\n"), &wc, limit(20_000)).unwrap();
        assert_eq!((first.success(), second.text().trim()), (true, "4"));
        let (first, second) = Runner::ordinary().pipe_within((&Cmd::new("false"), b""), &wc, limit(20_000)).unwrap();
        assert_eq!((first.success(), second.text().trim()), (false, "0"));
        let start = Instant::now();
        let endless = Cmd::new("sh").args(["-c", "sleep 60 & sleep 60"]);
        for (from, to) in [(&endless, &Cmd::new("cat")), (&Cmd::new("true"), &endless)] {
            let error = Runner::ordinary().pipe_within((from, b""), to, limit(200)).unwrap_err();
            assert!(matches!(error, ProcessError::Slow { .. }), "{error}");
        }
        assert!(start.elapsed() < Duration::from_secs(20));
    }
}
