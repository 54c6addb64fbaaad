//! Supervises a run: lets the agent start, and stays with it until it ends, in the terminal and detached alike.

use std::any::Any;
use std::io;
use std::time::{Duration, Instant};

use rustix::event::{PollFd, PollFlags, Timespec, poll};

use crate::container::network::Network;
use crate::env::Env;
use crate::error::Failure;
use crate::failpoint::Point;
use crate::git::host::Git;
use crate::git::private::{RunGit, view};
use crate::output::{Output, progress};
use crate::run::engine::Engine;
use crate::run::engine::process::Watched;
use crate::run::life::over;
use crate::run::life::sign_in::Share;
use crate::run::life::sign_in::keeper::Keeper;
use crate::run::life::start::{Foreground, Started};
use crate::run::record::RunError;
use crate::run::record::run::Run;
use crate::run::record::state::{Ending, State};
use crate::run::watch::disk::{Guard, Verdict};
use crate::run::watch::doors::Doors;
use crate::run::watch::follow::Follower;
use crate::run::watch::refusals::Announcer;
use crate::run::watch::signals::Signals;
use crate::run::watch::times::Recorder;
use crate::run::watch::wall::MemoryKills;
use crate::run::watch::{job_control, ports, refusals, status};
use crate::transcript::Transcript;

/// How often the host's branches are shown to the agent.
const PUBLISH_EVERY: Duration = Duration::from_secs(2);
/// How often an agent that has the terminal is looked after: what was stopped there must not stay so.
const WAKE_EVERY: Duration = Duration::from_millis(500);
/// How long an agent may take to end by itself.
pub const GRACE: Duration = Duration::from_secs(10);

/// The owner of a run, and what it works with.
pub struct Owner<'a> {
    pub env: &'a Env,
    pub engine: &'a Engine,
    pub git: &'a Git,
    pub signals: &'a Signals,
    pub output: Output,
    /// The log is passed on to standard output.
    pub follow: bool,
    pub interrupt: Interrupt,
}

/// What Ctrl-C is to do.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Interrupt {
    /// It goes to the agent whose words are passed on.
    Reaches,
    /// It ends what runs.
    Ends,
}

/// Why an owner ended its run.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Reason {
    ByItself,
    Stopped,
    TimedOut,
}

/// A run whose agent has ended.
pub struct Supervised {
    /// As the kernel knows it, or of `ctr` in the foreground, where it is the agent's.
    code: Option<u8>,
    memory_kills: bool,
    reason: Reason,
    verdict: Option<Verdict>,
    follower: Option<Follower>,
    times: Option<Recorder>,
    /// What was there for the agent: the ways to the network and back, the graph, the sign-in. It closes when it is dropped.
    open: Option<Box<dyn Any>>,
}

impl Supervised {
    /// Closes what was open for the agent.
    pub fn close(&mut self) {
        self.open = None;
    }

    /// How the agent ended.
    pub fn ending(&self, run: &mut Run, engine: &Engine) -> Result<Ending, Failure> {
        let ending = over::ending(run, engine, self.code, self.memory_kills)?;
        Ok(classify(ending, self.reason, self.verdict, run.folder.stop_request().exists()))
    }

    /// Returns once all that the agent printed is passed on. What it printed last may reach the log after its end, and has when the
    /// container is gone.
    pub fn pass_on(self, run: &Run, output: Output) -> Result<(), Failure> {
        if let Some(Err(error)) = self.times.map(Recorder::finish) {
            output.note(format_args!("bn could not write down when the agent printed what: {error}"));
        }
        let passed_on = self.follower.map_or(Ok(()), Follower::finish);
        Ok(passed_on.map_err(|source| RunError::io("pass on", &run.folder.log(), source))?)
    }
}

/// Opens the gate, calls `say_so`, and waits until the agent has ended.
pub fn supervise(
    run: &mut Run,
    owner: &Owner,
    Started { mut foreground, doors }: Started,
    say_so: impl FnOnce() -> io::Result<()>,
) -> Result<Supervised, Failure> {
    let path = run.folder.record();
    let io = |source| RunError::io("watch", &path, source);
    let pid = run.record.pid.unwrap_or_default();
    let meanwhile = owner.output.while_lent(foreground.has_terminal());
    let watched = Watched::find(pid, run.name()).map_err(io)?;
    run.record.started_at = Some(crate::env::now());
    let memory_kills = watched.as_ref().and_then(|_| MemoryKills::of(pid));
    let guard = watched.as_ref().map(|watched| Guard::start(&run.record.spec, &run.folder, pid, watched));
    let guard = guard.transpose().map_err(io)?;
    let doors = doors.map_or_else(|| Doors::open(&run.record.spec, &run.folder, owner.env), Ok)?;
    // With that the disk has the record from which a run of this agent is resumed.
    run.enter_ahead(State::Running, Point::RunRunning)?;
    let gate = status::open_gate(&run.folder, Duration::from_secs(5));
    if !gate.map_err(|source| RunError::io("open the gate of", run.folder.path(), source))? {
        meanwhile.note("the container was not waiting for the signal to start its agent");
    }
    crate::failpoint::reached(Point::GateOpened);
    if let Err(error) = say_so() {
        // The process that waited for this line was killed. The agent works all the same.
        meanwhile.note(format_args!("bn could not print that the agent runs: {error}"));
    }
    doors.first_ports().for_each(|port| meanwhile.note(ports::told(port)));
    let sign_in = Share::of(&run.record.spec, &run.folder).map(|share| Keeper::start(share, meanwhile)).transpose();
    let sign_in = sign_in.map_err(|source| RunError::io("watch", run.folder.path(), source))?;
    let refusals = announcer(run, meanwhile).transpose();
    let refusals = refusals.map_err(|source| RunError::io("watch the network of", run.folder.path(), source))?;
    let output = || owner.output.of_stranger(owner.env.stdout_is_terminal);
    let transcript = || run.record.spec.has_transcript().then(|| Transcript::new(true));
    let follower = owner.follow.then(|| Follower::start(&run.folder.log(), output(), transcript()));
    let times = (!run.record.spec.terminal).then(|| Recorder::start(&run.folder)).transpose();
    let times = times.map_err(|source| RunError::io("watch", &run.folder.log(), source))?;
    let follower = follower.transpose().map_err(|source| RunError::io("read", &run.folder.log(), source))?;
    let reason = match &watched {
        Some(watched) => Watch::new(run, owner, meanwhile).until_end(watched, &mut foreground)?,
        None => Reason::ByItself,
    };
    // Before the container is removed, which a ctr in the foreground does at once.
    let memory_kills = memory_kills.is_some_and(|kills| kills.are_there());
    // A ctr that was killed, or whose terminal is gone, has an exit code of its own.
    let of_ctr = foreground.wait(owner.output).map_err(io)?.filter(|_| reason == Reason::ByItself);
    let code = watched.and_then(|watched| watched.exit_code()).or(of_ctr);
    // What follows comes after the agent's words.
    follower.iter().for_each(Follower::catch_up);
    let verdict = guard.map_or(Ok(None), Guard::verdict).unwrap_or_else(|error| {
        owner.output.note(format_args!("bn could not watch how much the agent wrote to disk: {error}"));
        None
    });
    let open: Box<dyn Any> = Box::new((refusals, sign_in, doors));
    Ok(Supervised { code, memory_kills, reason, verdict, follower, times, open: Some(open) })
}

/// Whoever sees what the agent prints hears at once what it could not reach. Of a detached run `logs --follow` says it.
fn announcer(run: &Run, output: Output) -> Option<io::Result<Announcer>> {
    let spec = &run.record.spec;
    let watched = !spec.detached && spec.network.mode == Network::Egress;
    watched.then(|| Announcer::start(refusals::news(spec, &run.folder), run.name(), output))
}

/// Tells endings apart whose exit code is the same: ended by itself, stopped, timed out, out of disk.
fn classify(ending: Ending, reason: Reason, verdict: Option<Verdict>, stop_requested: bool) -> Ending {
    match (verdict, reason) {
        (Some(verdict), _) => Ending::OutOfDisk { almost_full: verdict == Verdict::AlmostFull },
        (None, Reason::TimedOut) => Ending::TimedOut,
        (None, Reason::Stopped) => over::as_stopped(ending),
        (None, Reason::ByItself) if stop_requested => over::as_stopped(ending),
        (None, Reason::ByItself) => ending,
    }
}

struct Watch<'a> {
    run: &'a Run,
    owner: &'a Owner<'a>,
    output: Output,
    deadline: Option<Instant>,
    git: Option<RunGit>,
    next_publish: Instant,
    publish_failed: bool,
}

impl<'a> Watch<'a> {
    fn new(run: &'a Run, owner: &'a Owner<'a>, output: Output) -> Self {
        let timeout = run.record.spec.timeout_seconds.map(Duration::from_secs);
        Self {
            run,
            owner,
            output,
            deadline: timeout.map(|timeout| Instant::now() + timeout),
            git: run.git(),
            next_publish: Instant::now() + PUBLISH_EVERY,
            publish_failed: false,
        }
    }

    fn until_end(&mut self, watched: &Watched, foreground: &mut Foreground) -> Result<Reason, Failure> {
        let io = |source| RunError::io("watch", &self.run.folder.record(), source);
        loop {
            let look_again = if foreground.has_terminal() { WAKE_EVERY } else { PUBLISH_EVERY };
            if self.wait(watched, look_again).map_err(io)? {
                return Ok(Reason::ByItself);
            }
            if foreground.has_terminal() {
                job_control::resume(self.run.record.pid.unwrap_or_default(), self.run.name());
            }
            if self.deadline.is_some_and(|deadline| Instant::now() >= deadline) {
                self.terminate(watched)?;
                return Ok(Reason::TimedOut);
            }
            let abandoned =
                foreground.ended().map_err(io)?.is_some() && !watched.ends_within(GRACE / 10).map_err(io)?;
            let interrupted = self.owner.signals.take_interrupt();
            let ends = interrupted && self.owner.interrupt == Interrupt::Ends;
            if abandoned || ends || self.owner.signals.terminated() {
                self.terminate(watched)?;
                return Ok(Reason::Stopped);
            }
            if interrupted && self.owner.follow {
                let refusal = self.owner.engine.signal(self.run.name(), "SIGINT").err();
                refusal.iter().for_each(|refusal| self.owner.output.note(refusal));
            }
            self.publish();
        }
    }

    /// Sleeps until something happens or something is due. True when the container ended.
    fn wait(&self, watched: &Watched, look_again: Duration) -> io::Result<bool> {
        let wake = self.owner.signals.wake_fd();
        let mut fds = [PollFd::new(watched.pidfd(), PollFlags::IN), PollFd::new(&wake, PollFlags::IN)];
        let until = self
            .deadline
            .map_or(look_again, |deadline| look_again.min(deadline.saturating_duration_since(Instant::now())));
        let until = progress::tick().map_or(until, |due| until.min(due));
        let timeout = Timespec { tv_sec: until.as_secs().cast_signed(), tv_nsec: until.subsec_nanos().into() };
        match poll(&mut fds, Some(&timeout)) {
            Ok(_) | Err(rustix::io::Errno::INTR) => {}
            Err(error) => return Err(error.into()),
        }
        self.owner.signals.drain();
        Ok(fds[0].revents().contains(PollFlags::IN))
    }

    /// Sends TERM, waits, and sends KILL. Where containerd may not be asked, it asks the entrypoint to send TERM instead.
    fn terminate(&mut self, watched: &Watched) -> Result<(), Failure> {
        let outcome = self.owner.engine.terminate(self.run.name(), GRACE);
        let io = |source| RunError::io("watch", &self.run.folder.record(), source);
        if let Err(refusal) = outcome {
            self.output.note(format_args!("{refusal}; asking the container itself to stop"));
            status::ask_to_stop(&self.run.folder).map_err(io)?;
            if !watched.ends_within(GRACE).map_err(io)? {
                watched.kill().map_err(io)?;
            }
        }
        Ok(())
    }

    /// A failure costs the agent the newest branches, and not its run.
    fn publish(&mut self) {
        let Some(prepared) = self.git.as_ref().filter(|_| Instant::now() >= self.next_publish) else { return };
        self.next_publish = Instant::now() + PUBLISH_EVERY;
        if let Err(error) = view::publish(self.owner.git, prepared)
            && !std::mem::replace(&mut self.publish_failed, true)
        {
            self.output.note(format_args!("the agent does not see new commits of the host: {error}"));
        }
    }
}
