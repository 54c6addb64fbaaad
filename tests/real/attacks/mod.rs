//! Ways out of a container, tried from inside as the agent. Whether one worked is looked for on the host: a secret that
//! came out, a file that was written, a word that was heard. The same scripts run in a container without a wall, where
//! every one of them has to work: no attack is harmless because it was badly written.

mod files;
mod git;
mod host;
mod kernel;
mod network;

use std::fs;
use std::process::Command;

use crate::world::{User, World, answer, containerd, image};
use host::Host;

/// One way out.
pub struct Attack {
    name: &'static str,
    /// Knows where on the host everything is: $W, $C, $LOOT, $SECRET and so on.
    script: &'static str,
    /// A line for the host's root that succeeds if the attack did; else the usual signs are looked for.
    seen_by: &'static str,
}

impl Attack {
    const fn new(name: &'static str, script: &'static str) -> Self {
        Self { name, script, seen_by: "" }
    }

    const fn seen_by(self, line: &'static str) -> Self {
        Self { seen_by: line, ..self }
    }
}

/// What the user does afterwards without a second thought.
const ORDINARY_WORK: &str = "
    for tree in repo agent-1 agent-2; do
        echo more >> $tree/file; git -C $tree status; git -C $tree diff; git -C $tree look; git -C $tree see
        git -C $tree checkout -q -B later-$tree; touch $tree/new; git -C $tree add new; git -C $tree commit -qm later
    done
    for file in home/.bashrc repo/run-me agent-2/run-me; do [[ -e $file ]] && bash $file; done
    true";

/// Runs every script by itself, four at a time; those that write in one repository one after another.
const ALL: &str = r#"#!/bin/bash
cd /workspace
. attacks/env
one() { timeout -k 1 $PATIENCE bash -c '. attacks/env; export SECRET=$(cat attacks/$N.secret); . attacks/$N.attack' > attacks/$N.out 2>&1 < /dev/null; }
export -f one
ls attacks | sed -n 's/\.attack$//p' | grep -v ^git- | xargs -P 4 -I{} bash -c 'export N={}; one'
for N in $(ls attacks | sed -n 's/\.attack$//p' | grep ^git-); do export N; one; done
true
"#;

/// A host with its secrets, the attacks laid out in the worktree.
struct Battle {
    world: World,
    host: Host,
}

impl Battle {
    fn new(attacks: &[&Attack]) -> Self {
        let world = World::of(User::Passwordless);
        world.shell(
            "mkdir -p canary secret agent-1/attacks agent-1/loot home/.local/state/binnacle/other/runs/other && chmod 777 canary && touch home/.bashrc \
             && git -C repo worktree add -q ../agent-2 -b agent-2 \
             && git -C repo config core.logAllRefUpdates true",
        );
        let host = Host::new(&world);
        let folder = world.path("agent-1/attacks");
        for attack in attacks {
            let secret = host.secret(attack.name);
            world.shell(&format!(
                "echo {secret} > secret/{name}; echo {secret} > /dev/shm/{x}-{name}",
                name = attack.name,
                x = host.word
            ));
            fs::write(folder.join(format!("{}.attack", attack.name)), attack.script).unwrap();
            fs::write(folder.join(format!("{}.secret", attack.name)), &secret).unwrap();
        }
        world.shell(&format!("git -C repo config http.extraheader {}", host.secret("git-read-credentials")));
        fs::write(folder.join("env"), host.variables(&world)).unwrap();
        fs::write(folder.join("all"), ALL).unwrap();
        Self { world, host }
    }

    /// Behind the wall, as everybody is.
    fn walled(&self, attacks: usize) {
        let name = self.world.unique("battle");
        let image = image();
        let args = [
            "container",
            "run",
            "--no-merge",
            "--tag",
            &image,
            "--name",
            &name,
            "../agent-1",
            "--",
            "bash",
            "/workspace/attacks/all",
        ];
        let answered = self.world.bn(&args);
        assert!([0, 3].contains(&answered.code), "{answered:#?}");
        self.world.assert_nothing_runs(&name);
        let tried = fs::read_dir(self.world.path("agent-1/attacks")).unwrap().flatten();
        let tried = tried.filter(|entry| entry.path().extension().is_some_and(|kind| kind == "out")).count();
        assert_eq!(tried, attacks, "not every attack was tried");
    }

    /// No wall at all: root with all rights, in the host's own namespaces, with the host's own folders.
    fn open(&self) {
        let (root, name) = (self.world.root().display().to_string(), self.world.unique("open"));
        let mount = |from: &str, to: &str| format!("type=bind,src={from},dst={to},options=rbind:rw");
        let mut ctr = Command::new("sudo");
        ctr.args([
            "-n",
            "ctr",
            "-a",
            &containerd(),
            "-n",
            "binnacle",
            "run",
            "--rm",
            "--privileged",
            "--allow-new-privs=false",
            "--net-host",
        ]);
        for namespace in ["pid", "ipc"] {
            ctr.args(["--with-ns", &format!("{namespace}:/proc/{}/ns/{namespace}", std::process::id())]);
        }
        for (from, to) in
            [(root.as_str(), root.as_str()), (&format!("{root}/agent-1"), "/workspace"), ("/dev/shm", "/dev/shm")]
        {
            ctr.args(["--mount", &mount(from, to)]);
        }
        ctr.args(self.host.disk.iter().flat_map(|disk| ["--device", disk]));
        let line = "git config --system safe.directory '*'; exec 9< $OPEN; bash /workspace/attacks/all";
        ctr.args([
            "--env",
            &format!("OPEN={root}"),
            "--env",
            &format!("HOST={root}/repo"),
            &image(),
            &name,
            "bash",
            "-c",
            line,
        ]);
        let answered = answer(ctr.output().unwrap());
        assert_eq!(answered.code, 0, "{answered:#?}");
        // What root did, the user has to live with.
        let owner = self.world.shell("id -u");
        answer(Command::new("sudo").args(["-n", "chown", "-R", &owner, &root]).output().unwrap()).exits(0);
    }

    /// The names of the attacks that worked.
    fn successes(&self, attacks: &[&Attack]) -> Vec<&'static str> {
        let work = self.world.program("bash").args(["-c", ORDINARY_WORK]).current_dir(self.world.root()).output();
        drop(answer(work.unwrap()));
        let heard = self.host.heard();
        let worked = attacks.iter().filter(|attack| self.worked(attack, &heard));
        worked.map(|attack| attack.name).collect()
    }

    fn worked(&self, attack: &Attack, heard: &str) -> bool {
        let name = attack.name;
        if !attack.seen_by.is_empty() {
            let line = format!(
                ". {}; N={name}; SECRET={}; {}",
                self.world.path("agent-1/attacks/env").display(),
                self.host.secret(name),
                attack.seen_by
            );
            return Command::new("sudo").args(["-n", "bash", "-c", &line]).output().unwrap().status.success();
        }
        let loot = fs::read(self.world.path("agent-1/loot").join(name)).unwrap_or_default();
        let looted = String::from_utf8_lossy(&loot).contains(&self.host.secret(name));
        looted
            || self.world.path("canary").join(name).exists()
            || heard.contains(&format!("hit-{name}\n"))
            || heard.ends_with(&format!("hit-{name}"))
    }
}

fn nothing_works_behind_the_wall_and_everything_without(attacks: &[Attack]) {
    // Without a disk that root itself may read, or where no program gets its owner's rights, nothing could show that these attacks work.
    let folder = std::env::temp_dir();
    let (on_disk, setuid) = (host::disk(&folder).is_some(), host::honours_setuid(&folder));
    let can_work = |name: &str| (on_disk || !name.ends_with("-the-disk")) && (setuid || name != "run-a-setuid-program");
    let attacks: Vec<&Attack> = attacks.iter().filter(|attack| can_work(attack.name)).collect();
    let attacks = attacks.as_slice();
    let walled = Battle::new(attacks);
    walled.walled(attacks.len());
    let successes = walled.successes(attacks);
    assert!(successes.is_empty(), "ways out: {successes:?}");
    let open = Battle::new(attacks);
    open.open();
    let successes = open.successes(attacks);
    let failed: Vec<_> = attacks.iter().map(|attack| attack.name).filter(|name| !successes.contains(name)).collect();
    let said = |name: &&str| {
        format!(
            "{name}: {}",
            fs::read_to_string(open.world.path("agent-1/attacks").join(format!("{name}.out"))).unwrap_or_default()
        )
    };
    assert!(failed.is_empty(), "controls that show nothing: {:#?}", failed.iter().map(said).collect::<Vec<_>>());
}

#[test]
fn attacks_on_files() {
    nothing_works_behind_the_wall_and_everything_without(files::ATTACKS);
}

#[test]
fn attacks_on_the_kernel() {
    nothing_works_behind_the_wall_and_everything_without(kernel::ATTACKS);
}

#[test]
fn attacks_on_the_network() {
    nothing_works_behind_the_wall_and_everything_without(network::ATTACKS);
}

#[test]
fn attacks_by_way_of_git() {
    nothing_works_behind_the_wall_and_everything_without(git::ATTACKS);
}
