//! Every verb of the graph, in a container and outside, byte for byte.

use std::process::Command;

use crate::running::MEET;
use crate::verbs;
use crate::world::{World, wait_for};

/// Verbs in an order, each with what it prints and how it ends. `$first` and `$second` are the first tasks.
const VERBS: &str = r#"
say() { echo "\$ $*"; "$@"; echo "= $?"; }
first=$(bn task create 'First' -p 1 --tag db --json | grep -o '"id":"bn-[a-z0-9]*' | head -1 | cut -d'"' -f4)
second=$(bn task create 'Second' --depends-on $first --json | grep -o '"id":"bn-[a-z0-9]*' | head -1 | cut -d'"' -f4)
say bn ready
say bn ready --explain
say bn blocked --json
say bn task create
say bn task create 'Third' --parent $second -d 'Two
lines'
say bn task list --all --sort created
say bn task list --tag db --json
say bn task show $second
say bn task show $second --json
say bn task update $first --title 'First of all' --add-tag ui
say bn task note $first 'mind the index'
say bn link add $second $first --type discovered_from
say bn link list $first
say bn link add $first $second --type depends_on
say bn graph $second
say bn search index
say bn task claim $second
say bn task claim $first
say bn task claim $first
say bn task release $first --reason 'not now'
say bn task close nothing
say bn task close $second
say bn task cancel $first --reason 'never'
say bn task reopen $first
printf '{"op":"create","title":"A","ref":"a"}\n{"op":"note","id":"@a","text":"hello"}\n' > /tmp/batch
say bn batch /tmp/batch
printf '{"op":"create","title":"B"}\n{"op":"note","id":"@b","text":"hello"}\n' > /tmp/batch
say bn batch /tmp/batch
printf -- '- Store #db p1 due:2026-12-24\n  The text below.\n  1. Schema ref:s\n  2. Queries\n- [x] Decide\n- Manual depends_on:@s type:chore\n' > /tmp/plan.md
say bn plan /tmp/plan.md
say bn task list --text 'text below' --json
say bn undo
say bn undo --json
say bn plan - < /tmp/plan.md
say bn task create 'Later' --defer-until 2099-01-01 --estimate 1h30m --acceptance 'it works' --external-ref '#12' --metadata '{"a":[1]}' --json
printf '{"title":"One"}\n{"title":"Two","tags":["ui"]}\n' | say bn task create --stdin
say bn task update $first --due '' --metadata '{"a":null,"b":false,"c":[]}' --json
say bn task update $first --metadata '' --json
say bn task list --status deferred
say bn task list --any-tag ui --any-tag db --not-tag x --priority 0-2 --created-after 2020-01-01 --json
say bn ready --priority 0-1 --unassigned --explain
say bn task update $first --due 2000-01-01 --description -  </tmp/plan.md
say bn task update $first --edit
say bn task create 'One'
say bn duplicates
say bn duplicates --json
say bn tree
say bn tree $second --json
say bn stats
say bn stats --json
say bn stale
say bn stale --for 0s --json
say bn link rm $second $first --type discovered_from
say bn graph $second --dot
say bn ready --claim
say bn ready --claim --tag none
say bn task show bn-none --json
say bn show $first
say bn log
say bn log $second --json
say bn agent list
# The order of links follows the ids, which are random.
say bn export | grep -v '"record":"link"'
say bn doctor --json
say bn task list --limit 1
say bn orient
say bn orient --json
say bn goodbye 'the rest is left'
say bn orient
say bn undo
refused() { [ -S /binnacle/graph.sock ] || return; echo "\$ $*" >>/tmp/refused; "$@" >>/tmp/refused 2>&1 && echo "it was done" >>/tmp/refused; }
refused bn task delete $second
refused bn task undelete $second
refused bn import /tmp/batch
refused bn backup /tmp/copy
refused bn restore
refused bn doctor --fix
echo REFUSED
cat /tmp/refused 2>/dev/null; true
"#;

/// Names for what differs from run to run.
fn neutral(text: &str) -> String {
    let mut ids: Vec<String> = Vec::new();
    let mut neutral = String::new();
    for word in text.split_inclusive(|letter: char| !letter.is_ascii_alphanumeric() && !"-:.".contains(letter)) {
        let bare = word.trim_end_matches(|letter: char| !letter.is_ascii_alphanumeric());
        let is_time = bare.len() >= 9 && (bare.contains("-11-") || bare.contains(':')) || bare.starts_with("20");
        let is_age =
            bare.len() > 1 && bare.ends_with('s') && bare[..bare.len() - 1].bytes().all(|byte| byte.is_ascii_digit());
        let is_id = (bare.starts_with("bn-") && bare != "bn-none" && bare.len() > 5)
            || bare.starts_with("run-")
            || bare.starts_with("job-");
        match (is_time, is_age, is_id) {
            (true, ..) => neutral.push_str(&word.replace(bare, "[TIME]")),
            (_, true, _) => neutral.push_str(&word.replace(bare, "[AGE]")),
            (_, _, true) => {
                let number = ids.iter().position(|id| id == bare).unwrap_or_else(|| {
                    ids.push(bare.to_owned());
                    ids.len() - 1
                });
                neutral.push_str(&word.replace(bare, &format!("[ID {number}]")));
            }
            _ => neutral.push_str(word),
        }
    }
    neutral
}

/// The verbs that `--help` lists below these words.
fn verbs(world: &World, path: &[&str]) -> Vec<String> {
    verbs::listed(&world.bn(&[path, &["--help"]].concat()).exits(0).stdout)
}

/// Every verb there is that needs a graph.
fn graph_verbs(world: &World) -> Vec<String> {
    // `mcp` starts the others.
    let without = ["container", "config", "completions", "man", "mcp"];
    let verbs_above = verbs(world, &[]).into_iter().filter(|verb| !without.contains(&verb.as_str()));
    let all = verbs_above.flat_map(|verb| match verbs(world, &[&verb]) {
        below if below.is_empty() => vec![verb],
        below => below.into_iter().map(|name| format!("{verb} {name}")).collect(),
    });
    all.collect()
}

/// The same verbs through the owner and on the mounted file, as the same agent.
#[test]
fn every_verb_prints_the_same_bytes_through_the_owner_as_on_the_file() {
    let print = |access: &str| {
        let world = World::new();
        let name = world.job();
        let answer = world.agent(&["--name", &name, "--no-merge", "--graph", access], &format!("exec 2>&1; {VERBS}"));
        let said = answer.exits(0).stdout;
        let (both, refused) = said.split_once("REFUSED\n").unwrap();
        for verb in graph_verbs(&world) {
            assert!(access == "files" || said.contains(&format!("\n$ bn {verb}")), "bn {verb} is not tried");
        }
        assert!(!refused.contains("it was done"), "{refused}");
        neutral(both)
    };
    let (asked, opened) = (print("agent"), print("files"));
    assert!(asked.matches("\n= 0\n").count() > 50 && asked.contains("Error: that would close a cycle"), "{asked}");
    let differing = asked.lines().zip(opened.lines()).find(|(there, here)| there != here);
    assert!(asked == opened, "{differing:?}\n--- asked\n{asked}\n--- opened\n{opened}");
}

/// What only reads, of every kind.
const READS: &str = r#"
say() { echo "\$ $*"; "$@"; echo "= $?"; }
for verb in ready 'ready --explain' blocked 'task list --all' 'task list --text words --tag db' 'search words' log 'log --limit 0' stats tree duplicates \
    'stale --for 0s' 'agent list' "task show $task" "show $task" "graph $task" "graph $task --dot" "link list $task" "tree $task" "log $task" "task show bn-none"; do
    say bn $verb; say bn $verb --json
done
say bn export
"#;

/// The one graph at the same time, in a container and on the host.
#[test]
fn what_is_read_inside_is_what_is_read_outside_byte_for_byte() {
    let world = World::new();
    let plan = "- Store #db p1 due:2026-12-24\n  Some words.\n  1. Schema ref:s\n  2. Queries\n- Manual of words depends_on:@s\n- Manual of words\n";
    std::fs::write(world.path("plan.md"), plan).unwrap();
    world.bn(&["plan", world.path("plan.md").to_str().unwrap()]).exits(0);
    world.bn(&["task", "create", "-p", "0", "Quoted <&> \"é\" \\n"]).exits(0);
    let found = world.bn(&["search", "Store", "--json"]).exits(0).stdout;
    let task = &found[found.find("bn-").unwrap()..][..7];
    let script = format!(
        "{MEET}; task={task}; bn orient >/dev/null; bn ready --claim >/dev/null; exec >inside 2>&1; {READS} {MEET}"
    );
    let running = world.start(&["--name", &world.job(), "--no-merge"], &script);
    running.meet();
    std::fs::write(world.path("agent-1/go"), "").unwrap();
    wait_for("the agent to have read", || world.path("agent-1/inside").exists());
    running.meet();
    let here = world.program("bash");
    let outside = outside(&world, here, &format!("task={task}; exec 2>&1; {READS}"));
    let inside = std::fs::read_to_string(world.path("agent-1/inside")).unwrap();
    running.go_on().exits(0);
    let (inside, outside) = (without_ages(&inside), without_ages(&outside));
    let differing = inside.lines().zip(outside.lines()).find(|(there, here)| there != here);
    assert!(inside.matches("\n= 0\n").count() > 35, "{inside}");
    assert!(inside == outside, "{differing:#?}\n--- inside\n{inside}\n--- outside\n{outside}");
}

/// What a script says on the host, with `bn` on its path.
fn outside(world: &World, mut bash: Command, script: &str) -> String {
    let path = format!("{}:{}", crate::program::bn().parent().unwrap().display(), std::env::var("PATH").unwrap());
    let said = bash.args(["-c", script]).current_dir(world.path("repo")).env("PATH", path).output().unwrap();
    String::from_utf8(said.stdout).unwrap()
}

/// Seconds that went by between the one question and the other.
fn without_ages(text: &str) -> String {
    let is_age = |word: &str| {
        word.ends_with('s') && word.len() > 1 && word[..word.len() - 1].bytes().all(|byte| byte.is_ascii_digit())
    };
    let words =
        text.split_inclusive([' ', '\n']).map(|word| match is_age(word.trim_end_matches([' ', '\n', ',', ')'])) {
            true => "[AGE] ",
            false => word,
        });
    words.collect()
}
