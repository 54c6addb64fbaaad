//! `bn container doctor` on machines that lack something.

use crate::world::World;

fn lines(stdout: &str, name: &str) -> Vec<String> {
    let named = |line: &&str| line.split_whitespace().nth(1) == Some(name);
    stdout.lines().filter(named).map(str::to_owned).collect()
}

#[test]
fn without_ctr_it_fails_and_says_what_to_install() {
    let world = World::new();
    world.remove("ctr");
    let answer = world.bn(&["container", "doctor"]);
    assert_eq!((answer.code, answer.stderr.as_str()), (1, ""));
    let ctr = &lines(&answer.stdout, "ctr")[0];
    assert!(ctr.starts_with("broken "), "{ctr}");
    assert!(ctr.contains("; fix: on Fedora/RHEL: sudo dnf install containerd"), "{ctr}");
}

#[test]
fn an_old_runc_is_said_with_its_holes() {
    let world = World::new();
    world.fake("runc", "echo 'runc version 1.1.5'");
    let answer = world.bn(&["container", "doctor"]);
    let runc = lines(&answer.stdout, "runc");
    assert!(runc[0].starts_with("ok ") && runc[0].contains("1.1.5"), "{runc:?}");
    assert!(runc.iter().any(|line| line.starts_with("warning ") && line.contains("CVE-2024-21626")), "{runc:?}");
    assert_eq!(runc.len(), 2, "one line for all of them: {runc:?}");
    assert!(runc[1].contains("1.1.5 has 6 known holes (CVE-"), "{runc:?}");
    assert!(runc[1].ends_with("; what each is: bn container doctor -v"), "{runc:?}");
    for args in [["-v", "container", "doctor"], ["--json", "container", "doctor"]] {
        let each = world.bn(&args).stdout;
        assert!(each.contains("1.1.5 has CVE-2024-21626: ") && !each.contains("known holes"), "{each}");
    }
    world.fake("runc", "echo 'runc version 9.0.0'");
    let answer = world.bn(&["container", "doctor"]);
    assert!(!answer.stdout.contains("CVE-2024-21626"), "{}", answer.stdout);
}

#[test]
fn a_data_folder_that_everybody_can_read_is_said() {
    use std::os::unix::fs::PermissionsExt;
    let world = World::new();
    let folder = world.path("home/.local/share/binnacle");
    std::fs::create_dir_all(&folder).unwrap();
    let open = |path: &std::path::Path, mode| {
        std::fs::set_permissions(path, std::fs::Permissions::from_mode(mode)).unwrap();
    };
    for path in folder.ancestors().take_while(|path| *path != std::env::temp_dir()) {
        open(path, 0o755);
    }
    let said = |world: &World| lines(&world.bn(&["container", "doctor"]).stdout, "folder");
    assert!(said(&world).iter().any(|line| line.contains("can be read by every user")), "{:?}", said(&world));
    open(&folder, 0o700);
    assert!(said(&world).iter().all(|line| line.starts_with("ok ")), "{:?}", said(&world));
}

#[test]
fn a_folder_that_bn_makes_is_closed_from_the_start() {
    use std::os::unix::fs::PermissionsExt;
    let world = World::new();
    assert_eq!(world.bn(&["task", "create", "Fix it"]).code, 0);
    for path in [world.path("home"), world.path("")] {
        std::fs::set_permissions(path, std::fs::Permissions::from_mode(0o755)).unwrap();
    }
    let said = lines(&world.bn(&["container", "doctor"]).stdout, "folder");
    assert!(!said.is_empty() && said.iter().all(|line| line.starts_with("ok ")), "{said:?}");
}

#[test]
fn json_carries_the_same() {
    let world = World::new();
    world.remove("buildah");
    let answer = world.bn(&["--json", "container", "doctor"]);
    let report: serde_json::Value = serde_json::from_str(&answer.stdout).unwrap();
    assert_eq!((answer.code, &report["ok"]), (1, &serde_json::json!(false)));
    let findings = report["findings"].as_array().unwrap();
    let buildah = findings.iter().find(|finding| finding["name"] == "buildah").unwrap();
    assert_eq!(buildah["status"], "broken");
}

#[test]
fn few_open_files_are_said_once_and_here() {
    let world = World::new();
    let said = |world: &World| {
        let answer = world.bn(&["container", "doctor"]);
        answer.stdout.lines().filter(|line| line.contains("open files")).map(str::to_owned).collect::<Vec<_>>()
    };
    assert_eq!(said(&world), Vec::<String>::new(), "no prlimit, nothing that could be tried");
    world.fake("prlimit", "exit 0");
    assert_eq!(said(&world), Vec::<String>::new());
    world.fake(
        "prlimit",
        "echo 'prlimit: failed to set the NOFILE resource limit: Operation not permitted' >&2; exit 1",
    );
    let lines = said(&world);
    assert_eq!(lines.len(), 1, "{lines:?}");
    let words: Vec<&str> = lines[0].split_whitespace().collect();
    assert_eq!(
        words.join(" "),
        "warning open files an agent's process may open 1024 files at a time: this ctr has no --rlimit-nofile, and root may not \
         raise it afterwards (it lacks CAP_SYS_RESOURCE); fix: containerd 2.3 or newer, or give root here CAP_SYS_RESOURCE"
    );
}

#[test]
fn a_report_says_what_the_machine_is_and_not_who_works_there() {
    let world = World::new();
    let answer = world.bn(&["container", "doctor", "--report"]);
    let value = |name: &str| {
        let line = answer.stdout.lines().find_map(|line| line.strip_prefix(name));
        line.unwrap_or_else(|| panic!("no {name} in {answer:?}")).trim().to_owned()
    };
    assert_eq!(value("bn "), format!("{}, {}", env!("CARGO_PKG_VERSION"), std::env::consts::ARCH));
    assert_eq!(value("kernel"), std::fs::read_to_string("/proc/sys/kernel/osrelease").unwrap().trim());
    // The fake ctr starts nothing.
    let said = value("a run");
    assert!(said.starts_with("Error: the container ended before its agent was started"), "{said}");
    assert!(lines(&answer.stdout, "ctr")[0].starts_with("ok "), "what the doctor says is in it: {answer:?}");
    assert!(!answer.stdout.contains(world.path("home").to_str().unwrap()), "{answer:?}");
    let json: serde_json::Value =
        serde_json::from_str(&world.bn(&["--json", "container", "doctor", "--report"]).stdout).unwrap();
    assert_eq!(json["machine"][0]["name"], "bn", "{json}");
}

#[test]
fn a_report_tries_the_image_that_there_is_and_says_how_to_build_one() {
    let ctr = |images: &str| {
        format!(
            r#"case "$*" in
              *"run --help"*) echo "   --mount value" ;;
              *"images ls labels."*) printf 'REF TYPE\n{images}' ;;
              *"images ls -q name==localhost/binnacle-self:latest"*) ;;
              *"images ls -q name=="*) echo "${{10#name==}}" ;;
              *"tasks ls"*) echo "TASK    PID    STATUS" ;;
            esac"#
        )
    };
    let world = World::new();
    let tried = || {
        let report = world.bn(&["container", "doctor", "--report"]).stdout;
        report.lines().find_map(|line| line.strip_prefix("a run")).unwrap().trim().to_owned()
    };
    world.fake("ctr", &ctr(""));
    assert_eq!(tried(), "Error: the image localhost/binnacle-self:latest is not built; build it: bn container build");
    world.fake("ctr", &ctr("localhost/binnacle-self:demo x\\n"));
    let said = tried();
    assert!(said.starts_with("Error: the container ended before its agent was started"), "{said}");
}
