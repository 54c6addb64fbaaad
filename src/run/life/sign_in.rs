//! The copies of an agent's sign-in that runs get, and what comes back of them.
//!
//! The token that renews a sign-in works once. So one run has it at a time, its holder, whatever becomes of `bn`; the others get the
//! token that is sent with requests, and a newer one as soon as there is one. The holder's agent writes new tokens into a folder that
//! outlives its container. Every owner of a run that has a copy looks there, and whoever looks next where no owner is left.

mod file;
pub mod keeper;

use std::fs;
use std::io;
use std::os::unix::fs::MetadataExt as _;
use std::path::Path;
use std::time::{Duration as StdDuration, Instant};

use chrono::{DateTime, Duration, Utc};

use crate::container::agent::Agent;
use crate::container::credentials::{self, Credential};
use crate::error::Failure;
use crate::output::{Output, progress};
use crate::run::engine::process::Watched;
use crate::run::record::folder::Folder;
use crate::run::record::logins::{Holder, Kept, Logins, SignIn};
use crate::run::record::run::Run;
use crate::run::record::run_json::{Record, RunSpec};
use crate::run::record::{RunError, lock};

/// So long before its end a token is taken to be one that nobody renews. Claude Code renews it five minutes before.
const LATE: Duration = Duration::minutes(3);
/// A program that was renewing its tokens when they were recalled has written them after this: Claude Code waits 30 seconds for an answer.
const IN_FLIGHT: Duration = Duration::seconds(45);

/// How often somebody who waits looks again.
const EVERY: StdDuration = StdDuration::from_millis(200);

/// What one run has to do with the sign-in of its agent.
#[derive(Clone, Debug)]
pub struct Share {
    logins: Logins,
    agent: Agent,
    own: Holder,
}

impl Share {
    /// `None` where the run has no copy of a sign-in.
    pub fn of(spec: &RunSpec, folder: &Folder) -> Option<Self> {
        let (home, agent) = (spec.agent_home.clone()?, spec.agent_inside()?);
        let (run, session, folder) = (spec.name.clone(), spec.session.clone(), folder.path().to_owned());
        let own = Holder { run, session, folder, home, recalled: None };
        Some(Self { logins: Logins::new(spec.logins.clone()?), agent, own })
    }

    pub fn program(&self) -> &'static str {
        self.agent.program()
    }

    /// Before anything of the agent's folder is removed: takes over what a run has left there whose owner died.
    pub fn settle(&self) -> Result<(), Failure> {
        settle(&self.logins, self.agent)
    }

    /// Writes the run's copy.
    pub fn give(&self) -> Result<(), Failure> {
        self.look(&mut Copy::default())
    }

    /// Where the token has ended already and its holder does not renew it, the agent would fail at once: waits until this run may, or says
    /// what helps.
    pub fn await_turn(&self, output: Output) -> Result<(), Failure> {
        let Some((holder, can_wait)) = self.idler()? else { return Ok(()) };
        let program = self.agent.program();
        if !can_wait {
            output.note(format_args!(
                "{program} may not be able to sign in: {holder} has what renews its token, and does not use it. It does so when it works \
                 again; or end it: bn container stop {holder}"
            ));
            return Ok(());
        }
        output.doing(format_args!(
            "{holder} has what renews {program}'s sign-in and does not use it: this run takes it, within a minute"
        ));
        let _step = output.step(format_args!("waiting for {program}'s sign-in, which {holder} has"));
        let (mut copy, until) = (self.handed(), Instant::now() + StdDuration::from_secs(60));
        while Instant::now() < until && self.idler()?.is_some() {
            progress::sleep(EVERY);
            self.look(&mut copy)?;
        }
        Ok(())
    }

    /// The other run that should have renewed the sign-in, and whether it can be taken from there.
    fn idler(&self) -> Result<Option<(String, bool)>, Failure> {
        let sign_in = self.logins.sign_in(self.agent)?;
        let late = sign_in.filter(|sign_in| is_late(&sign_in.credential, crate::env::now()));
        let Some(SignIn { credential, holder: Some(holder), .. }) = late else { return Ok(None) };
        Ok((holder.session != self.own.session).then(|| (holder.run, credential.recalled().is_some())))
    }

    /// What `give` has handed to the agent, by what is in its file.
    pub fn handed(&self) -> Copy {
        let holds = self
            .logins
            .sign_in(self.agent)
            .ok()
            .flatten()
            .and_then(|sign_in| Some((sign_in.holder?, sign_in.credential)));
        let holds = holds.filter(|(holder, _)| holder.session == self.own.session);
        holds.map_or_else(Copy::default, |(_, credential)| Copy {
            access: Some(credential.access().to_owned()),
            holds: true,
        })
    }

    /// By which a change is noticed: of what is kept, and of what the agent has.
    pub fn fingerprints(&self) -> [Option<(u64, i64, i64)>; 2] {
        let of =
            |path: &Path| fs::symlink_metadata(path).ok().map(|found| (found.ino(), found.mtime(), found.mtime_nsec()));
        [of(&self.logins.file(self.agent)), of(&self.own.home.join(credentials::file(self.agent)))]
    }

    /// One look: takes over what the holder has renewed, becomes the holder where there is none, and hands the agent what is new.
    pub fn look(&self, copy: &mut Copy) -> Result<(), Failure> {
        let _lock = self.logins.lock(self.agent)?;
        let Some(mut sign_in) = self.logins.sign_in(self.agent)? else { return self.withdraw(copy) };
        let before = sign_in.clone();
        bring_back(&mut sign_in, self.agent)?;
        let now = crate::env::now();
        self.recall(&mut sign_in, now)?;
        if sign_in.holder.is_none() {
            sign_in.holder = Some(self.own.clone());
        }
        let own = sign_in.holder.as_ref().filter(|holder| holder.session == self.own.session);
        let (holds, is_recalled) = (own.is_some(), own.is_some_and(|holder| holder.recalled.is_some()));
        // First who holds it, then what it is.
        if sign_in.holder != before.holder || sign_in.credential != before.credential {
            self.logins.keep(self.agent, &Kept::SignIn(sign_in.clone()))?;
        }
        let wanted = Copy { access: Some(sign_in.credential.access().to_owned()), holds };
        // Where it is recalled the agent may be writing new tokens in this moment, which count.
        if *copy != wanted && !is_recalled {
            // What the holder's program has written, or is writing in this moment, is newer than any copy.
            let held = before.holder.as_ref().is_some_and(|holder| holder.session == self.own.session);
            if !(held && copy.holds) {
                let text = if holds { sign_in.credential.whole() } else { sign_in.credential.without_renewal() };
                self.write(&text)?;
            }
            *copy = wanted;
        }
        Ok(())
    }

    /// Where the token is about to end and its holder does not renew it: takes it from there, and after a while for itself.
    fn recall(&self, sign_in: &mut SignIn, now: DateTime<Utc>) -> Result<(), Failure> {
        let late = is_late(&sign_in.credential, now);
        let Some(holder) = sign_in.holder.as_mut().filter(|holder| late && holder.session != self.own.session) else {
            return Ok(());
        };
        match holder.recalled {
            None => {
                let Some(text) = sign_in.credential.recalled() else { return Ok(()) };
                let home = holder.home.clone();
                let failed = |source| RunError::io("write to", &home, source);
                let last = file::exchange(&home, self.agent, &text).map_err(failed)?;
                match last.and_then(|last| newer(last, &sign_in.credential, now)) {
                    // It was renewed in this moment.
                    Some(last) => {
                        file::write(&home, self.agent, &last.whole()).map_err(failed)?;
                        sign_in.renew(last, now);
                    }
                    None => holder.recalled = Some(now),
                }
            }
            Some(since) if now >= since + IN_FLIGHT => sign_in.holder = None,
            Some(_) => {}
        }
        Ok(())
    }

    /// The user has signed out.
    fn withdraw(&self, copy: &mut Copy) -> Result<(), Failure> {
        if copy.access.take().is_some() {
            self.remove()?;
        }
        Ok(())
    }

    /// After the container is gone: takes over what it left, and lets the next one renew it. Returns what the user should hear.
    pub fn end(&self) -> Result<Option<String>, Failure> {
        let _lock = self.logins.lock(self.agent)?;
        let mut unrenewed = None;
        if let Some(mut sign_in) = self.logins.sign_in(self.agent)?
            && sign_in.holder.as_ref().is_some_and(|holder| holder.session == self.own.session)
        {
            take_over(&mut sign_in, self.agent);
            sign_in.holder = None;
            unrenewed = unrenewed_since(&sign_in.credential, crate::env::now());
            self.logins.keep(self.agent, &Kept::SignIn(sign_in))?;
        }
        self.remove()?;
        Ok(unrenewed)
    }

    fn write(&self, text: &[u8]) -> Result<(), Failure> {
        let written = file::write(&self.own.home, self.agent, text);
        written.map_err(|source| RunError::io("write to", &self.own.home, source).into())
    }

    fn remove(&self) -> Result<(), Failure> {
        file::forget(&self.own.home, self.agent)
    }
}

/// What the run's agent was handed last.
#[derive(Clone, Default, PartialEq, Eq)]
pub struct Copy {
    access: Option<String>,
    holds: bool,
}

/// Takes over what the holder of a sign-in has renewed, for whoever looks at what is kept.
pub fn settle(logins: &Logins, agent: Agent) -> Result<(), Failure> {
    if logins.sign_in(agent)?.is_none() {
        return Ok(());
    }
    let _lock = logins.lock(agent)?;
    let Some(mut sign_in) = logins.sign_in(agent)? else { return Ok(()) };
    let before = sign_in.clone();
    bring_back(&mut sign_in, agent)?;
    if sign_in.holder != before.holder || sign_in.credential != before.credential {
        logins.keep(agent, &Kept::SignIn(sign_in))?;
    }
    Ok(())
}

/// Of a holder that lives, what is new; of one that is gone, the last, and what it held.
fn bring_back(sign_in: &mut SignIn, agent: Agent) -> Result<(), Failure> {
    let Some(holder) = sign_in.holder.clone() else { return Ok(()) };
    // First this: what a dead one has written is all that it will write.
    let lives = lives(&holder)?;
    take_over(sign_in, agent);
    if !lives {
        sign_in.holder = None;
        file::forget(&holder.home, agent)?;
    }
    Ok(())
}

fn is_late(credential: &Credential, now: DateTime<Utc>) -> bool {
    credential.expires().is_some_and(|expires| now + LATE > expires)
}

/// Its program would have renewed it, unless it did nothing or was refused. The token that renews works once: an answer that was on its way
/// when the owner of a run was killed, and its network with it, is lost.
fn unrenewed_since(credential: &Credential, now: DateTime<Utc>) -> Option<String> {
    let program = credential.agent().program();
    let ended = credential.expires().filter(|expires| *expires < now)?.format("%Y-%m-%d %H:%M");
    Some(format!(
        "{program}'s token ended at {ended} UTC and was not renewed; if {program} says that it is signed out: bn container login {program}"
    ))
}

fn take_over(sign_in: &mut SignIn, agent: Agent) {
    let Some(holder) = &sign_in.holder else { return };
    let now = crate::env::now();
    if let Some(found) = file::read(&holder.home, agent).and_then(|found| newer(found, &sign_in.credential, now)) {
        sign_in.renew(found, now);
    }
}

/// What may stand in for what is kept, and is something else.
fn newer(found: Credential, kept: &Credential, now: DateTime<Utc>) -> Option<Credential> {
    found.in_place_of(kept, now).ok().filter(|found| found != kept)
}

/// Whether anything of the run may still renew what it holds. A run that cannot be read is taken to live.
fn lives(holder: &Holder) -> Result<bool, Failure> {
    let folder = Folder::new(&holder.folder);
    let path = folder.lock();
    // First the lock, then the record: an owner that ends in between has let go of it by then.
    let owned = lock::is_held(&path).map_err(|source| RunError::io("lock", &path, source))?;
    let record = match Record::load(&folder) {
        Ok(record) => record,
        Err(RunError::Io { source, .. }) if source.kind() == io::ErrorKind::NotFound => return Ok(false),
        Err(_) => return Ok(true),
    };
    if record.spec.session != holder.session || !record.state.is_open() {
        return Ok(false);
    }
    let watched = |pid| Watched::find(pid, &holder.run).map_err(|source| RunError::io("watch", &path, source));
    Ok(owned || record.pid.map(watched).transpose()?.flatten().is_some())
}

/// Ends the run's share, where it has one. Returns what the user should hear.
pub fn end(run: &Run) -> Result<Option<String>, Failure> {
    Share::of(&run.record.spec, &run.folder).map_or(Ok(None), |share| share.end())
}

#[cfg(test)]
mod tests;
