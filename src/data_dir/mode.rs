//! Whether this process runs in one of `bn`'s containers, and how that is known.
//!
//! Nothing that may lie on a host by accident says so, neither a variable nor a folder: a wrong answer would hide a person's graph,
//! or put runs where agents can write.

use std::fs;
use std::os::unix::fs::MetadataExt;
use std::path::Path;

use serde::Serialize;

use crate::data_dir::IN_CONTAINER;
use crate::env::Env;

/// What every run mounts, read-only.
const OF_A_RUN: &str = "/run/binnacle/ctl";
/// What only the image has; root's.
const OF_THE_IMAGE: &str = "/usr/local/lib/binnacle/container";

/// On the host or in a container, and why.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
pub struct Mode {
    pub container: bool,
    pub because: &'static str,
    /// What looks like the other mode and is not.
    #[serde(skip)]
    pub ignored: Option<&'static str>,
}

/// What there is to see.
#[derive(Clone, Copy, Debug, Default)]
struct Signs {
    run: bool,
    image: bool,
    folder: bool,
}

impl Mode {
    /// That of every run's container.
    pub const OF_RUN: Self =
        Self { container: true, because: "bn container run has mounted /run/binnacle/ctl", ignored: None };

    pub fn of(env: &Env) -> Self {
        Self::decide(env.container_mode.as_deref(), Signs::look())
    }

    /// `variable` is `BN_CONTAINER_MODE`: one of 0, false, no, off or nothing says no. Anything else says yes, where the image is
    /// `bn`'s; unset, it says nothing.
    fn decide(variable: Option<&str>, signs: Signs) -> Self {
        let host = |because, ignored| Self { container: false, because, ignored };
        let container = |because| Self { container: true, because, ignored: None };
        let word = variable.map(str::trim).map(str::to_ascii_lowercase);
        match word.as_deref() {
            Some("" | "0" | "false" | "no" | "off") => host("BN_CONTAINER_MODE says no", None),
            _ if signs.run => Self::OF_RUN,
            Some(_) if signs.image => container("BN_CONTAINER_MODE is set, and this is an image of bn's"),
            Some(_) => host(
                "no container of bn's",
                Some("BN_CONTAINER_MODE is set, but this is no container of bn's: it changes nothing"),
            ),
            None if signs.folder => host(
                "no container of bn's",
                Some("there is a folder /binnacle, but this is no container of bn's: it changes nothing"),
            ),
            None => host("no container of bn's", None),
        }
    }
}

impl Signs {
    fn look() -> Self {
        Self {
            run: is_mounted_read_only(Path::new(OF_A_RUN)),
            image: is_roots_alone(Path::new(OF_THE_IMAGE)),
            folder: Path::new(IN_CONTAINER).is_dir(),
        }
    }
}

fn is_mounted_read_only(path: &Path) -> bool {
    // `ID PARENT MAJOR:MINOR ROOT DESTINATION OPTIONS …`
    let is_it = |line: &str| {
        let words: Vec<&str> = line.split(' ').collect();
        words.get(4).is_some_and(|place| Path::new(place) == path)
            && words.get(5).is_some_and(|options| options.split(',').any(|option| option == "ro"))
    };
    path.exists() && fs::read_to_string("/proc/self/mountinfo").is_ok_and(|mounts| mounts.lines().any(is_it))
}

fn is_roots_alone(path: &Path) -> bool {
    fs::symlink_metadata(path).is_ok_and(|file| file.is_file() && file.uid() == 0 && file.mode() & 0o022 == 0)
}

#[cfg(test)]
mod tests {
    use super::*;

    const NOTHING: Signs = Signs { run: false, image: false, folder: false };
    const ALL: Signs = Signs { run: true, image: true, folder: true };

    #[test]
    fn what_may_be_there_by_accident_decides_nothing() {
        for (variable, folder) in [(Some("1"), false), (Some("true"), true), (None, true)] {
            let mode = Mode::decide(variable, Signs { folder, ..NOTHING });
            assert!(!mode.container && mode.ignored.is_some(), "{mode:?}");
        }
        assert_eq!(Mode::decide(None, NOTHING).ignored, None);
        // An image that was unpacked somewhere, or is a machine of its own.
        assert!(!Mode::decide(None, Signs { image: true, ..NOTHING }).container);
    }

    #[test]
    fn a_run_is_known_by_its_mount_and_an_image_by_its_word_and_its_file() {
        assert!(Mode::decide(None, Signs { run: true, ..NOTHING }).container);
        assert!(Mode::decide(Some("true"), Signs { image: true, ..NOTHING }).container);
    }

    #[test]
    fn a_no_is_a_no() {
        for no in ["", "0", "false", "no", "off", "OFF", " False "] {
            let mode = Mode::decide(Some(no), ALL);
            assert!(!mode.container && mode.ignored.is_none(), "{no:?}");
        }
    }
}
