//! Reads how containerd is doing.

use std::fs;
use std::io::ErrorKind;
use std::os::unix::fs::MetadataExt;
use std::os::unix::net::UnixStream;

use crate::container::ctr::Ctr;
use crate::container::doctor::facts::{Answer, EngineFacts, Socket};
use crate::container::from_host;
use crate::container::reference::image_reference;
use crate::container::tasks::parse_server_version;
use crate::env::{Env, Privilege};
use crate::process::sudo::Refusal;
use crate::process::{ProcessError, Runner, last_line};
use crate::run::engine::{Engine, EngineError, address, program};

pub fn facts(env: &Env, runner: &Runner) -> EngineFacts {
    let address = address(env);
    let socket = socket(&address);
    let image = image_reference("latest").unwrap_or_default();
    let can_ask = matches!(socket, Socket::Open { .. } | Socket::Closed) && program(env, "ctr").is_some();
    if !can_ask {
        return EngineFacts { address, socket, answer: Answer::NotAsked, image: (image, None), many_files: None };
    }
    let needs_root = socket == Socket::Closed || env.privilege == Privilege::Saved;
    let ctr = Ctr { address: address.clone(), needs_root };
    let answer = ask(&ctr, runner);
    let is_there = match &answer {
        Answer::Version(_) => has_image(&Engine::recorded(ctr, runner), &image),
        _ => None,
    };
    EngineFacts { address, socket, answer, image: (image, is_there), many_files: many_files(env, runner) }
}

/// Tried as a run does it, where a run has to.
fn many_files(env: &Env, runner: &Runner) -> Option<bool> {
    let flags = runner.read(&Ctr::run_help()).ok()?.text();
    if flags.contains("--rlimit-nofile") || program(env, "prlimit").is_none() {
        return None;
    }
    // A sudo that refuses says nothing of what root may.
    runner.capture(&from_host::try_to_raise_open_files()).ok().map(|tried| tried.success())
}

fn socket(address: &str) -> Socket {
    match UnixStream::connect(address).map_err(|error| error.kind()) {
        Ok(_) => Socket::Open { to_everybody: fs::metadata(address).is_ok_and(|found| found.mode() & 0o002 != 0) },
        Err(ErrorKind::NotFound) => Socket::Absent,
        Err(ErrorKind::PermissionDenied) => Socket::Closed,
        Err(_) => Socket::Deaf,
    }
}

fn ask(ctr: &Ctr, runner: &Runner) -> Answer {
    match runner.capture(&ctr.version()) {
        Ok(answer) if answer.success() => match parse_server_version(&answer.text()) {
            Some(version) => Answer::Version(version),
            None => Answer::Error("ctr version does not name the server's".to_owned()),
        },
        Ok(answer) => Answer::Error(last_line(&answer.stderr).to_owned()),
        Err(ProcessError::Sudo { refusal: Refusal::Password, .. }) => Answer::PasswordNeeded,
        Err(error) => Answer::Error(error.to_string()),
    }
}

fn has_image(engine: &Engine, image: &str) -> Option<bool> {
    match engine.require_image(image) {
        Ok(()) => Some(true),
        Err(EngineError::NoImage { .. }) => Some(false),
        Err(_) => None,
    }
}
