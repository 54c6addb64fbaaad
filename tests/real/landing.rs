//! Ready means landed: a task that is closed inside a run is done once the run's work is on its target.

use crate::world::World;

const COMMIT: &str = "echo work > work && git add work && git commit -q -m work";

/// Two tasks, of which the second waits for the first.
fn two_tasks(world: &World) -> (String, String) {
    let create = |args: &[&str]| {
        let told = world.bn(&[&["task", "create", "--json"], args].concat()).exits(0).stdout;
        serde_json::from_str::<serde_json::Value>(&told).unwrap()["id"].as_str().unwrap().to_owned()
    };
    let first = create(&["First"]);
    let second = create(&["Second", "--depends-on", &first]);
    (first, second)
}

fn status(world: &World, id: &str) -> String {
    let told = world.bn(&["task", "show", "--json", id]).exits(0).stdout;
    serde_json::from_str::<serde_json::Value>(&told).unwrap()["status"].as_str().unwrap().to_owned()
}

fn is_ready(world: &World, id: &str) -> bool {
    world.bn(&["ready"]).exits(0).stdout.contains(id)
}

#[test]
fn work_that_the_user_merges_later_unlocks_what_waits_for_it_then() {
    let world = World::new();
    let (first, second) = two_tasks(&world);
    let inside = format!("bn task claim {first}; {COMMIT}; bn task close {first}; bn ready | grep -q {second}");
    world.agent(&["--name", &world.job(), "--no-merge"], &inside).exits(0);
    assert_eq!((status(&world, &first), is_ready(&world, &second)), ("landing".to_owned(), false));
    world.merge().exits(0);
    assert_eq!((status(&world, &first), is_ready(&world, &second)), ("done".to_owned(), true));
}

#[test]
fn a_task_that_was_opened_again_is_closed_when_its_work_lands() {
    let world = World::new();
    let (first, second) = two_tasks(&world);
    world.shell("echo mine > repo/work");
    world.run(&format!("bn task claim {first}; {COMMIT}; bn task close {first}")).exits(3);
    assert_eq!((status(&world, &first), is_ready(&world, &first)), ("open".to_owned(), true));
    world.shell("rm repo/work");
    world.merge().exits(0);
    assert_eq!((status(&world, &first), is_ready(&world, &second)), ("done".to_owned(), true));
}

#[test]
fn work_that_was_rebased_by_hand_is_no_longer_on_the_list() {
    let world = World::new();
    let (first, _) = two_tasks(&world);
    let options = ["--name", &world.job(), "--no-merge"];
    world
        .agent(&options, &format!("bn task close {first}; echo theirs > file; git add file; git commit -q -m theirs"))
        .exits(0);
    world.shell("cd repo && echo ours > file && git add file && git commit -q -m ours");
    world.merge().exits(3);
    // The conflict is mended: the change is another one than the agent's.
    world.shell(
        "cd agent-1 && ! git rebase -q main && echo both > file && git add file && \
         GIT_EDITOR=true git rebase --continue && cd ../repo && git merge -q --ff-only agent-1",
    );
    world.merge().exits(0);
    assert_eq!(status(&world, &first), "done");
}

#[test]
fn a_later_run_that_brings_the_work_of_an_earlier_one_settles_both() {
    let world = World::new();
    let (first, _) = two_tasks(&world);
    let earlier = format!("{}-earlier", world.job());
    let script = format!("bn task close {first}; echo theirs > file; git add file; git commit -q -m theirs; exit 7");
    world.agent(&["--name", &earlier], &script).exits(7);
    assert_eq!(status(&world, &first), "open");
    world.shell("cd repo && echo ours > file && git add file && git commit -q -m ours");
    let mend = "git rebase -q main; echo both > file; git add file; GIT_EDITOR=true git rebase --continue";
    world.agent(&["--name", &world.job()], mend).exits(0);
    assert_eq!(status(&world, &first), "done");
    assert_eq!(world.row(&earlier)["outcome"], "merged");
}

#[test]
fn a_graph_that_an_agent_removed_is_missed_and_can_be_put_back() {
    let world = World::new();
    let (first, _) = two_tasks(&world);
    let name = world.job();
    let told =
        world.agent(&["--name", &name, "--graph", "files"], &format!("{COMMIT}; rm -rf /binnacle/*")).exits(0).stderr;
    assert!(
        told.contains("the end of this run could not be written to the task graph") && told.contains("has 2 tasks"),
        "{told}"
    );
    for args in [&["task", "list"][..], &["ready"], &["doctor"]] {
        let said = world.bn(args).exits(125).stderr;
        assert!(said.contains("has 2 tasks") && said.contains("bn restore "), "{said}");
    }
    let listed = world.bn(&["restore", "--json"]).exits(0).stdout;
    let copies: serde_json::Value = serde_json::from_str(&listed).unwrap();
    let copy = copies[0]["name"].as_str().unwrap();
    world.bn(&["restore", copy]).exits(0);
    assert_eq!(status(&world, &first), "open");
}

#[test]
fn work_that_was_merged_by_hand_closes_its_task_when_the_run_is_forgotten() {
    let world = World::new();
    let (first, second) = two_tasks(&world);
    let options = ["--name", &world.job(), "--no-merge"];
    world.agent(&options, &format!("{COMMIT}; bn task close {first}")).exits(0);
    world.shell("cd repo && git merge -q --ff-only agent-1");
    assert_eq!(status(&world, &first), "landing");
    world.bn(&["container", "prune"]).exits(0);
    assert_eq!((status(&world, &first), is_ready(&world, &second)), ("done".to_owned(), true));
}

/// Types what the list suggests as it stands; an editor leaves messages as they are.
fn type_hint(world: &World, hint: &str) {
    let folder = std::path::Path::new(crate::program::bn().to_str().unwrap()).parent().unwrap().display().to_string();
    world.shell(&format!("export PATH={folder}:$PATH GIT_EDITOR=true; cd repo; {{ {hint}; }} || true"));
}

fn hint(world: &World) -> String {
    let row = world.row(&world.job());
    let steps = row["wish"]["next"].as_array().unwrap();
    let ways = ["merge it", "settle it yourself"];
    let merge = steps.iter().find(|step| ways.iter().any(|way| step["what"] == *way)).unwrap();
    merge["command"].as_str().unwrap().to_owned()
}

#[test]
fn the_hints_of_a_diverged_run_lead_to_a_closed_task_and_a_run_that_can_be_forgotten() {
    for file in ["other", "file"] {
        let world = World::new();
        let (first, second) = two_tasks(&world);
        let meet = crate::running::MEET;
        let script =
            format!("bn task claim {first}; echo t > file; git commit -qam theirs; bn task close {first}; {meet}");
        let running = world.start(&["--name", &world.job()], &script);
        running.meet();
        world.shell(&format!("cd repo && echo ours > {file} && git add . && git commit -q -m ours"));
        running.go_on().exits(3);
        assert_eq!((world.outcome(), status(&world, &first)), ("diverged".to_owned(), "open".to_owned()));
        type_hint(&world, &hint(&world));
        if file == "file" {
            world.shell("cd agent-1 && echo both > file && git add file");
            world.merge().exits(3);
            type_hint(&world, &hint(&world));
        }
        assert_eq!((world.outcome(), status(&world, &first)), ("merged".to_owned(), "done".to_owned()));
        assert!(is_ready(&world, &second));
        world.bn(&["container", "prune"]).exits(0);
        assert!(world.list().is_empty(), "{:#?}", world.list());
    }
}
