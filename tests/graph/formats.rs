//! Graphs of other versions of bn, as they lie in files: older ones are brought up to date where they are, newer ones are named.
//!
//! Each file in `formats` is what a bn of that format wrote. When a step of the schema is added, so is a file; none is ever changed.

use std::fs;
use std::path::{Path, PathBuf};

use crate::world::World;

/// The newest one that is stored, which is that of this bn.
const LATEST: usize = 4;

fn stored(format: usize) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join(format!("tests/graph/formats/graph-{format}.db"))
}

/// Where copies of the graph are.
fn copies(world: &World) -> PathBuf {
    let graph = world.graph();
    graph.parent().unwrap().join("backups").join(graph.file_name().unwrap())
}

/// A world whose graph is a copy of that file.
fn with(format: usize) -> World {
    let world = World::new();
    world.task("Makes the folder", &[]);
    for name in ["graph.db-wal", "graph.db-shm"] {
        drop(fs::remove_file(world.graph().join(name)));
    }
    fs::write(world.graph().join("graph.db"), fs::read(stored(format)).unwrap()).unwrap();
    world
}

#[test]
fn the_graphs_of_every_older_bn_are_brought_up_to_date_where_they_are() {
    assert!(!stored(LATEST + 1).exists());
    for format in 1..=LATEST {
        let world = with(format);
        let ready = world.bn(&["ready"]).ok();
        assert!(ready.contains("Lay the pipes") && !ready.contains("Turn the water on"), "{format}: {ready}");
        let shown = world.bn(&["task", "show", "bn-aaaa"]).ok();
        for text in ["of copper", "house", "the plumber comes on Monday"] {
            assert!(shown.contains(text), "{format}: {shown}");
        }
        assert!(world.bn(&["search", "copper"]).ok().contains("bn-aaaa"), "{format}");
        assert!(world.bn(&["task", "list", "--all"]).ok().contains("Dig"), "{format}");
        // What is new in the newest one works.
        world.bn(&["task", "update", "bn-bbbb", "--due", "2030-01-01", "--metadata", r#"{"b":2}"#]).ok();
        world.bn(&["doctor"]).ok();
        // The file as it was is kept.
        let copy = copies(&world).join(format!("graph-v{format}.db"));
        assert_eq!(copy.exists(), format < LATEST, "{}", copy.display());
    }
}

#[test]
fn a_graph_of_a_newer_bn_is_called_newer_and_not_damaged() {
    let world = with(LATEST);
    let file = world.graph().join("graph.db");
    let newer = format!("PRAGMA user_version = {}; ALTER TABLE tags ADD COLUMN colour TEXT", LATEST + 1);
    rusqlite::Connection::open(&file).unwrap().execute_batch(&newer).unwrap();
    let said = format!("was written by a newer bn: it has format {}, and this one (", LATEST + 1);
    for args in [&["orient"][..], &["task", "list"], &["task", "create", "x"], &["doctor"], &["export"]] {
        let refused = world.bn(args).refused(125);
        assert!(refused.contains(&said) && !refused.contains("damaged"), "{args:?}: {refused}");
    }
    // So is a copy of it.
    fs::create_dir_all(copies(&world)).unwrap();
    fs::copy(&file, copies(&world).join("20260101T000000Z-job.db")).unwrap();
    let listed = world.bn(&["restore"]).ok();
    let said = format!("not usable: a newer bn wrote it: it has format {}, and this one knows {LATEST}", LATEST + 1);
    assert!(listed.contains(&said), "{listed}");
}
