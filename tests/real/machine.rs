//! The machine as root sees it: its processes, and files that hold a word.

use std::fs;
use std::io::Write;
use std::path::Path;
use std::process::{Command, Stdio};

use crate::world::{answer, wait_for};

/// A process, as /proc tells of it.
#[derive(Clone, Debug)]
pub struct Process {
    pub pid: u32,
    pub command: String,
    pub environment: Vec<u8>,
}

/// Every process there is, those of containers included.
pub fn processes() -> Vec<Process> {
    let pids = fs::read_dir("/proc").unwrap().flatten().filter_map(|entry| entry.file_name().to_str()?.parse().ok());
    pids.filter_map(|pid: u32| {
        let folder = Path::new("/proc").join(pid.to_string());
        let command = fs::read(folder.join("cmdline")).ok()?;
        let environment = fs::read(folder.join("environ")).unwrap_or_default();
        Some(Process { pid, command: String::from_utf8_lossy(&command).replace('\0', " "), environment })
    })
    .collect()
}

/// Those whose command line has all of these words.
pub fn running(words: &[&str]) -> Vec<Process> {
    let named = |found: &Process| words.iter().all(|word| found.command.contains(word));
    processes().into_iter().filter(named).collect()
}

/// Waits for a process of this program whose command line has all of these words, and kills it as `kill -9` does. The sudo
/// that started it has the same words, and is another program.
#[track_caller]
pub fn kill(program: &str, words: &[&str]) {
    signal("KILL", program, words);
}

pub fn signal(signal: &str, program: &str, words: &[&str]) {
    let is_it = |found: &Process| {
        let name = found.command.split(' ').next().unwrap_or_default();
        name.rsplit('/').next() == Some(program)
    };
    let found = || running(words).into_iter().filter(is_it).collect::<Vec<_>>();
    wait_for(&format!("{program} with {words:?}"), || !found().is_empty());
    for found in found() {
        signal_pid(signal, found.pid);
    }
}

pub fn kill_pid(pid: u32) {
    signal_pid("KILL", pid);
}

fn signal_pid(signal: &str, pid: u32) {
    let status = Command::new("sudo").args(["-n", "kill", "-s", signal, &pid.to_string()]).status().unwrap();
    assert!(status.success(), "kill -s {signal} {pid}");
}

pub fn holds(bytes: &[u8], word: &str) -> bool {
    bytes.windows(word.len()).any(|found| found == word.as_bytes())
}

/// The files below these folders that hold a word, with the very bytes of databases and archives. The word is no argument:
/// sudo writes those into its log.
pub fn files_with(word: &str, folders: &[&Path]) -> Vec<String> {
    let mut grep = Command::new("sudo");
    grep.args(["-n", "grep", "-rlsaF", "--devices=skip", "--file=-", "--"]).args(folders);
    let mut grep = grep.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
    grep.stdin.take().unwrap().write_all(format!("{word}\n").as_bytes()).unwrap();
    answer(grep.wait_with_output().unwrap()).stdout.lines().map(str::to_owned).collect()
}
