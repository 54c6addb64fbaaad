//! What `merge` and `build` take from configurations where no flag says otherwise.

use clap::Command;

use crate::commands::Context;
use crate::commands::config::gather::Found;
use crate::commands::container::configured;
use crate::config::key::{CommandLine, Slot};
use crate::config::keys::KEYS;
use crate::config::setting::Setting;
use crate::config::value::Value;
use crate::error::{Failure, Usage};

/// The command line with what the user and the project say in the place of flags that are not there.
pub fn fill<T: CommandLine>(mut args: T, found: &Found, dry_run: bool, context: &Context) -> Result<T, Failure> {
    let counts = counting(&mut args, &found.settled)?;
    if let Some(project) = &found.project {
        configured::confirm(&counts, project, dry_run, context)?;
        configured::say_project(&counts, context);
    }
    for setting in &counts {
        if let Some(slot) = args.slot(setting.key) {
            slot.put(&setting.value);
        }
    }
    Ok(args)
}

/// Those of this verb that no flag overrides, and that go with the flags and with each other: the stronger one counts.
fn counting<T: CommandLine>(args: &mut T, settled: &[Setting]) -> Result<Vec<Setting>, Usage> {
    let verb = T::augment_args(Command::new("verb"));
    let given = args.given().clone();
    let typed: Vec<&str> = given.flags().filter(|flag| !is_off(args, flag)).collect();
    let mut counts: Vec<Setting> = Vec::new();
    for setting in settled.iter().filter(|setting| args.slot(setting.key).is_some()) {
        let flag = setting.key.flag();
        if given.has(flag) || typed.iter().any(|typed| exclude(&verb, flag, typed)) {
            continue;
        }
        let rival = counts.iter().find(|rival| is_on(rival) && exclude(&verb, flag, rival.key.flag()));
        match rival.filter(|_| is_on(setting)) {
            None => counts.push(setting.clone()),
            Some(rival) if rival.origin.place() == setting.origin.place() => return Err(both(rival, setting)),
            Some(_) => {}
        }
    }
    Ok(counts)
}

/// Whether it was typed to take back what a file says.
fn is_off(args: &mut impl CommandLine, flag: &str) -> bool {
    let of_flag = KEYS.iter().filter(|key| key.flag() == flag);
    of_flag.filter_map(|key| args.slot(key).map(|slot| matches!(slot, Slot::Flag(false)))).any(|off| off)
}

fn is_on(setting: &Setting) -> bool {
    setting.value != Value::Flag(false)
}

/// Whether nobody may type both of them.
fn exclude(verb: &Command, one: &str, other: &str) -> bool {
    let says = |from: &str, to: &str| {
        let arg = verb.get_arguments().find(|arg| arg.get_long() == Some(from));
        arg.is_some_and(|arg| verb.get_arg_conflicts_with(arg).iter().any(|known| known.get_long() == Some(to)))
    };
    says(one, other) || says(other, one)
}

fn both(one: &Setting, other: &Setting) -> Usage {
    Usage::new(format!("{}: {} and {} do not go together", other.origin, one.path(), other.path()))
        .hint("take one of them out")
}

#[cfg(test)]
mod tests {
    use clap::FromArgMatches;

    use super::*;
    use crate::cli::container::{BuildArgs, MergeArgs};
    use crate::config::document::{File, read};
    use crate::config::setting::settle;

    /// What a verb's command line comes to, by the words that were typed and by both files.
    fn filled<T: CommandLine + FromArgMatches>(words: &[&str], user: &str, project: &str) -> Result<T, String> {
        let verb = T::augment_args(Command::new("verb"));
        let matches = verb.get_matches_from([&["verb"], words].concat());
        let mut args = T::from_arg_matches(&matches).unwrap();
        let of = |text: &str, file| read(text.as_bytes(), file).unwrap();
        let user = of(user, File::User("/u".as_ref()));
        let settled = settle(user.into_iter().chain(of(project, File::Project("main"))));
        let counts = counting(&mut args, &settled).map_err(|error| error.message)?;
        for setting in counts {
            args.slot(setting.key).unwrap().put(&setting.value);
        }
        Ok(args)
    }

    fn shape(words: &[&str], user: &str, project: &str) -> (bool, bool) {
        let args: MergeArgs = filled(words, user, project).unwrap();
        (args.rebase, args.squash)
    }

    #[test]
    fn a_shape_is_taken_from_the_strongest_that_names_one() {
        let (rebase, squash) = ("[merge]\nrebase = true\n", "[merge]\nsquash = true\n");
        assert_eq!(shape(&[], "", ""), (false, false));
        assert_eq!(shape(&[], "", rebase), (true, false));
        assert_eq!(shape(&[], squash, rebase), (false, true));
        assert_eq!(shape(&["--rebase"], squash, squash), (true, false));
        assert_eq!(shape(&["--squash=false"], squash, rebase), (true, false));
        assert_eq!(shape(&["--rebase=false"], "", rebase), (false, false));
        // A message is for a commit that is made.
        assert_eq!(shape(&["--message", "x"], rebase, ""), (false, false));
        assert_eq!(shape(&["--message", "x"], squash, ""), (false, true));
        assert_eq!(shape(&[], "merge.squash = false\n", rebase), (true, false));
    }

    #[test]
    fn one_file_that_says_both_is_refused() {
        let said = filled::<MergeArgs>(&[], "", "merge.rebase = true\nmerge.squash = true\n").unwrap_err();
        assert_eq!(said, "main:.binnacle/config.toml:2: merge.rebase and merge.squash do not go together");
    }

    #[test]
    fn each_verb_takes_what_is_its_own() {
        let text =
            "agent = \"codex\"\nmerge.wait = true\n[build]\nagent = [\"claude\", \"codex\"]\nbase-image = \"b\"\n";
        let merge: MergeArgs = filled(&[], text, "").unwrap();
        assert!(merge.wait);
        let build: BuildArgs = filled(&["--package", "jq"], text, "build.package = [\"gcc\"]\n").unwrap();
        assert_eq!(
            (build.agent.len(), build.base_image.as_deref(), build.package),
            (2, Some("b"), vec!["jq".to_owned()])
        );
        let build: BuildArgs = filled(&["--devcontainer"], text, "").unwrap();
        assert_eq!((build.devcontainer, build.base_image), (true, None));
        let build: BuildArgs = filled(&["--devcontainer=false"], text, "build.devcontainer = true\n").unwrap();
        assert_eq!((build.devcontainer, build.base_image.as_deref()), (false, Some("b")));
    }
}
