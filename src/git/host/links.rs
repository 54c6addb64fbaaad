//! Symbolic links of a commit, and where in its tree they lead: a file has more names than its own.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::time::Duration;

use crate::git::host::git::{os, refused};
use crate::git::host::in_tree::plain;
use crate::git::host::{Git, GitError};

/// How long the tree may be looked through.
const TIME_LIMIT: Duration = Duration::from_secs(60);
/// More links than these are not followed.
const MOST_LINKS: usize = 10_000;
/// No path is longer. Bytes.
const LONGEST: u64 = 4096;
/// So many links may lie on one way.
const MOST_STEPS: usize = 10;

/// From places in the tree to the links that lead there.
#[derive(Debug, Default)]
pub struct Links(BTreeMap<PathBuf, Vec<PathBuf>>);

impl Links {
    /// The links of a commit. What they lead to outside of the tree is not the tree's.
    pub fn of(git: &Git, git_dir: &Path, commit: &str) -> Result<Self, GitError> {
        let listed = git.in_dir(git_dir).args(["ls-tree", "-r", "-z", "--full-tree", commit]);
        let listing = ask(git, &listed, &[])?;
        let links = listing.split(|&byte| byte == 0).filter_map(parse).take(MOST_LINKS);
        let links: Vec<(&str, &Path)> = links.collect();
        let targets = targets(git, git_dir, links.iter().map(|(id, _)| *id))?;
        let all: BTreeMap<PathBuf, PathBuf> =
            links.iter().filter_map(|(id, path)| Some(((*path).to_owned(), step(path, targets.get(*id)?)?))).collect();
        let mut led = BTreeMap::<PathBuf, Vec<PathBuf>>::new();
        for link in all.keys() {
            led.entry(follow(&all, link)).or_default().push(link.clone());
        }
        Ok(Self(led))
    }

    /// The other names of a path, by one link each.
    pub fn names_of<'a>(&'a self, path: &'a Path) -> impl Iterator<Item = PathBuf> + 'a {
        path.ancestors().flat_map(move |above| {
            let rest = path.strip_prefix(above).unwrap_or(Path::new(""));
            self.0.get(above).into_iter().flatten().map(move |link| link.join(rest))
        })
    }
}

fn ask(git: &Git, cmd: &crate::process::Cmd, input: &[u8]) -> Result<Vec<u8>, GitError> {
    let answer = git.capture_within(cmd, input, TIME_LIMIT)?;
    if answer.success() { Ok(answer.stdout) } else { Err(refused("look at the links", &answer)) }
}

/// `120000 blob ID TAB PATH`
fn parse(entry: &[u8]) -> Option<(&str, &Path)> {
    let tab = entry.iter().position(|&byte| byte == b'\t')?;
    let id = std::str::from_utf8(entry.get(..tab)?).ok()?.strip_prefix("120000 blob ")?;
    Some((id, Path::new(os(entry.get(tab + 1..)?))))
}

/// The texts of links by their ids, as far as they can be paths.
fn targets<'a>(
    git: &Git,
    git_dir: &Path,
    ids: impl Iterator<Item = &'a str>,
) -> Result<BTreeMap<String, PathBuf>, GitError> {
    let questions: String = ids.map(|id| format!("{id}\n")).collect();
    let batch = |kind: &str| git.in_dir(git_dir).arg("cat-file").arg(kind);
    if questions.is_empty() {
        return Ok(BTreeMap::new());
    }
    let sizes = ask(git, &batch("--batch-check=%(objectname) %(objectsize)"), questions.as_bytes())?;
    let sizes = String::from_utf8_lossy(&sizes).into_owned();
    let short = sizes.lines().filter_map(|line| {
        let (id, size) = line.split_once(' ')?;
        size.parse::<u64>().is_ok_and(|size| size <= LONGEST).then_some(id)
    });
    let questions: String = short.map(|id| format!("{id}\n")).collect();
    if questions.is_empty() {
        return Ok(BTreeMap::new());
    }
    let answers = ask(git, &batch("--batch=%(objectname) %(objectsize)"), questions.as_bytes())?;
    let (mut rest, mut found) = (&answers[..], BTreeMap::new());
    while let Some((id, text, after)) = next(rest) {
        found.insert(id.to_owned(), PathBuf::from(os(text)));
        rest = after;
    }
    Ok(found)
}

/// `ID SIZE LF TEXT LF`
fn next(answers: &[u8]) -> Option<(&str, &[u8], &[u8])> {
    let end = answers.iter().position(|&byte| byte == b'\n')?;
    let (id, size) = std::str::from_utf8(answers.get(..end)?).ok()?.split_once(' ')?;
    let (text, rest) = answers.get(end + 1..)?.split_at_checked(size.parse().ok()?)?;
    Some((id, text, rest.get(1..)?))
}

/// Where a link leads, as far as that is in the tree.
fn step(link: &Path, target: &Path) -> Option<PathBuf> {
    let root = Path::new("/tree");
    let led = plain(&root.join(link.parent()?).join(target));
    led.strip_prefix(root).ok().map(Path::to_owned)
}

/// Where a link leads in the end, over other links.
fn follow(all: &BTreeMap<PathBuf, PathBuf>, link: &Path) -> PathBuf {
    let mut path = link.to_owned();
    for _ in 0..MOST_STEPS {
        let next = path.ancestors().find_map(|above| Some(all.get(above)?.join(path.strip_prefix(above).ok()?)));
        match next {
            Some(next) => path = next,
            None => break,
        }
    }
    path
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::git::testing::Bench;

    #[test]
    fn a_file_has_the_names_of_the_links_that_lead_to_it() {
        let bench = Bench::linked();
        bench.sh("cd repo; mkdir -p tools/ed a; echo x > tools/ed/t; ln -s tools/ed .vscode; ln -s ../.vscode a/.idea; ln -s /etc out; ln -s .. up; ln -s loop loop; git add .; git commit -qm links");
        let links = Links::of(&bench.git, &bench.path("repo/.git"), "main").unwrap();
        let names: Vec<PathBuf> = links.names_of(Path::new("tools/ed/t")).collect();
        assert_eq!(names, [Path::new(".vscode/t"), Path::new("a/.idea/t")]);
        assert_eq!(links.names_of(Path::new("file")).count(), 0);
    }
}
