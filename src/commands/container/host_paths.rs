//! What was made on the host and names the host's own path, which a container does not have: it sees the worktree at `/workspace`.

use std::path::Path;

use crate::sanitize;
use crate::untrusted::nofollow;

/// Files that name the folder in which they were made, and how to make it inside.
const KINDS: [(&str, &str); 5] = [
    (".venv/bin/activate", "python3 -m venv --clear .venv"),
    ("venv/bin/activate", "python3 -m venv --clear venv"),
    ("CMakeCache.txt", "cmake --fresh ."),
    ("build/CMakeCache.txt", "cmake --fresh -B build"),
    ("cmake-build-debug/CMakeCache.txt", "cmake --fresh -B cmake-build-debug"),
];
/// Much more than any of them has. Bytes.
const LONGEST: u64 = 4 << 20;

/// One line for each that would not work inside. One that cannot be read is no reason not to run.
pub fn notes(worktree: &Path) -> Vec<String> {
    let foreign = KINDS.into_iter().filter(|(file, _)| names(&worktree.join(file), worktree));
    let note = |(file, anew): (&str, &str)| {
        let folder = Path::new(file).parent().unwrap_or(Path::new(""));
        let folder = if folder.ends_with("bin") { folder.parent().unwrap_or(folder) } else { folder };
        let shown = if folder.as_os_str().is_empty() { Path::new(file) } else { folder };
        format!(
            "{} is made for {}, which is /workspace in the container: it works there once it is made anew ({anew}), and then here no more",
            shown.display(),
            sanitize::path(worktree)
        )
    };
    foreign.map(note).collect()
}

fn names(file: &Path, worktree: &Path) -> bool {
    let path = worktree.as_os_str().as_encoded_bytes();
    nofollow::read_file(file, LONGEST).is_ok_and(|text| text.windows(path.len()).any(|part| part == path))
}

#[cfg(test)]
mod tests {
    use std::fs;
    use std::os::unix::fs::symlink;

    use super::*;

    #[test]
    fn only_what_names_this_worktree_is_told() {
        let folder = tempfile::tempdir().unwrap();
        let tree = folder.path();
        let write = |name: &str, text: String| {
            fs::create_dir_all(tree.join(name).parent().unwrap()).unwrap();
            fs::write(tree.join(name), text).unwrap();
        };
        assert!(notes(tree).is_empty());
        write(".venv/bin/activate", format!("VIRTUAL_ENV={}/.venv\n", tree.display()));
        write("build/CMakeCache.txt", "CMAKE_HOME_DIRECTORY:INTERNAL=/workspace\n".to_owned());
        symlink(tree.join(".venv/bin/activate"), tree.join("CMakeCache.txt")).unwrap();
        let told = notes(tree);
        assert!(told.len() == 1 && told[0].starts_with(".venv is made for "), "{told:?}");
    }
}
