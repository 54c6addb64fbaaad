//! docs/security.md names the tests that stand for its promises: each is there.

use std::fs;
use std::path::{Path, PathBuf};

fn root() -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR"))
}

fn sources(folder: &Path) -> Vec<PathBuf> {
    let below = fs::read_dir(folder).into_iter().flatten().flatten().map(|entry| entry.path());
    below.flat_map(|path| if path.is_dir() { sources(&path) } else { vec![path] }).collect()
}

/// The words in backticks of the second column.
fn named(document: &str) -> Vec<String> {
    let table = document.split_once("| promise | the test that stands for it |").unwrap().1;
    let rows = table.lines().skip(2).take_while(|line| line.starts_with('|'));
    // What is in brackets is a part of such a test.
    let cells = rows.map(|row| row.rsplit_once(" | ").unwrap().1.split('(').next().unwrap().to_owned() + &after(row));
    let words = |cell: String| cell.split('`').skip(1).step_by(2).map(str::to_owned).collect::<Vec<_>>();
    cells.flat_map(words).collect()
}

/// What follows a bracket.
fn after(row: &str) -> String {
    row.rsplit_once(" | ").unwrap().1.split_once(')').map_or(String::new(), |(_, rest)| rest.to_owned())
}

/// A test by its name, or all of a file or a module.
fn is_there(name: &str, files: &[(PathBuf, String)]) -> bool {
    let name = name.trim_end_matches("::tests");
    let ends = |path: &Path, parts: &str| {
        path.ends_with(parts) && (parts.contains('/') || path.starts_with(root().join("tests")))
    };
    let file = name.replace("::", "/");
    let forms = [format!("{file}.rs"), format!("{file}/mod.rs")];
    let tests = |text: &str| text.contains("#[test]") || text.contains("mod tests;");
    files.iter().any(|(path, text)| forms.iter().any(|form| ends(path, form)) && tests(text))
        || files.iter().any(|(_, text)| text.contains(&format!("fn {name}()")))
}

#[test]
fn every_test_that_a_promise_names_is_there() {
    let files: Vec<(PathBuf, String)> = ["src", "tests"]
        .iter()
        .flat_map(|folder| sources(&root().join(folder)))
        .filter_map(|path| Some((path.clone(), fs::read_to_string(path).ok()?)))
        .collect();
    let names = named(&fs::read_to_string(root().join("docs/security.md")).unwrap());
    assert!(names.len() > 20, "{names:?}");
    let missing: Vec<&String> = names.iter().filter(|name| !is_there(name, &files)).collect();
    assert!(missing.is_empty(), "named in docs/security.md, and not there: {missing:?}");
    assert!(!is_there("no_such_test", &files) && !is_there("no::such::tests", &files));
}
