//! What is seen of an agent's work before it is collected, and after.

use std::time::{Duration, Instant};

use crate::git::collect::comparison;
use crate::git::collect::look::{Look, Work};
use crate::git::collect::lying;
use crate::git::private::RunGit;
use crate::git::testing::Bench;

const PATIENCE: Duration = Duration::from_secs(10);

fn live(bench: &Bench, run: &RunGit) -> Look {
    Look::take(&bench.git, run, Work::Live, PATIENCE).unwrap()
}

/// The patch of what is committed, and that of what is not.
fn patches(bench: &Bench, run: &RunGit, look: &Look) -> [String; 2] {
    let lying = lying::read(&bench.git, run, look).unwrap().unwrap();
    let patch = |from: &str, to: &str| {
        String::from_utf8_lossy(&comparison::patch(&bench.git, look, from, to).unwrap()).into_owned()
    };
    [patch(&look.base, &look.head), patch(&look.checked_out, &lying.tree)]
}

#[test]
fn what_is_committed_and_what_lies_there_is_seen_while_the_agent_works() {
    let bench = Bench::linked();
    let run = bench.prepare("agent");
    bench.agent(&run, "echo two > two; git add two; git commit -qm two; git gc -q; echo three > three; git add three; git commit -qm three; echo more >> file; echo new > new; rm two; mkdir d; git init -q d/inner; echo x > ignored; echo ignored > .gitignore; ln -s /etc/passwd link; mkfifo pipe");
    let look = live(&bench, &run);
    assert_eq!(look.commits(&bench.git).unwrap(), 2);
    let [committed, lying] = patches(&bench, &run, &look);
    assert!(
        committed.contains("+two\n") && committed.contains("+three\n") && !committed.contains("more"),
        "{committed}"
    );
    for seen in ["-two\n", "+more\n", "+new\n", "+/etc/passwd\n\\ No newline", "b/.gitignore\n"] {
        assert!(lying.contains(seen), "{seen}: {lying}");
    }
    assert!(!lying.contains("root:") && !lying.contains("three") && !lying.contains("+x\n"), "{lying}");
    // Nothing of it stays, and nothing of the host's is touched.
    let folder = look.git_dir();
    drop(look);
    assert!(!folder.exists());
    assert_eq!(bench.sh("git -C repo rev-parse agent"), bench.sh("git -C repo rev-parse main"));
    // Afterwards the same is seen of what was taken over.
    let collected = bench.collect(&run);
    bench.sh("cd repo && echo ahead > ahead && git add ahead && git commit -qm ahead");
    let look = Look::take(&bench.git, &run, Work::Ended { head: &collected.head, merged: false }, PATIENCE).unwrap();
    assert_eq!(patches(&bench, &run, &look), [committed.clone(), lying]);
    bench.sh("git -C repo merge -q agent");
    for (merged, empty) in [(false, true), (true, false)] {
        let look = Look::take(&bench.git, &run, Work::Ended { head: &collected.head, merged }, PATIENCE).unwrap();
        assert_eq!(patches(&bench, &run, &look)[0].is_empty(), empty);
    }
}

#[test]
fn nothing_of_the_agents_decides_what_is_seen() {
    let bench = Bench::linked();
    // The user's own settings name programs for the agent's files, and the repository's too.
    let trap = format!("touch {}; cat", bench.path("ran").display());
    bench.sh(&format!(
        "git config --global diff.evil.textconv '{trap}'; git config --global diff.external '{trap}'; \
        git config --global filter.evil.clean '{trap}'; git config --global core.attributesFile ~/attributes; \
        echo '* diff=evil filter=evil' > home/attributes; git -C repo config diff.evil.command '{trap}'; \
        git -C repo config filter.evil.smudge '{trap}'; git -C repo config core.fsmonitor '{trap}'"
    ));
    let run = bench.prepare("agent");
    bench.agent(
        &run,
        &"printf '* -diff filter=evil ident\\n*.c diff=evil\\n' > .gitattributes; echo secret > plain; echo '$Id$' > x.c; git add .; \
         git commit -qm hidden; git config diff.external TRAP; git config diff.evil.textconv TRAP; \
         git config core.fsmonitor TRAP; git config core.pager TRAP; \
         mkdir -p hooks; echo '* -diff' > \"$GIT_DIR/info/attributes\"; echo lying > lies; echo '$Id: concealed $' > id; echo more >> plain; \
         git init -q inner; git -C inner config core.fsmonitor TRAP; git -C inner -c user.name=a -c user.email=a@b commit -q --allow-empty -m x"
            .replace("TRAP", &format!("'{trap}'")),
    );
    bench.sh("rm -f ran");
    let [committed, lying] = patches(&bench, &run, &live(&bench, &run));
    assert!(committed.contains("+secret\n") && committed.contains("+$Id$\n"), "{committed}");
    assert!(
        lying.contains("+$Id: concealed $\n") && lying.contains("+lying\n") && lying.contains("+more\n"),
        "{lying}"
    );
    assert!(!bench.path("ran").exists());
}

#[test]
fn what_is_too_much_or_broken_is_an_error_and_leaves_nothing() {
    let bench = Bench::linked();
    let run = bench.prepare("agent");
    let looks = || {
        std::fs::read_dir(&run.folder)
            .unwrap()
            .flatten()
            .filter(|entry| entry.file_name().to_string_lossy().starts_with("look-"))
            .count()
    };
    bench.agent(&run, "head -c 40M /dev/zero > zeros; git add zeros; git commit -qm zeros");
    let error = Look::take(&bench.git, &run, Work::Live, PATIENCE).unwrap_err().to_string();
    assert!(error.contains("when they are unpacked"), "{error}");
    bench.agent(&run, "rm -r \"$GIT_DIR/objects\"");
    let error = Look::take(&bench.git, &run, Work::Live, PATIENCE).unwrap_err().to_string();
    assert!(error.contains("could not be taken over"), "{error}");
    bench.agent(&run, "rm \"$GIT_DIR/HEAD\"; ln -s /etc/passwd \"$GIT_DIR/HEAD\"");
    assert!(!Look::take(&bench.git, &run, Work::Live, PATIENCE).unwrap_err().to_string().contains("root"));
    assert_eq!(looks(), 0);
}

#[test]
fn a_pipe_in_the_place_of_a_file_that_git_reads_holds_nobody() {
    let bench = Bench::linked();
    let run = bench.prepare("agent");
    bench.agent(&run, "mkfifo .gitignore");
    let begun = Instant::now();
    let look = Look::take(&bench.git, &run, Work::Live, Duration::from_millis(500)).unwrap();
    let error = lying::read(&bench.git, &run, &look).unwrap_err().to_string();
    assert!(error.contains("git") && begun.elapsed() < Duration::from_secs(10), "{error}");
}
