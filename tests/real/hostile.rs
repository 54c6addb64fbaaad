//! An agent that turns its private git folder into a trap: the run ends with a state and a message, soon; nothing that
//! is not its own is taken over, and nothing of its making is run.

use std::time::Duration;

use crate::machine::running;
use crate::world::{self, User, World, patience};

/// Seconds from the agent's last word to the end of `bn`: less than half of this, where nothing else keeps the machine busy.
const SOON: u64 = 20;

/// What the agent does to the folder $P, and what has to come of it.
struct Trap {
    name: &'static str,
    script: &'static str,
    exit: i32,
    /// A word of what the user is told.
    said: &'static str,
    /// What the agent had committed before is on the host all the same.
    keeps_work: bool,
}

const fn refused(name: &'static str, script: &'static str, said: &'static str) -> Trap {
    Trap { name, script, exit: 125, said, keeps_work: false }
}

const fn survived(name: &'static str, script: &'static str, said: &'static str) -> Trap {
    Trap { name, script, exit: 0, said, keeps_work: true }
}

const fn lost(name: &'static str, script: &'static str, said: &'static str) -> Trap {
    Trap { name, script, exit: 3, said, keeps_work: false }
}

const REFS: &[Trap] = &[
    lost("branch is a symlink", "rm $P/refs/heads/agent-1; ln -s $VICTIM/refs/heads/main $P/refs/heads/agent-1", ""),
    lost("branch is a pipe", "rm $P/refs/heads/agent-1; mkfifo $P/refs/heads/agent-1", ""),
    lost("HEAD is a pipe", "rm $P/HEAD; mkfifo $P/HEAD", "HEAD"),
    lost("HEAD is a symlink", "rm $P/HEAD; ln -s $VICTIM/refs/heads/main $P/HEAD", "HEAD"),
    survived("a ref of 1 GB", "truncate -s 1G $P/refs/heads/big", "bytes"),
    survived("packed refs of 1 GB", "rm -f $P/packed-refs; truncate -s 1G $P/packed-refs", "packed-refs"),
    survived("a ref that leads outside", "echo 'ref: ../../../../../etc/passwd' > $P/refs/heads/out", ""),
    survived(
        "a packed name that leads outside",
        "echo \"$SECRET refs/heads/../../../out\" >> $P/packed-refs",
        "packed-refs",
    ),
    survived(
        "a ref in bn's own place",
        "mkdir -p $P/refs/binnacle/runs/x; cp $P/refs/heads/agent-1 $P/refs/binnacle/runs/x/pin",
        "",
    ),
    lost("refs is a symlink", "mv $P/refs $P/r; ln -s $VICTIM/refs $P/refs", "refs"),
    survived(
        "100,000 packed refs",
        "id=$(git rev-parse HEAD); for ((i = 0; i < 100000; i++)); do echo \"$id refs/heads/f$i\"; done >> $P/packed-refs",
        "more than 10000 refs",
    ),
    survived("100,001 loose refs", "mkdir $P/refs/heads/f; cd $P/refs/heads/f; seq 100001 | xargs touch", "refs"),
    survived(
        "reflogs of 1 GB, and a pipe",
        "truncate -s 1G $P/logs/HEAD; mkdir -p $P/logs/refs/heads; mkfifo $P/logs/refs/heads/pipe",
        "",
    ),
];

const OBJECTS: &[Trap] = &[
    lost(
        "alternates name another repository",
        "echo $VICTIM/objects > $P/objects/info/alternates; echo $SECRET > $P/refs/heads/agent-1",
        "is not there",
    ),
    refused("objects is a symlink", "mv $P/objects $P/o; ln -s $VICTIM/objects $P/objects", "objects"),
    refused(
        "objects of one byte are a symlink",
        "rm -rf $P/objects/${SECRET:0:2}; ln -s $VICTIM/objects/${SECRET:0:2} $P/objects/${SECRET:0:2}",
        "objects",
    ),
    refused(
        "an object is a pipe",
        "id=$(git rev-parse HEAD:one); f=$P/objects/${id:0:2}/${id:2}; rm -f $f; mkfifo $f",
        "regular",
    ),
    refused(
        "an object is a symlink",
        "mkdir -p $P/objects/${SECRET:0:2}; ln -sf $VICTIM/objects/${SECRET:0:2}/${SECRET:2} $P/objects/${SECRET:0:2}/${SECRET:2}; echo $SECRET > $P/refs/heads/agent-1",
        "regular",
    ),
    lost(
        "an object is garbage",
        "id=$(git rev-parse HEAD:one); f=$P/objects/${id:0:2}/${id:2}; chmod u+w $f; echo garbage > $f",
        "kept with the run",
    ),
    lost(
        "an object is missing",
        "id=$(git rev-parse HEAD:one); rm -f $P/objects/${id:0:2}/${id:2}",
        "kept with the run",
    ),
    lost(
        "a pack's index is garbage",
        "git repack -qd; chmod u+w $P/objects/pack/*; for f in $P/objects/pack/*.idx; do echo garbage > $f; done",
        "is no commit",
    ),
    lost(
        "a tree with a .git in it",
        "t=$(printf '040000 tree %s\\t.git\\n' $(git write-tree) | git mktree); git update-ref refs/heads/agent-1 $(git commit-tree -m x -p HEAD $t)",
        "kept with the run",
    ),
    lost("the branch names a blob", "id=$(git rev-parse HEAD:one); echo $id > $P/refs/heads/agent-1", ""),
];

const FOLDER: &[Trap] = &[
    lost("everything is deleted", "rm -rf $P/* $P/.[a-z]*", "HEAD"),
    refused("objects may not be read", "chmod 000 $P/objects", "objects"),
    lost("refs may not be read", "chmod 000 $P/refs", "refs"),
    survived(
        "configuration and hooks",
        r#"touch="touch $PWNED"
        for key in core.fsmonitor core.hooksPath core.sshCommand core.alternateRefsCommand core.askPass core.pager \
            uploadpack.packObjectsHook gpg.program diff.external filter.x.clean filter.x.smudge; do git config $key "$touch"; done
        git config remote.host.promisor true; git config remote.host.uploadpack "$touch;false"; git config extensions.partialClone host
        for hook in post-checkout pre-commit post-merge reference-transaction post-index-change update pre-receive post-rewrite; do
            printf '#!/bin/sh\ntouch %s\n' $PWNED > $P/hooks/$hook; chmod +x $P/hooks/$hook; done
        echo $VICTIM > $P/commondir"#,
        "",
    ),
    survived(
        "shallow and grafts",
        "echo $SECRET > $P/shallow; echo $SECRET > $P/info/grafts; mkdir -p $P/refs/replace; echo $SECRET > $P/refs/replace/$(cat $P/refs/heads/agent-1)",
        "",
    ),
    survived(
        "the exit file is a pipe",
        "(sleep 0.1; while ! rm /run/binnacle/status/exit; do :; done; mkfifo /run/binnacle/status/exit) & disown; rm -f /run/binnacle/status/started",
        "",
    ),
    survived("the exit file is a folder", "mkdir -p /run/binnacle/status/exit/x", ""),
    survived(
        "folders deeper than any path",
        "for ((i = 0; i < 400; i++)); do mkdir dddddddddddddddddddd; cd dddddddddddddddddddd; done; mkdir .git",
        "",
    ),
    survived(
        "nested repositories",
        r#"mkdir -p a/.git b; mkfifo b/.git; git init -q c; git -C c config core.fsmonitor "touch $PWNED"; ln -s $VICTIM d"#,
        ".git.binnacle",
    ),
];

struct Trapped {
    world: World,
    secret: String,
}

impl Trapped {
    /// Beside the user's repository there is another one, which nobody has anything to do with.
    fn new() -> Self {
        let world = World::of(User::Passwordless);
        world.shell("git init -q --bare victim && git -C victim config user.name V && git -C victim config user.email v@example.org");
        let secret = world.shell("git -C victim hash-object -w --stdin <<< 'the secret of another repository' > id; cd victim; t=$(printf '100644 blob %s\\tf\\n' $(cat ../id) | git mktree); c=$(git commit-tree -m secret $t); git update-ref refs/heads/main $c; echo $c");
        Self { world, secret }
    }

    fn springs(&self, trap: &Trap) {
        let world = &self.world;
        let script = format!(
            "P=/run/binnacle/git; VICTIM={victim}; SECRET={secret}; PWNED={pwned}; echo one > one; git add one; git commit -qm one || exit 9\n\
             echo commit=$(git rev-parse HEAD)\n{trap}\necho sprung=$EPOCHREALTIME\n",
            victim = world.path("victim").display(),
            secret = self.secret,
            pwned = world.path("pwned").display(),
            trap = trap.script,
        );
        let name = world.unique("trap");
        let answered = world.agent(&["--name", &name], &script);
        let ended = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH).unwrap();
        assert_eq!(answered.code, trap.exit, "{}: {answered:#?}", trap.name);
        assert!(answered.stderr.contains(trap.said), "{}: {answered:#?}", trap.name);
        let sprung = answered.stdout.lines().find_map(|line| line.strip_prefix("sprung=")?.parse::<f64>().ok());
        let took = Duration::from_secs_f64(ended.as_secs_f64() - sprung.expect("the trap was not set up"));
        assert!(took < patience(SOON), "{}: it took {took:?}", trap.name);
        self.holds(trap, &name, &answered.stdout);
    }

    fn holds(&self, trap: &Trap, name: &str, stdout: &str) {
        let world = &self.world;
        let foreign = world
            .program("git")
            .args(["-C", "repo", "cat-file", "-e", &self.secret])
            .current_dir(world.root())
            .output();
        assert!(!foreign.unwrap().status.success(), "{}: the secret of another repository was taken over", trap.name);
        if trap.keeps_work {
            let commit = stdout.lines().find_map(|line| line.strip_prefix("commit=")).unwrap();
            world.git(&format!("cat-file -e {commit}^{{commit}}"));
        }
        // What the user does next, with git as it comes.
        world.shell("git -C repo status && git -C repo fsck --no-dangling && git -C repo for-each-ref && cd agent-1 && git status && git diff && git log -1");
        assert!(!world.path("pwned").exists(), "{}: something of the agent's was run on the host", trap.name);
        let status = world.row(name)["status"].as_str().unwrap().to_owned();
        assert!(["exited (0)", "collect-failed"].contains(&status.as_str()), "{}: {status}", trap.name);
        world.assert_nothing_runs(name);
        assert!(running(&[name]).is_empty());
    }
}

fn all_spring(traps: &[Trap]) {
    // Every one is tried, whatever became of those before it.
    let failed = traps.iter().filter(|trap| std::panic::catch_unwind(|| Trapped::new().springs(trap)).is_err());
    let failed: Vec<_> = failed.map(|trap| trap.name).collect();
    assert!(failed.is_empty(), "{failed:?}");
}

#[test]
fn hostile_refs() {
    all_spring(REFS);
}

#[test]
fn hostile_objects() {
    all_spring(OBJECTS);
}

#[test]
fn hostile_folders() {
    all_spring(FOLDER);
}

/// The folder in which the entrypoint says how the agent ended is the agent's, who is there before it.
#[test]
fn a_status_folder_made_to_trap_holds_no_run_and_no_work() {
    for (number, trap) in [
        "ln -s /tmp exit",
        "mkfifo exit; ln -s exit exit.tmp",
        "mkdir exit exit.tmp",
        "truncate -s 1T exit; mkdir exit.tmp",
        "mkdir -p deep/er; chmod 000 deep/er deep; rm -f started; chmod 000 .",
    ]
    .into_iter()
    .enumerate()
    {
        for user in [User::Me, User::Passwordless] {
            let Some(world) = (if user == User::Me { Some(World::new()) } else { World::of_other(user) }) else {
                continue;
            };
            let begun = std::time::Instant::now();
            let script = format!("git commit -q --allow-empty -m work-{number}; cd /run/binnacle/status; {trap}; true");
            let answer = world.run(&script);
            assert!(begun.elapsed() < patience(SOON * 2), "{trap}: {:?}", begun.elapsed());
            assert_eq!(answer.code, 0, "{trap}: {answer:#?}");
            world.assert_on_main(&format!("work-{number}"));
            world.bn(&["container", "prune"]).exits(0);
            assert!(world.list().is_empty(), "{trap}");
            world.run("true").exits(0);
        }
    }
}

/// What agents of one repository can both write to, where its files are mounted, is the graph's folder: a socket there could carry an open folder of the one's
/// worktree to the other, which would have it without the mounts that hide the git folder once the first has ended.
#[test]
fn no_socket_can_be_made_where_two_agents_could_meet() {
    let world = World::new();
    let script = r#"
        cat > /tmp/bind.pl <<'END'
        use Socket;
        socket(S, AF_UNIX, SOCK_STREAM, 0) && bind(S, pack_sockaddr_un($ARGV[0])) or die "$ARGV[0]: $!\n";
END
        for folder in /tmp /workspace ~ /dev/shm; do perl /tmp/bind.pl $folder/socket && echo "made in $folder"; done
        perl /tmp/bind.pl /binnacle/socket
        mv /workspace/socket /binnacle/moved; ln /workspace/socket /binnacle/linked
        perl -e '$path = "/binnacle/made"; syscall(133, $path, 0140600, 0)'
        mkdir sub; touch sub/file; mv sub/file file-2 && ln file-2 sub/again && echo "moved and linked"
    "#;
    let answer = world.agent(&["--graph", "files", "--name", &world.job()], script).exits(0);
    for made in ["/tmp", "/workspace", "/home/agent", "/dev/shm"] {
        assert!(answer.stdout.contains(&format!("made in {made}\n")), "{made}: {answer:#?}");
    }
    assert!(answer.stdout.contains("/binnacle/socket: Permission denied"), "{answer:#?}");
    assert!(answer.stdout.contains("moved and linked\n"), "{answer:#?}");
    assert_eq!(world.shell("find home/.local/share/binnacle -type s"), "");
    // Where its owner answers for the graph, nothing at all can be made there.
    world.bn(&["container", "discard", "--yes", &world.job()]).exits(0);
    let answer =
        world.run("touch /binnacle/x; rm /binnacle/graph.sock; mv /binnacle/graph.sock /binnacle/y; true").exits(0);
    assert_eq!(answer.stdout.matches("Read-only file system").count(), 3, "{answer:#?}");
}

/// The graph's folder, where its files are mounted, is open to the agent. What an agent lays there in the shape of the host's own
/// records is in nobody's way.
#[test]
fn records_in_the_graphs_folder_hold_no_later_run() {
    let world = World::new();
    let trap = "mkdir -p /binnacle/x/runs/y; mkfifo /binnacle/x/runs/y/run.json /binnacle/x/runs/y/lock";
    world.agent(&["--graph", "files", "--name", &world.job()], trap).exits(0);
    let begun = std::time::Instant::now();
    world.agent(&["--name", &world.name("later")], "git commit -q --allow-empty -m later").exits(0);
    assert!(begun.elapsed() < patience(SOON), "{:?}", begun.elapsed());
    world.assert_on_main("later");
}

/// A program that opens a pipe waits until somebody opens its other end.
#[test]
fn an_agent_that_makes_pipes_of_all_its_files_holds_nobody_up() {
    let world = World::new();
    let agent = "#!/bin/bash
        cd /workspace; echo work > work; git add work; git commit -qm work; touch ~/.claude/.credentials.json ~/.npm/x
        find $(git rev-parse --git-dir) ~ /caches /run/binnacle/status /workspace -type f 2>/dev/null | while read -r file; do
            rm -f \"$file\" && mkfifo \"$file\"; done
        echo pipes; until [ -d /workspace/end ]; do sleep 0.1; done";
    world.shell("mkdir bin");
    std::fs::write(world.path("bin/claude"), agent).unwrap();
    world.shell("chmod +x bin/claude");
    let (image, job, mount) =
        (crate::world::image(), world.job(), format!("{}:/bin-of-mine", world.path("bin").display()));
    let line = [
        "container",
        "run",
        "../agent-1",
        "--tag",
        &image,
        "--name",
        &job,
        "--mount",
        &mount,
        "--",
        "/bin-of-mine/claude",
    ];
    let mut run = world
        .bn_command(&line)
        .stdout(std::process::Stdio::null())
        .stderr(std::process::Stdio::null())
        .spawn()
        .unwrap();
    world::wait_for("the pipes", || world.bn(&["container", "logs", &job]).stdout.ends_with("pipes\n"));
    let begun = std::time::Instant::now();
    let job = job.as_str();
    for words in [
        &["list"][..],
        &["list", "--all", "--json"],
        &["inspect", job],
        &["stats"],
        &["port", job],
        &["exec", job, "--", "true"],
    ] {
        world.bn(&[&["container"], words].concat()).exits(0);
    }
    for words in [&["diff", job][..], &["diff", "--stat", job], &["log", job]] {
        let said = world.bn(&[&["container"], words].concat()).exits(125);
        assert!(said.stderr.contains("it is not a regular file"), "{said:#?}");
    }
    world.shell("mkdir agent-1/end");
    assert_eq!(run.wait().unwrap().code(), Some(3));
    world.bn(&["container", "merge", job]).exits(3);
    world.bn(&["container", "discard", "--yes", job]).exits(0);
    assert!(begun.elapsed() < patience(SOON * 2), "{:?}", begun.elapsed());
    world
        .agent(
            &["--name", &world.name("later")],
            "rm -f work; git reset -q --hard; git commit -q --allow-empty -m later",
        )
        .exits(0);
    world.assert_on_main("later");
}
