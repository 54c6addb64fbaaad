use std::os::unix::net::UnixListener;
use std::thread;
use std::time::Duration;

use super::*;
use crate::process::{Cmd, Runner};
use crate::untrusted::files;
use crate::untrusted::nested::{self, Closed};
use crate::untrusted::stamp::SETTLED;

fn wanted() -> Wanted {
    Wanted { question: "letters".to_owned(), holds: Box::new(is_wanted) }
}

fn is_wanted(path: &Path) -> bool {
    path.extension().is_some_and(|end| end == "wanted")
}

/// A worktree in a folder, and the file beside it in which it is remembered.
struct Bench(tempfile::TempDir);

impl Bench {
    fn new() -> Self {
        let bench = Self(tempfile::tempdir().unwrap());
        fs::create_dir(bench.worktree()).unwrap();
        bench
    }

    fn worktree(&self) -> PathBuf {
        self.0.path().join("tree")
    }

    fn memory(&self) -> PathBuf {
        self.0.path().join("memory")
    }

    fn tree(&self) -> Tree {
        Tree::remembered(&self.worktree(), &self.memory(), wanted())
    }

    fn sh(&self, script: &str) {
        let cmd = Cmd::new("sh").args(["-ec", script]).directory(self.worktree());
        let captured = Runner::ordinary().capture(&cmd).unwrap();
        assert!(captured.success(), "{script}: {}", captured.stderr);
    }

    /// Looks at all of it once things have settled, and remembers it.
    fn look(&self) -> String {
        thread::sleep(SETTLED + Duration::from_millis(20));
        let tree = self.tree();
        let found = all(&tree);
        tree.remember(&self.memory()).unwrap();
        found
    }
}

/// All that anybody asks of a tree.
fn all(tree: &Tree) -> String {
    let mut search = nested::search(tree, Closed::LeaveAlone);
    for paths in [&mut search.bare, &mut search.pipes, &mut search.sockets, &mut search.unread] {
        paths.sort();
    }
    format!("{search:?} {:?}", files::find(tree, |_| false, is_wanted))
}

/// As `all`, without anything that is remembered.
fn anew(worktree: &Path) -> String {
    all(&Tree::new(worktree, wanted()))
}

#[test]
fn a_folder_that_has_not_changed_is_not_listed_again() {
    let bench = Bench::new();
    bench.sh("mkdir -p a/b; touch a/b/one.wanted a/b/other");
    bench.look();
    // What is remembered, and was never there, shows who was asked.
    let text = fs::read_to_string(bench.memory()).unwrap();
    fs::write(bench.memory(), text.replace("one.wanted", "two.wanted")).unwrap();
    let names = |folder: &str| -> Vec<PathBuf> {
        bench.tree().names(Path::new(folder)).unwrap().into_iter().map(|name| name.name).collect()
    };
    assert_eq!(names("a/b"), [PathBuf::from("two.wanted")]);
    bench.sh("touch a/b/new");
    assert_eq!(names("a/b"), [PathBuf::from("one.wanted")]);
    assert_eq!(names("a"), [PathBuf::from("b")]);
    let other = Wanted { question: "others".to_owned(), ..wanted() };
    assert!(Tree::remembered(&bench.worktree(), &bench.memory(), other).before.is_empty());
}

#[test]
fn what_changed_a_moment_ago_is_not_remembered() {
    let bench = Bench::new();
    bench.sh("mkdir a; touch a/one.wanted");
    let tree = bench.tree();
    all(&tree);
    tree.remember(&bench.memory()).unwrap();
    assert!(bench.tree().before.is_empty());
}

#[test]
fn whatever_is_done_to_a_tree_is_seen() {
    let bench = Bench::new();
    bench.sh("mkdir -p a/b c/d e; git init -q e/repo; touch a/b/one.wanted c/d/file; ln -s a link");
    let _socket = UnixListener::bind(bench.worktree().join("c/socket")).unwrap();
    bench.look();
    for script in [
        "git init -q a/b",
        "mv a x; mv c a; mv x c",
        "rm -r a/d; mkdir a/d; touch -d @1 a/d",
        "touch c/b/two.wanted; touch -d '2001-01-01' c/b c",
        "cp -a c/b c/copy; rm -r c/b; mv c/copy c/b",
        "mkfifo c/b/.gitattributes",
        "rm c/b/one.wanted; ln -s /etc/passwd c/b/one.wanted",
        "echo changed > c/b/two.wanted",
        "echo gitdir: ../elsewhere > e/.git",
        "echo gitdir: ../other > e/.git",
        "rm -r e; ln -s c e",
        "rm e; mkdir -p e; touch e/HEAD; mkdir e/objects e/refs",
        "rm a/socket; echo file > a/socket",
        "mkdir -p deep/er/and/er; git init -q deep/er/and/er; chmod 700 deep",
        "mv deep/er deep/.GIT; ln -s .. deep/up",
    ] {
        bench.sh(script);
        assert_eq!(all(&bench.tree()), anew(&bench.worktree()), "{script}");
        assert_eq!(bench.look(), anew(&bench.worktree()), "{script}");
    }
}

#[test]
fn hooks_are_found_whatever_they_are_called() {
    let bench = Bench::new();
    bench.sh("mkdir -p own/hooks; touch own/hooks/pre-commit own/other plain");
    bench.look();
    let hook = Path::new("own/hooks");
    let (found, _) = files::find(&bench.tree(), |folder| folder.starts_with(hook), |path| path.starts_with(hook));
    assert_eq!(found.iter().map(|file| file.path.as_path()).collect::<Vec<_>>(), [Path::new("own/hooks/pre-commit")]);
}
