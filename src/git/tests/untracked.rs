//! Files that git does not track, seen by a copy of the index in which git remembers folders without such files.

use std::fs;
use std::thread;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use crate::git::host::checkout::{self, Checkout};
use crate::git::host::index_file::IndexFile;
use crate::git::host::snapshot;
use crate::git::testing::Bench;

struct Tree {
    bench: Bench,
    checkout: Checkout,
}

impl Tree {
    /// With a copy of the index in which git has written down what it saw.
    fn new() -> Self {
        let bench = Bench::linked();
        let made = "cd agent && mkdir -p a/b c && echo '*.log' > .gitignore && echo 1 > a/b/f && echo 1 > c/f && git add . && git commit -qm files";
        bench.sh(made);
        bench.sh(
            "cd agent && mkdir own && printf '*\\n' > own/.gitignore && echo kept > own/kept && echo log > c/x.log",
        );
        thread::sleep(Duration::from_millis(2100));
        bench.sh("git -C agent status --porcelain");
        let checkout = checkout::resolve(&bench.git, &bench.path("agent")).unwrap();
        let tree = Self { bench, checkout };
        thread::sleep(Duration::from_millis(100));
        tree.keep_copy();
        assert_eq!(tree.seen(true), Vec::<String>::new());
        assert!(tree.copy_remembers());
        tree
    }

    fn keep_copy(&self) {
        let index = IndexFile::open(&self.checkout).unwrap().unwrap();
        index.remember_as_plain();
        index.keep_copy();
        assert!(index.copy_of_ours().is_some());
    }

    fn copy_remembers(&self) -> bool {
        let copy = fs::read(self.checkout.git_dir.join("binnacle-index")).unwrap();
        memchr::memmem::find(&copy, b"UNTR").is_some()
    }

    fn seen(&self, is_settled: bool) -> Vec<String> {
        let asked = snapshot::ask_by_copy(&self.bench.git, &self.checkout, is_settled).unwrap();
        asked.paths().unwrap().into_iter().map(|path| String::from_utf8(path).unwrap()).collect()
    }

    /// What git sees by the user's own index.
    fn is(&self) -> Vec<String> {
        let asked = snapshot::ask(&self.bench.git, &self.checkout).unwrap();
        asked.paths().unwrap().into_iter().map(|path| String::from_utf8(path).unwrap()).collect()
    }
}

/// Seconds since 1970.
fn second() -> u64 {
    SystemTime::now().duration_since(UNIX_EPOCH).unwrap().as_secs()
}

#[test]
fn whatever_is_done_to_a_tree_is_seen_by_the_copy() {
    let changes = [
        ("echo new > a/b/new", "a/b/new"),
        (
            "touch -r a/b time; mv time /tmp/time-$$; echo new > a/b/new; touch -r /tmp/time-$$ a/b; rm /tmp/time-$$",
            "a/b/new",
        ),
        ("mkdir -p a/x/y && echo new > a/x/y/new", "a/x/y/new"),
        ("echo other > own/.gitignore", "own/.gitignore own/kept"),
        ("rm .gitignore", ".gitignore c/x.log"),
        ("echo f > ../repo/.git/info/exclude; echo new > a/f; echo new > a/g", "a/g"),
        ("git config --file ../home/.gitconfig core.excludesFile $PWD/../none; echo new > a/f", "a/f"),
        ("cp -a a/b a/new && echo new > a/new/g && touch -r a/b a/new && mv a/b ../old && mv a/new a/b", "a/b/g"),
        ("touch -r a/b/f ../time; echo 2 > a/b/f; touch -r ../time a/b/f", "a/b/f"),
        ("rm a/b/f", "a/b/f"),
        ("echo new > new; git add new", "new"),
        ("echo new > new; git add new; git commit -qm new; echo newer > newer", "newer"),
    ];
    // Each waits most of its time.
    thread::scope(|scope| {
        for (change, expected) in changes {
            scope.spawn(move || {
                let tree = Tree::new();
                tree.bench.sh(&format!("cd agent && {change}"));
                let seen = tree.seen(true);
                assert_eq!(seen.join(" "), expected, "{change}");
                assert_eq!((tree.seen(true), tree.is()), (seen.clone(), seen), "{change}");
            });
        }
    });
}

/// Git compares whole seconds: a folder that it listed in the second of its last change can change once more.
#[test]
fn what_is_not_settled_is_not_written_down() {
    let mut all = Vec::new();
    for is_settled in [false, true] {
        let tree = Tree::new();
        loop {
            tree.bench.sh("cd agent && rm -f a/b/new && touch -d @1000000000 a/b");
            tree.seen(false);
            // From the beginning of a second.
            let before = second();
            while second() == before {
                thread::sleep(Duration::from_millis(1));
            }
            // The kernel's own clock is a few milliseconds behind.
            thread::sleep(Duration::from_millis(20));
            let began = second();
            tree.bench.sh("cd agent && touch -d @1000000000 a/b");
            tree.seen(is_settled);
            tree.bench.sh("cd agent && echo new > a/b/new && touch -d @1000000000 a/b");
            if second() == began {
                break;
            }
        }
        all.push(tree.seen(true));
    }
    assert_eq!(all[0], ["a/b/new"]);
    assert!(all[1].is_empty(), "git does better than was thought: {all:?}");
}

/// As a machine that lost its power may leave it.
#[test]
fn where_the_copy_is_damaged_git_is_asked_without_it() {
    let tree = Tree::new();
    tree.bench.sh("echo new > agent/new");
    let copy = tree.checkout.git_dir.join("binnacle-index");
    for damage in ["", "DIRC and nothing of an index"] {
        fs::write(&copy, damage).unwrap();
        assert_eq!(tree.seen(true), ["new"], "{damage:?}");
        assert!(!copy.exists());
        tree.keep_copy();
    }
}

/// What a run does by itself: the index is known after the first, and copied by the second.
#[test]
fn a_copy_is_kept_of_an_index_that_stays_the_same() {
    let bench = Bench::linked();
    bench.sh("sleep 1.1; git -C agent status --porcelain; sleep 0.1");
    let checkout = checkout::resolve(&bench.git, &bench.path("agent")).unwrap();
    let has_copy = || IndexFile::open(&checkout).unwrap().unwrap().copy_of_ours().is_some();
    let mut had = Vec::new();
    for _ in 0..3 {
        bench.prepare("agent");
        had.push(has_copy());
        thread::sleep(Duration::from_millis(100));
    }
    assert_eq!(had, [false, true, true]);
    bench.sh("cd agent && echo new > new && git add new");
    assert!(!has_copy(), "of another index");
    thread::sleep(Duration::from_millis(1100));
    assert!(bench.prepare("agent").notes[0].starts_with("1 uncommitted file in"));
}
