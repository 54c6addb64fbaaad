use crate::container::handoff::*;

fn sorted(paths: &[&str], hooks: Option<&str>) -> (Vec<String>, Vec<String>) {
    let handoffs = classify(paths.iter().map(Path::new), &hooks.map(PathBuf::from).into_iter().collect::<Vec<_>>());
    let shown = |list: Vec<Handoff>| list.into_iter().map(|one| one.path.display().to_string()).collect();
    (shown(handoffs.held), shown(handoffs.named))
}

fn is_held(path: &str) -> bool {
    sorted(&[path], None) == (vec![path.to_owned()], vec![])
}

fn is_named(path: &str) -> bool {
    sorted(&[path], None) == (vec![], vec![path.to_owned()])
}

#[test]
fn what_runs_without_anybody_asking_is_held() {
    let paths = [
        ".husky/pre-commit",
        ".githooks/post-merge",
        ".pre-commit-config.yaml",
        "lefthook.yml",
        ".envrc",
        "services/api/.envrc",
        ".mise.toml",
        ".mise.local.toml",
        ".config/mise/config.toml",
        ".tool-versions",
        "flake.nix",
        "shell.nix",
        ".vscode/tasks.json",
        "web/.vscode/settings.json",
        ".idea/workspace.xml",
        ".zed/tasks.json",
        ".fleet/run.json",
        ".devcontainer/devcontainer.json",
        ".devcontainer.json",
        "team.code-workspace",
        ".exrc",
        ".nvimrc",
        ".nvim.lua",
        ".lvimrc",
        ".dir-locals.el",
        ".claude/settings.json",
        "sub/.claude/settings.local.json",
        ".cursor/mcp.json",
        ".gemini/settings.json",
        ".codex/config.toml",
        ".mcp.json",
        ".github/hooks/evil.json",
        ".github/workflows/ci.yml",
        ".github/actions/setup/action.yml",
        ".gitlab-ci.yml",
        ".circleci/config.yml",
        "Jenkinsfile",
        "azure-pipelines.yml",
        ".github/CODEOWNERS",
        "renovate.json",
        ".binnacle/config.toml",
        ".binnacle/Containerfile",
        ".gitmodules",
        ".lfsconfig",
        ".gdbinit",
        ".Rprofile",
        ".bashrc",
        "fixture/.hg/hgrc",
    ];
    for path in paths {
        assert!(is_held(path), "{path}");
    }
}

#[test]
fn what_runs_when_somebody_builds_or_asks_is_named() {
    let paths = [
        "build.rs",
        "crates/a/build.rs",
        ".cargo/config.toml",
        "rust-toolchain",
        "rust-toolchain.toml",
        "Cargo.toml",
        "package.json",
        "web/package.json",
        "package-lock.json",
        "vite.config.ts",
        "Makefile",
        "lib/rules.mk",
        "justfile",
        "CMakeLists.txt",
        "setup.py",
        "tests/conftest.py",
        "requirements-dev.txt",
        "Dockerfile",
        "Dockerfile.prod",
        "deploy/Containerfile",
        "docker-compose.override.yml",
        "AGENTS.md",
        "CLAUDE.md",
        "docs/GEMINI.md",
        ".github/copilot-instructions.md",
        ".github/instructions/rust.instructions.md",
        ".cursorrules",
        ".gitattributes",
        ".env",
        "gradlew",
        "pkg.nix",
    ];
    for path in paths {
        assert!(is_named(path), "{path}");
    }
}

#[test]
fn ordinary_work_is_neither() {
    let paths = [
        "src/main.rs",
        "README.md",
        "docs/workflows/ci.yml",
        "vendor/lib/.github/workflows/ci.yml",
        "src/hooks/useThing.ts",
        "src/envrc",
        "a.vscode/x",
        "mcp.json.md",
        "src/head.rs",
        "build/output.txt",
        "package.json/readme",
        "docs/.github/dependabot.yml",
        "makefile.txt",
        ".gitignore",
        "LICENSE",
    ];
    for path in paths {
        assert_eq!(sorted(&[path], None), (vec![], vec![]), "{path}");
    }
}

#[test]
fn letters_of_another_size_name_the_same_file_on_other_systems() {
    assert!(is_held(".VSCode/Tasks.json"));
    assert!(is_held(".ENVRC"));
}

#[test]
fn what_other_systems_take_for_the_same_name_is_the_same() {
    for path in [
        ".vs\u{200d}code/tasks.json",
        ".vscode./tasks.json",
        ".envrc ",
        ".v\u{17f}code/x",
        ".envrc::$DATA",
        "\u{feff}.husky/x",
    ] {
        assert!(is_held(path), "{path:?}");
    }
    assert!(is_named("Makefile..."));
    assert_eq!(sorted(&["...", "a:b"], None), (vec![], vec![]));
}

#[test]
fn a_link_in_the_place_of_a_folder_counts() {
    assert!(is_held(".vscode"));
    assert!(is_held(".github/workflows"));
}

#[test]
fn the_hooks_folder_of_this_repository() {
    let changed = ["tools/hooks/pre-commit", "tools/x"];
    assert_eq!(sorted(&changed, Some("tools/hooks")), (vec!["tools/hooks/pre-commit".into()], vec![]));
    assert_eq!(sorted(&changed, None), (vec![], vec![]));
}

#[test]
fn a_repository_inside_the_tree() {
    let (held, _) = sorted(&["testdata/x/HEAD", "testdata/x/config", "testdata/x/refs/heads/main"], None);
    assert_eq!(held, ["testdata/x/HEAD"]);
    assert!(is_held("testdata/x.git/config") && !is_held("x/config") && !is_held("x.git/refs/heads/main"));
}

#[test]
fn every_file_is_said_once_and_in_order() {
    let (held, named) = sorted(&["package.json", ".vscode/a", ".envrc", ".vscode/a", "Makefile"], None);
    assert_eq!(
        (held, named),
        (vec![".envrc".into(), ".vscode/a".into()], vec!["Makefile".into(), "package.json".into()])
    );
}

#[test]
fn patterns_are_written_so_that_they_can_match() {
    let lines = HELD.lines().chain(NAMED.lines()).filter(|line| !line.starts_with(['#', '[']));
    for pattern in lines.flat_map(str::split_whitespace) {
        let legal = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || "._-*/".contains(c);
        assert!(pattern.chars().all(legal), "{pattern:?}");
        assert!(pattern.split('/').all(|name: &str| name.matches('*').count() <= 1), "{pattern}");
        let path = pattern.trim_matches('/').replace('*', "x");
        assert!(Pattern::new("", pattern).matches(&lower_names(Path::new(&path))), "{pattern}");
    }
    assert!(patterns(HELD).iter().chain(&patterns(NAMED)).all(|pattern| !pattern.obeyed_by.is_empty()));
}

#[test]
fn what_looked_at_other_folders_before_answers_as_if_it_had_not() {
    let hooks = [PathBuf::from("hooks")];
    let paths = [
        "a/.vscode/tasks.json",
        "a/.vscode/deep/tasks.json",
        "a/tasks.json",
        "tasks.json",
        ".envrc",
        "a/.envrc",
        "hooks/pre-commit",
        ".VSCODE./tasks.json",
        "x.git/config",
        "x/config",
        "a/HEAD",
        "",
    ];
    let mut unasked = Unasked::by(&hooks);
    for path in paths.iter().chain(paths.iter().rev()).map(Path::new) {
        assert_eq!(unasked.obeyed(path), obeyed_unasked(path, &hooks), "{}", path.display());
    }
}
