//! Command lines for `buildah`.

use std::collections::BTreeSet;
use std::path::Path;

use crate::container::layout::Digest;
use crate::process::Cmd;

/// What to build, resolved.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct BuildSpec {
    pub reference: String,
    /// `--build-arg`s, in order.
    pub args: Vec<(String, String)>,
    pub no_cache: bool,
    /// chroot, where no container runtime works for this user.
    pub isolation: Option<&'static str>,
    /// The stage to build, where it is not the last.
    pub target: Option<String>,
}

/// Builds a definition, whose files are in the context, into the caller's own store, and writes the image's whole id into a file.
pub fn build(spec: &BuildSpec, definition: &Path, context: &Path, id_file: &Path) -> Cmd {
    // Without --layers buildah caches nothing.
    let mut cmd = Cmd::new("buildah").args(["build", "--layers", "--format", "oci"]);
    if spec.no_cache {
        cmd = cmd.arg("--no-cache");
    }
    if let Some(isolation) = spec.isolation {
        cmd = cmd.args(["--isolation", isolation]);
    }
    for (name, value) in &spec.args {
        cmd = cmd.args(["--build-arg".to_owned(), format!("{name}={value}")]);
    }
    if let Some(target) = &spec.target {
        cmd = cmd.arg(format!("--target={target}"));
    }
    cmd = cmd.args(["--tag", &spec.reference]).arg("--iidfile").arg(id_file);
    cmd.arg("--file").arg(definition).arg(context)
}

/// Whether it may be the name of a package that an image gets.
pub fn is_package_name(name: &str) -> bool {
    !name.starts_with('-') && name.chars().all(|c| c.is_ascii_alphanumeric() || "+-._:@/~".contains(c))
}

/// Prints buildah's own version.
pub fn version() -> Cmd {
    Cmd::new("buildah").arg("--version").only_reads()
}

/// Whether a Containerfile may have commands that mount something, in whatever way they are written.
pub fn has_mounts(text: &str) -> bool {
    let lines = text.lines().filter(|line| !line.trim_start().starts_with('#'));
    let joined: String =
        lines.flat_map(str::chars).filter(|letter| !letter.is_whitespace() && !"\\`".contains(*letter)).collect();
    joined.to_ascii_lowercase().contains("--mount")
}

/// Prints all that is known of the image, as JSON.
pub fn inspect(reference: &str) -> Cmd {
    Cmd::new("buildah").args(["inspect", "--type", "image", reference]).assumed_to_print("{}")
}

/// The folder's name of an image's OCI layout.
pub const LAYOUT: &str = "image";

/// Writes the image as an OCI layout into the folder, in which it has to run: the path that it is told ends at the first
/// colon. Only with its name does the image arrive. A layer is left out where the layout has a file of its name.
pub fn write_layout(reference: &str, folder: &Path) -> Cmd {
    let layout = format!("oci:{LAYOUT}:{reference}");
    Cmd::new("buildah").args(["push", "--quiet", "--format", "oci", reference, &layout]).directory(folder)
}

/// Fetches an image from its registry into the caller's own store, with the caller's login there.
pub fn pull(reference: &str) -> Cmd {
    Cmd::new("buildah").args(["pull", "--quiet", reference])
}

/// Fetches what a registry has under this name, be it an image or not, into a folder, with the caller's login there.
pub fn fetch_artifact(reference: &str, folder: &Path) -> Cmd {
    let mut to = std::ffi::OsString::from("dir:");
    to.push(folder);
    Cmd::new("skopeo").args(["copy", "--quiet"]).arg(format!("docker://{reference}")).arg(to)
}

/// Prints the whole id of an image of this name; fails where there is none.
pub fn image_id(reference: &str) -> Cmd {
    Cmd::new("buildah").args(["images", "--quiet", "--no-trunc", reference])
}

/// Prints all images of the store, those without a name too, with their whole ids, as JSON.
pub fn images() -> Cmd {
    Cmd::new("buildah").args(["images", "--json", "--no-trunc"]).assumed_to_print("[]")
}

/// Takes a name away from an image, or an image that has none or one, unless a container uses it or another image is made of it.
pub fn remove_image(name_or_id: &str) -> Cmd {
    Cmd::new("buildah").args(["rmi", name_or_id])
}

/// Makes a container of the user's own image, and prints its name.
pub fn container_of(reference: &str) -> Cmd {
    Cmd::new("buildah").args(["from", "--quiet", "--pull-never", reference]).assumed_to_print("$CONTAINER")
}

/// Runs a program as root in a container of buildah's.
pub fn run_in(container: &str, isolation: Option<&'static str>, command: &[&str]) -> Cmd {
    let mut cmd = Cmd::new("buildah").arg("run");
    if let Some(isolation) = isolation {
        cmd = cmd.args(["--isolation", isolation]);
    }
    cmd.args(["--user", "0", container, "--"]).args(command)
}

pub fn remove_container(container: &str) -> Cmd {
    Cmd::new("buildah").args(["rm", container])
}

/// What an image's configuration says that bears on a run.
#[derive(Debug, PartialEq, Eq)]
pub struct Configuration {
    /// The labels with which the image could give orders to containerd.
    pub commanding_labels: Vec<String>,
    /// Whom its first program runs as, where that is not root.
    pub user: Option<String>,
    /// Its layers, unpacked, from the lowest up.
    pub layers: Vec<Digest>,
}

/// The image's configuration, from `buildah inspect`. It stands there twice, in OCI's form and in docker's, and either may be
/// the one that is imported.
pub fn configuration(json: &str) -> Result<Configuration, serde_json::Error> {
    let image: serde_json::Value = serde_json::from_str(json)?;
    let forms = ["OCIv1", "Docker"].map(|form| &image[form]["config"]);
    let labels = |form: &serde_json::Value| form["Labels"].as_object().cloned().unwrap_or_default();
    let names: BTreeSet<String> = forms.into_iter().flat_map(labels).map(|(name, _)| name).collect();
    let user = forms.into_iter().filter_map(|form| form["User"].as_str()).find(|user| !is_root(user));
    let layers = image["OCIv1"]["rootfs"]["diff_ids"].as_array().into_iter().flatten();
    Ok(Configuration {
        layers: layers.filter_map(|id| Digest::parse(id.as_str()?)).collect(),
        commanding_labels: names
            .into_iter()
            .filter(|name| name.to_ascii_lowercase().starts_with("containerd.io/"))
            .collect(),
        user: user.map(str::to_owned),
    })
}

/// A `USER` with or without a group.
fn is_root(user: &str) -> bool {
    ["", "0", "root"].contains(&user.split(':').next().unwrap_or_default())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn command_lines() {
        let spec = BuildSpec {
            reference: "localhost/binnacle-self:latest".into(),
            args: vec![("AGENTS".into(), "copilot claude".into())],
            no_cache: true,
            isolation: Some("chroot"),
            target: None,
        };
        insta::assert_snapshot!(build(&spec, Path::new("/ctx/Containerfile"), Path::new("/ctx"), Path::new("/id")).to_string(), @"buildah build --layers --format oci --no-cache --isolation chroot --build-arg 'AGENTS=copilot claude' --tag localhost/binnacle-self:latest --iidfile /id --file /ctx/Containerfile /ctx");
        insta::assert_snapshot!(run_in("c-1", Some("chroot"), &["bash", "-c", "x y"]).to_string(), @"buildah run --isolation chroot --user 0 c-1 -- bash -c 'x y'");
        insta::assert_snapshot!(write_layout("localhost/x:1", Path::new("/f")).to_string(), @"(cd /f && buildah push --quiet --format oci localhost/x:1 oci:image:localhost/x:1)");
    }

    #[test]
    fn names_of_packages() {
        assert!(is_package_name("g++") && is_package_name("libc6:amd64"));
        assert!(!is_package_name("-x") && !is_package_name("a;b"));
    }

    #[test]
    fn mounts_are_seen_however_they_are_written() {
        for text in [
            "RUN --mount=type=bind,from=a x",
            "run --network=none \\\n  --MOUNT=x",
            "RUN --mo\\\n# c\nunt=type=cache x",
        ] {
            assert!(has_mounts(text), "{text}");
        }
        assert!(!has_mounts("FROM a\n# no --mount here\nRUN mount || true"));
    }

    #[test]
    fn labels_that_containerd_obeys_are_found() {
        let json = r#"{"OCIv1":{"config":{"Labels":{"title":"x"}}},
            "Docker":{"config":{"Labels":{"containerd.io/restart.status":"running"}}}}"#;
        assert_eq!(configuration(json).unwrap().commanding_labels, ["containerd.io/restart.status"]);
        assert!(configuration(r#"{"OCIv1":{"config":{}}}"#).unwrap().commanding_labels.is_empty());
        assert!(configuration("no json").is_err());
    }

    #[test]
    fn users_that_are_root_and_one_that_is_not() {
        let user = |oci: &str, docker: &str| {
            let json = serde_json::json!({"OCIv1": {"config": {"User": oci}}, "Docker": {"config": {"User": docker}}});
            configuration(&json.to_string()).unwrap().user
        };
        for root in ["", "0", "root", "0:0", "root:root"] {
            assert_eq!(user(root, root), None, "{root}");
        }
        assert_eq!(user("", "node:node"), Some("node:node".to_owned()));
        assert_eq!(user("1000", "1000"), Some("1000".to_owned()));
    }
}
