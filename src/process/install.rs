//! What to type when a program is missing.

/// Where containerd's own instructions are.
const CONTAINERD_PAGE: &str = "github.com/containerd/containerd";

/// The hints for a program that is not on PATH.
pub fn hints(program: &str) -> Vec<String> {
    match program {
        "ctr" | "buildah" | "runc" | "containerd" => vec![
            "on Fedora/RHEL: sudo dnf install containerd buildah".to_owned(),
            "on Debian/Ubuntu: sudo apt install containerd buildah".to_owned(),
            "then: sudo systemctl enable --now containerd".to_owned(),
            format!("see {CONTAINERD_PAGE}"),
        ],
        other => vec![
            format!("on Fedora/RHEL: sudo dnf install {other}"),
            format!("on Debian/Ubuntu: sudo apt install {other}"),
        ],
    }
}
