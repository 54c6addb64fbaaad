//! The rooms of the source, held against the picture in docs/architecture.md.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::{Path, PathBuf};

/// Where the picture is.
const PICTURE: &str = "docs/architecture.md";

fn root() -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR"))
}

/// `room -> room room …`, top floor first, from the block that starts with ```rooms.
fn picture() -> Vec<(String, BTreeSet<String>)> {
    let text = fs::read_to_string(root().join(PICTURE)).unwrap();
    let block = text.split("```rooms\n").nth(1).expect("docs/architecture.md has a block ```rooms");
    let lines = block.split("```").next().unwrap_or_default().lines();
    lines
        .map(|line| {
            let (room, known) = line.split_once("->").unwrap_or_else(|| panic!("{PICTURE}: no arrow in {line:?}"));
            (room.trim().to_owned(), known.split_whitespace().map(str::to_owned).collect())
        })
        .collect()
}

/// Every source file but those of tests, with its text up to its tests.
fn sources() -> BTreeMap<String, String> {
    let mut found = BTreeMap::new();
    let mut folders = vec![root().join("src")];
    while let Some(folder) = folders.pop() {
        for entry in fs::read_dir(&folder).unwrap() {
            let path = entry.unwrap().path();
            let name = path.file_name().unwrap().to_string_lossy().into_owned();
            if path.is_dir() && name != "tests" {
                folders.push(path);
            } else if path.extension().is_some_and(|end| end == "rs") && name != "tests.rs" && name != "testing.rs" {
                let text = fs::read_to_string(&path).unwrap();
                let text = text.split("#[cfg(test)]").next().unwrap_or_default().to_owned();
                found.insert(module(&path), text);
            }
        }
    }
    found
}

/// `git::host::refs` for src/git/host/refs.rs, `git` for src/git/mod.rs.
fn module(path: &Path) -> String {
    let inside = path.strip_prefix(root().join("src")).unwrap().with_extension("");
    let parts = inside.iter().map(|part| part.to_string_lossy().into_owned()).filter(|part| part != "mod");
    parts.collect::<Vec<_>>().join("::")
}

/// Every path that starts with `crate::`, groups taken apart.
fn paths(text: &str) -> Vec<String> {
    let code = text.lines().filter(|line| !line.trim_start().starts_with("//")).collect::<Vec<_>>().join("\n");
    let mut found = Vec::new();
    for rest in code.split("crate::").skip(1) {
        let end = rest.find(|letter: char| !letter.is_alphanumeric() && letter != '_' && letter != ':');
        let (plain, rest) = rest.split_at(end.unwrap_or(rest.len()));
        match rest.strip_prefix('{').and_then(|group| group.split_once('}')) {
            Some((group, _)) if plain.is_empty() || plain.ends_with("::") => {
                let names = group.split(',').map(|name| name.split_whitespace().next().unwrap_or_default());
                found.extend(names.filter(|name| !name.is_empty()).map(|name| format!("{plain}{name}")));
            }
            _ => found.push(plain.trim_end_matches(':').to_owned()),
        }
    }
    found
}

/// The longest beginning of a path that is one of `known`.
fn longest<'a>(path: &str, known: impl Iterator<Item = &'a String>) -> Option<&'a String> {
    let begins = |name: &&String| path == name.as_str() || path.starts_with(&format!("{name}::"));
    known.filter(begins).max_by_key(|name| name.len())
}

fn room<'a>(module: &str, rooms: &'a [(String, BTreeSet<String>)]) -> &'a str {
    longest(module, rooms.iter().map(|(room, _)| room))
        .map_or_else(|| panic!("src/{module} stands in no room of {PICTURE}: give it a line there"), String::as_str)
}

#[test]
fn every_arrow_between_rooms_is_drawn_and_none_leads_up() {
    let rooms = picture();
    let floor = |name: &str| rooms.iter().position(|(room, _)| room == name).unwrap();
    for (name, known) in &rooms {
        for lower in known {
            assert!(
                floor(lower) > floor(name),
                "{PICTURE}: {name} -> {lower} leads up: what {name} needs of it belongs below"
            );
        }
    }
    let mut used = BTreeSet::new();
    for (file, text) in sources() {
        for path in paths(&text) {
            let from = room(&file, &rooms);
            let to = room(&path, &rooms);
            let drawn = &rooms[floor(from)].1;
            assert!(
                from == to || drawn.contains(to),
                "src/{file} uses crate::{path}, and {from} may know only {drawn:?}: move the piece to a lower room, hand it in \
                 as an argument, or draw the arrow in {PICTURE} and say why"
            );
            used.insert((from.to_owned(), to.to_owned()));
        }
    }
    let drawn = rooms.iter().flat_map(|(from, known)| known.iter().map(|to| (from.clone(), to.clone())));
    let unused: Vec<_> = drawn.filter(|arrow| !used.contains(arrow)).collect();
    assert!(unused.is_empty(), "{PICTURE} draws arrows that nothing uses: {unused:?}");
}

#[test]
fn no_files_stand_in_a_cycle() {
    let sources = sources();
    let arrows: BTreeMap<&String, BTreeSet<&String>> = sources
        .iter()
        .map(|(file, text)| {
            let named = paths(text).into_iter().filter_map(|path| definition(&path, &sources));
            (file, named.filter(|to| *to != file).collect())
        })
        .collect();
    for start in arrows.keys() {
        let mut way = vec![*start];
        assert!(!comes_back(start, &arrows, &mut way, &mut BTreeSet::new()), "a cycle of files: {way:?}");
    }
}

/// The file that a path leads to: where a room hands on what one of its files has, that file.
fn definition<'a>(path: &str, sources: &'a BTreeMap<String, String>) -> Option<&'a String> {
    let file = longest(path, sources.keys())?;
    let name = path.strip_prefix(file.as_str())?.trim_start_matches("::").split("::").next()?;
    let handed_on = sources[file].lines().filter_map(|line| line.strip_prefix("pub use ")).find_map(|line| {
        let (child, names) = line.trim_end_matches(';').split_once("::")?;
        let names = names.trim_matches(['{', '}']).split(", ").collect::<Vec<_>>();
        (names.contains(&name)).then(|| format!("{file}::{child}"))
    });
    match handed_on {
        Some(child) => longest(&child, sources.keys()),
        None => Some(file),
    }
}

fn comes_back<'a>(
    start: &'a String,
    arrows: &BTreeMap<&'a String, BTreeSet<&'a String>>,
    way: &mut Vec<&'a String>,
    seen: &mut BTreeSet<&'a String>,
) -> bool {
    let here = way[way.len() - 1];
    for next in &arrows[here] {
        if *next == start {
            return true;
        }
        if seen.insert(next) {
            way.push(next);
            if comes_back(start, arrows, way, seen) {
                return true;
            }
            way.pop();
        }
    }
    false
}
