//! What `prune` takes away besides runs: images and worktrees, and of these only `bn`'s own.

use crate::build::{Image, least, own_store};
use crate::world::{Answer, World, answer, ctr, image};

/// A run in a worktree of its own, on a branch of that name.
pub fn create(world: &World, name: &str) -> Answer {
    create_with(world, name, "echo done > done; git add done; git commit -qm done")
}

fn create_with(world: &World, name: &str, script: &str) -> Answer {
    let path = format!("../{name}");
    let line = ["container", "run", "--create", "-b", name, "--tag", &image(), "--name", &world.name(name), &path];
    world.bn(&[&line[..], &["--", "bash", "-c", script]].concat())
}

fn prune(world: &World, words: &[&str]) -> Answer {
    world.bn(&[&["container", "prune"], words].concat())
}

#[test]
fn a_worktree_that_was_created_goes_once_it_holds_nothing() {
    let world = World::new();
    create(&world, "landed").exits(0);
    let run = prune(&world, &["--worktrees"]).exits(0);
    assert!(run.stdout.contains(&format!("the run {} is not forgotten", world.name("landed"))), "{run:#?}");
    let told = prune(&world, &[]).exits(0);
    assert!(
        told.stderr.contains("1 worktree that --create made holds nothing: bn container prune --worktrees"),
        "{told:#?}"
    );
    let dry = prune(&world, &["--worktrees", "--dry-run"]).exits(0).stdout;
    assert!(dry.contains("would remove") && dry.contains("its branch landed, which main has"), "{dry}");
    assert!(dry.contains("room that this makes: "), "{dry}");
    assert!(world.path("landed/done").exists());
    // A folder that is closed, and files that git ignores.
    world.shell("mkdir -p landed/target/x && echo target > landed/.gitignore && cd landed && git add .gitignore && git commit -qm i && git -C ../repo merge -q landed && chmod 0 target/x");
    let gone = prune(&world, &["--worktrees"]).exits(0).stdout;
    assert!(gone.starts_with("removed "), "{gone}");
    assert!(!world.path("landed").exists());
    assert_eq!(world.git("branch --list landed"), "");
    assert!(!world.git("worktree list").contains("landed"));
    assert!(world.path("agent-1/file").exists(), "that one was made by hand");
}

#[test]
fn a_worktree_that_holds_something_stays_and_it_is_said_what() {
    let world = World::new();
    let stays = |name: &str, spoil: &str, why: &str| {
        create(&world, name);
        prune(&world, &[]);
        world.shell(&format!("cd {name} && {spoil}"));
        let said = prune(&world, &["--worktrees"]).exits(0).stdout;
        let line = said.lines().find(|line| line.contains(&format!("/{name}: "))).unwrap_or_default();
        assert!(line.starts_with("kept ") && line.contains(why), "{name}: {said}");
        assert!(world.path(name).join("file").exists() && !world.git(&format!("branch --list {name}")).is_empty());
    };
    stays("dirty", "echo changed > file", "file is not committed");
    stays("loose", "echo new > new", "new is not committed");
    stays("inner", "git init -q own && echo x > own/x", "own/ is not committed");
    stays("ahead", "git commit -q --allow-empty -m more", "main does not have ahead");
    stays("parted", "git checkout -q --detach", "it is on no branch");
    stays("locked", "git worktree lock .", "it is locked");
    stays("busy", "git bisect start -q 2>/dev/null || git bisect start", "a bisect goes on in it");
    let ahead = prune(&world, &["--worktrees"]).exits(0).stdout;
    assert!(ahead.contains("/ahead && git branch -D ahead"), "{ahead}");
}

#[test]
fn images_go_that_nothing_uses_and_that_were_built_here() {
    let world = World::new();
    let other = World::new();
    let [old, used, named] =
        ["old", "used", "named"].map(|tag| Image { world: &world, reference: reference(&world, tag) });
    let foreign = Image { world: &other, reference: reference(&other, "foreign") };
    for (number, built) in [&old, &used, &named, &foreign].into_iter().enumerate() {
        built.build(&format!("{}RUN echo {} {number} > /which\n", least(), built.reference)).exits(0);
    }
    let line = ["container", "run", "--tag", &used.reference, "--name", &world.job(), "../agent-1", "--", "true"];
    own(&world, &line).exits(0);
    let second = format!("{}-too", named.reference);
    buildah(&world, &["tag", &named.reference, &second]);
    let dry = of_store(&world, &["--dry-run"]);
    let line =
        |said: &str, built: &Image| said.lines().find(|line| line.contains(&built.reference)).unwrap().to_owned();
    assert!(line(&dry, &old).starts_with("would remove ") && dry.contains("room that this makes: at most "), "{dry}");
    assert!(old.is_in_containerd());
    let said = of_store(&world, &[]);
    assert!(line(&said, &old).starts_with("removed "), "{said}");
    assert!(line(&said, &used).contains(&format!("the run {} has it", world.job())), "{said}");
    assert!(line(&said, &named).contains(&format!("it has another name, too: {second}")), "{said}");
    assert!(!said.contains(&foreign.reference), "{said}");
    assert!(!old.is_in_containerd() && !is_stored(&world, &old.reference));
    for left in [&used, &named, &foreign] {
        assert!(left.is_in_containerd() && is_stored(&world, &left.reference), "{}", left.reference);
    }
    buildah(&world, &["rmi", &second]);
    own(&world, &["container", "prune"]).exits(0);
    let said = of_store(&world, &[]);
    assert!(line(&said, &used).starts_with("removed ") && line(&said, &named).starts_with("removed "), "{said}");
    assert!(!ctr(&["images", "ls", "-q"]).contains(&used.reference));
}

fn reference(world: &World, tag: &str) -> String {
    format!("localhost/bn-real:{}", world.name(tag))
}

fn own(world: &World, words: &[&str]) -> Answer {
    answer(own_store(&mut world.bn_command(words)).output().unwrap())
}

fn of_store(world: &World, words: &[&str]) -> String {
    own(world, &[&["container", "prune", "--images"], words].concat()).exits(0).stdout
}

fn buildah(world: &World, words: &[&str]) -> String {
    let mut command = world.program("buildah");
    answer(own_store(command.args(words)).output().unwrap()).stdout
}

fn is_stored(world: &World, reference: &str) -> bool {
    !buildah(world, &["images", "--quiet", reference]).trim().is_empty()
}
