//! docs/howto.md can be typed as it stands, section by section.

use std::fs;

use crate::build::{Image, own_store};
use crate::program;
use crate::world::{World, answer, image};

const PAGE: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/docs/howto.md");

/// The lines of a section that are typed, with the exit codes that they are said to have.
fn typed(section: &str) -> Vec<(&str, Vec<i32>)> {
    section
        .lines()
        .filter_map(|line| line.strip_prefix("$ "))
        .map(|line| match line.rsplit_once(" # exits ") {
            Some((line, codes)) => (line, codes.split(" or ").map(|code| code.parse().unwrap()).collect()),
            None => (line, vec![0]),
        })
        .collect()
}

/// Types a section in a repository whose image is the one under test, and whose own has a name that no other test uses.
#[track_caller]
fn types(heading: &str) {
    let page = fs::read_to_string(PAGE).unwrap();
    let section = page.split("\n## ").find(|section| section.starts_with(heading)).unwrap();
    let world = World::new();
    world.shell("mkdir -p home/.config/binnacle && git config -f home/.gitconfig user.name Me && git config -f home/.gitconfig user.email me@example.org");
    fs::write(world.path("home/.config/binnacle/config.toml"), format!("tag = \"{}\"\n", image())).unwrap();
    let path = format!("{}:{}", program::bn().parent().unwrap().display(), std::env::var("PATH").unwrap());
    let built = Image::of(&world);
    for (line, codes) in typed(section) {
        let line = line.replace("localhost/binnacle-self:latest", &image());
        let line = line.replace("--tag own", &format!("--tag {}", built.reference));
        let mut shell = world.program("bash");
        let shell = shell.args(["-c", &line]).current_dir(world.path("repo")).env("PATH", &path);
        let shell = shell.env("GIT_CONFIG_GLOBAL", world.path("home/.gitconfig"));
        let in_own_store = line.contains("bn container build") && !rustix::process::geteuid().is_root();
        // By that buildah looks for an ordinary user's store, too.
        let shell = match in_own_store {
            true => own_store(shell),
            false => shell.env("XDG_CONFIG_HOME", world.path("home/.config")),
        };
        let said = answer(shell.output().unwrap());
        assert!(codes.contains(&said.code), "{line}: {said:#?}");
    }
}

macro_rules! sections {
    ($($test:ident: $heading:literal,)*) => {
        $(#[test] fn $test() { types($heading); })*

        #[test]
        fn every_section_with_commands_is_typed() {
            let page = fs::read_to_string(PAGE).unwrap();
            let sections = page.split("\n## ").skip(1).filter(|section| !typed(section).is_empty());
            let headings: Vec<&str> = sections.map(|section| section.lines().next().unwrap()).collect();
            assert_eq!(headings, [$($heading),*]);
        }
    };
}

sections! {
    a_first_run: "Make a first run",
    five_agents: "Have five agents side by side",
    looking_in: "Look in, and step in",
    only_if_it_is_good: "Let work land only if it is good",
    an_own_image: "Have an image of your own",
    no_network: "Get along without a network",
    a_conflict: "Merge work that is in conflict",
    after_a_death: "Go on after the machine has died",
    signing_in: "Sign in",
}
