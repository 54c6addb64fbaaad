use super::*;

fn parsed(typed: &str) -> (String, Option<PathBuf>, bool) {
    let WantedMount { source, destination, writable } = typed.parse().unwrap();
    (source, destination, writable)
}

#[test]
fn a_mount_is_read_only_unless_it_says_otherwise() {
    let of = |source: &str, place: Option<&str>, writable| (source.to_owned(), place.map(PathBuf::from), writable);
    assert_eq!(parsed("/srv/data"), of("/srv/data", None, false));
    assert_eq!(parsed("/srv/data:rw"), of("/srv/data", None, true));
    assert_eq!(parsed("~/data:/data"), of("~/data", Some("/data"), false));
    assert_eq!(parsed("data:/data:ro"), of("data", Some("/data"), false));
    assert_eq!(parsed("data:/mnt/a b:rw"), of("data", Some("/mnt/a b"), true));
    for wrong in ["", ":", ":/data", "rw", "a:b", "/a:/b:/c", "/a:/b:ro:rw", "/a:/b:RW", "/a:", "/a:/b:"] {
        let refused = wrong.parse::<WantedMount>().unwrap_err();
        assert!(refused.message.starts_with(&format!("--mount {wrong}: ")), "{wrong}: {refused}");
    }
}

#[test]
fn in_a_configuration_paths_begin_somewhere() {
    assert!(check_in_file("/srv/data:/data").is_ok() && check_in_file("~/data:/data").is_ok());
    for wrong in ["data:/data", "./data", "../data:/data", "~other/data:/data"] {
        assert!(check_in_file(wrong).is_err(), "{wrong}");
    }
}

#[test]
fn nothing_that_bn_or_the_kernel_or_the_image_has_is_covered() {
    let free = ["/data", "/mnt/data", "/opt/sdk", "/srv/x", "/home/me/data", "/var/lib/data", "/workspaces/x"];
    for place in free {
        assert_eq!(refuse_place(Path::new(place), true), None, "{place}");
    }
    let only_read = ["/tmp/data", "/var/tmp/x", "/home/agent/.gitconfig", "/home/agent/data"];
    for place in only_read {
        assert_eq!(refuse_place(Path::new(place), false), None, "{place}");
        assert!(refuse_place(Path::new(place), true).is_some(), "{place}");
    }
    let covers = [
        "/",
        "/workspace",
        "/workspace/.git",
        "/workspace/x",
        "/binnacle",
        "/caches/npm",
        "/run/secrets/env",
        "/run/binnacle/ctl",
        "/run",
        "/var/run/x",
        "/var",
        "/proc",
        "/proc/self",
        "/sys/fs",
        "/dev/shm",
        "/etc/passwd",
        "/usr/local/bin",
        "/usr",
        "/bin",
        "/lib64/x",
        "/home",
        "/home/agent",
        "/tmp",
        "/var/tmp",
        "/home/agent/.claude",
        "/home/agent/.codex/auth.json",
        "/home/agent/.npm",
        "/home/agent/.cargo",
        "/home/agent/.config",
        "/home/agent/.local",
        "/home/agent/a/b",
        "/copilot-config",
        "data",
        "",
        "/data/../etc",
        "/data\n",
    ];
    for place in covers {
        assert!(refuse_place(Path::new(place), false).is_some(), "{place}");
        assert!(refuse_place(Path::new(place), true).is_some(), "{place}");
    }
}
