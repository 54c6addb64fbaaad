//! What each containerd's `ctr` printed, recorded by `scripts/record-ctr.sh`, read as `bn` reads it.

use std::path::PathBuf;

use crate::container::ctr::tests::{ctr, spec};
use crate::container::ctr::{ContainerSpec, Streams};
use crate::container::doctor::engine::TRIED;
use crate::container::tasks::{EngineStatus, parse_exit_code, parse_server_version, parse_tasks};

struct Recorded {
    series: &'static str,
    version: &'static str,
    run_help: &'static str,
    tasks: &'static str,
    /// What `tasks rm` said of a process that had ended with 8.
    removed: &'static str,
}

macro_rules! recorded {
    ($series:literal) => {
        Recorded {
            series: $series,
            version: include_str!(concat!("recorded/containerd-", $series, "/version")),
            run_help: include_str!(concat!("recorded/containerd-", $series, "/run-help")),
            tasks: include_str!(concat!("recorded/containerd-", $series, "/tasks")),
            removed: include_str!(concat!("recorded/containerd-", $series, "/removed")),
        }
    };
}

const ALL: [Recorded; 3] = [recorded!("1.6"), recorded!("1.7"), recorded!("2.1")];

/// Every flag of the command line, as `ctr` would look for it.
fn flags(spec: &ContainerSpec) -> Vec<String> {
    let cmd = ctr().run(spec);
    let words = cmd.arguments().iter().map(|word| word.to_string_lossy().into_owned());
    let flags = words.skip_while(|word| word != "run").take_while(|word| word != &spec.image);
    flags.filter(|word| word.starts_with("--")).collect()
}

#[test]
fn every_flag_is_one_that_ctr_has() {
    let terminal = Streams::Terminal { fifo_dir: Some("/f".into()) };
    for streams in [terminal, Streams::Log(PathBuf::from("/l"))] {
        let spec = ContainerSpec { apparmor: Some("binnacle-default".into()), ..spec(streams) };
        for (flag, recorded) in flags(&spec).iter().flat_map(|flag| ALL.iter().map(move |recorded| (flag, recorded))) {
            let named = recorded.run_help.split_whitespace().any(|word| word.trim_end_matches(',') == flag);
            assert!(named, "{flag} of containerd {}", recorded.series);
        }
    }
}

#[test]
fn the_version_of_the_daemon() {
    for Recorded { series, version, .. } in ALL {
        let found = parse_server_version(version).unwrap();
        assert!(found.trim_start_matches('v').starts_with(series), "{found}");
    }
}

#[test]
fn what_the_doctor_calls_tried_is_recorded() {
    assert_eq!(TRIED.map(|version| format!("{}.{}", version.0, version.1)), ALL.map(|recorded| recorded.series));
}

#[test]
fn processes_that_run_and_that_have_ended() {
    for Recorded { series, tasks, .. } in ALL {
        let tasks = parse_tasks(tasks);
        let status = |id: &str| tasks.iter().find(|task| task.id == id).map(|task| task.status);
        assert_eq!(status("record-running"), Some(EngineStatus::Running), "{series}");
        assert_eq!(status("record-ended"), Some(EngineStatus::Stopped), "{series}");
        assert!(tasks.iter().all(|task| task.pid > 1), "{series}");
    }
}

#[test]
fn the_exit_code_of_what_was_removed() {
    for Recorded { series, removed, .. } in ALL {
        assert_eq!(parse_exit_code(removed), Some(8), "{series}");
    }
}
