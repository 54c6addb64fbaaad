//! Disks that are full, or fill up.

use std::fs;
use std::process::Command;

use crate::input::assert_no_trace;
use crate::world::World;

/// A file system of this size for the records and the graph, for as long as the test takes.
struct Small<'a>(&'a World);

impl<'a> Small<'a> {
    fn mount(world: &'a World, size: &str) -> Self {
        fs::create_dir_all(world.path("home/.local")).unwrap();
        let small = Self(world);
        assert!(small.does(&["mount", "-t", "tmpfs", "-o", &format!("size={size},mode=0777"), "tmpfs"]));
        small
    }

    fn grow(&self, size: &str) {
        assert!(self.does(&["mount", "-o", &format!("remount,size={size}")]));
    }

    fn does(&self, command: &[&str]) -> bool {
        let folder = self.0.path("home/.local");
        Command::new("sudo").arg("-n").args(command).arg(folder).status().unwrap().success()
    }
}

impl Drop for Small<'_> {
    fn drop(&mut self) {
        self.does(&["umount"]);
    }
}

#[test]
fn a_full_disk_is_said_and_leaves_nothing_behind() {
    let world = World::new();
    for size in ["4k", "16k", "64k"] {
        let _small = Small::mount(&world, size);
        let answer = world.run("true").exits(125);
        assert_eq!(answer.stderr.lines().filter(|line| line.starts_with("Error: ")).count(), 1, "{answer:#?}");
        assert!(answer.stderr.contains("No space left"), "{answer:#?}");
        assert!(answer.stderr.contains("\nhint: "), "{answer:#?}");
        assert_no_trace(&world, &world.job());
    }
    world.run("true").exits(0);
}

#[test]
fn a_disk_that_fills_up_under_the_agent_costs_no_commit() {
    let world = World::new();
    let small = Small::mount(&world, "6m");
    let script =
        "git commit -q --allow-empty -m work; dd if=/dev/zero of=/run/binnacle/git/fill bs=64k status=none; true";
    let answer = world.run(script).exits(125);
    assert!(answer.stderr.contains("the disk is full: make room"), "{answer:#?}");
    assert_eq!(world.row(&world.job())["status"], "interrupted");
    world.assert_on_main("first");
    world.merge().exits(125);
    small.grow("60m");
    world.merge().exits(0);
    world.assert_on_main("work");
    world.assert_nothing_runs(&world.job());
}
