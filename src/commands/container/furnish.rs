//! Inside a container, before anything of the agent runs: tells programs that ask no variable what is different in here: the way out for Java, no sandbox of their own for browsers, no docker, and for agents that the person may say something.
//!
//! `system` is root's turn, in the image's own folders; `home` is the agent's, in a home that is empty yet. It finds the package
//! managers' caches there, too.

use std::fs;
use std::io::{self, Write};
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};

use anyhow::Context as _;

use crate::commands::Context;
use crate::commands::container::cache_links;
use crate::container::agent_hooks;
use crate::container::caches;
use crate::egress::variables::INSIDE as PROXY;
use crate::run::watch::proxy;

/// Where Java runtimes are, each in a folder of its own.
const JAVA_FOLDERS: [&str; 3] = ["usr/lib/jvm", "opt", "usr/local"];
/// Java's own defaults for the network, in the folder of a runtime: since Java 9, before, and in a kit of before.
const JAVA_FILES: [&str; 3] = ["conf/net.properties", "lib/net.properties", "jre/lib/net.properties"];

/// Programs that reach a daemon for containers.
const ENGINES: [&str; 3] = ["docker", "docker-compose", "podman"];
const NO_ENGINE: &str = r#"#!/bin/sh
# From binnacle, because the image has no such program.
echo "${0##*/}: no containers can be started in here. Services run as ordinary programs (on your machine: bn container build --package postgresql redis), or on your machine, opened to this run: bn container run --allow localhost:5432" >&2
exit 127
"#;

/// Debian's chromium reads all files of this folder, Fedora's the file below.
const CHROMIUM_FOLDER: &str = "etc/chromium.d";
const CHROMIUM_FILE: &str = "etc/chromium/chromium.conf";
const CHROMIUM: &str = r#"
# From binnacle: the container is the sandbox, and a second one cannot be made in it.
CHROMIUM_FLAGS="$CHROMIUM_FLAGS --no-sandbox"
"#;

/// Root's turn.
pub fn system_here() -> anyhow::Result<()> {
    system(Path::new("/"), way_out())
}

/// The agent's turn, in its home.
pub fn home_here(at: &Path, context: &Context) -> anyhow::Result<()> {
    link_caches(at, context);
    home(at, way_out())
}

/// The host and the port of the proxy.
fn way_out() -> Option<(&'static str, &'static str)> {
    Path::new(proxy::INSIDE).is_dir().then_some(PROXY).and_then(|address| address.rsplit_once(':'))
}

/// Before anything else is put into the home: a cache may lie below a folder that holds something of ours.
fn link_caches(home: &Path, context: &Context) {
    let folder = Path::new(caches::INSIDE);
    let Some(words) = context.env.variable(caches::VARIABLE).filter(|_| folder.is_dir()) else { return };
    for name in cache_links::make(folder, home, &words.to_string_lossy()) {
        let because = format!("{} cannot be used; bn container prune --caches", caches::INSIDE);
        context.output.note(format_args!("{name} is not kept for later runs: {because}"));
    }
}

fn system(root: &Path, way_out: Option<(&str, &str)>) -> anyhow::Result<()> {
    for name in ENGINES {
        put_engine(root, name).with_context(|| format!("cannot say that there is no {name}"))?;
    }
    for (name, text) in agent_hooks::files() {
        put_policy(&root.join(name), &text).with_context(|| format!("cannot write /{name}"))?;
    }
    if root.join(CHROMIUM_FOLDER).is_dir() {
        append(&root.join(CHROMIUM_FOLDER).join("binnacle"), CHROMIUM)?;
    }
    if root.join(CHROMIUM_FILE).is_file() {
        append(&root.join(CHROMIUM_FILE), CHROMIUM)?;
    }
    let Some(way_out) = way_out else { return Ok(()) };
    java_files(root)?.iter().try_for_each(|path| append(path, &java_properties("", way_out)))
}

/// A policy that the image brings along stays as it is.
fn put_policy(path: &Path, text: &str) -> io::Result<()> {
    if fs::symlink_metadata(path).is_ok() {
        return Ok(());
    }
    fs::create_dir_all(path.parent().unwrap_or(Path::new("/")))?;
    fs::write(path, text)?;
    fs::set_permissions(path, fs::Permissions::from_mode(0o644))
}

fn put_engine(root: &Path, name: &str) -> io::Result<()> {
    let folders = ["usr/local/sbin", "usr/local/bin", "usr/sbin", "usr/bin", "sbin", "bin"];
    if folders.iter().any(|folder| fs::symlink_metadata(root.join(folder).join(name)).is_ok()) {
        return Ok(());
    }
    let path = root.join("usr/local/bin").join(name);
    fs::create_dir_all(path.parent().unwrap_or(root))?;
    fs::write(&path, NO_ENGINE)?;
    fs::set_permissions(&path, fs::Permissions::from_mode(0o755))
}

/// The network's defaults of every Java runtime of the image, each once.
fn java_files(root: &Path) -> anyhow::Result<Vec<PathBuf>> {
    let mut found = Vec::new();
    for folder in JAVA_FOLDERS.map(|folder| root.join(folder)) {
        let runtimes = match fs::read_dir(&folder) {
            Err(error) if error.kind() == io::ErrorKind::NotFound => continue,
            entries => entries.with_context(|| format!("cannot read {}", folder.display()))?,
        };
        let files = runtimes.flatten().flat_map(|runtime| JAVA_FILES.map(|file| runtime.path().join(file)));
        // Distributions link one runtime to several names, and its configuration into /etc.
        found.extend(files.filter_map(|file| fs::canonicalize(file).ok()));
    }
    found.sort();
    found.dedup();
    Ok(found)
}

/// Lines of a properties file, where the last one of a name counts.
fn java_properties(prefix: &str, (host, port): (&str, &str)) -> String {
    let proxy = |scheme: &str| format!("{prefix}{scheme}.proxyHost={host}\n{prefix}{scheme}.proxyPort={port}\n");
    let own = format!("{prefix}http.nonProxyHosts=localhost|127.*|[::1]\n");
    format!("\n# From binnacle: the container's way out.\n{}{}{own}", proxy("http"), proxy("https"))
}

/// Maven's newer ways to fetch ask its settings alone, and so does a Java that gradle has fetched itself.
fn home(home: &Path, way_out: Option<(&str, &str)>) -> anyhow::Result<()> {
    let mut files = stores(home).to_vec();
    if let Some(way_out) = way_out {
        files.push((".m2/settings.xml", maven_settings(way_out)));
        files.push((".gradle/gradle.properties", java_properties("systemProp.", way_out)));
    }
    for (name, text) in files {
        let path = home.join(name);
        let folder = path.parent().unwrap_or(home);
        fs::create_dir_all(folder).with_context(|| format!("cannot make {}", folder.display()))?;
        append(&path, &text)?;
    }
    Ok(())
}

/// Where managers keep what they fetch that would not do so in the home: pnpm would in the worktree, because no other folder is on
/// its file system, and yarn's first version beside the programs of all users where it is root's.
fn stores(home: &Path) -> [(&'static str, String); 3] {
    let (pnpm, yarn) = (home.join(caches::PNPM_STORE), home.join(caches::YARN));
    [
        (".config/pnpm/rc", format!("store-dir={}\n", pnpm.display())),
        // Since pnpm 11.
        (".config/pnpm/config.yaml", format!("storeDir: {}\n", pnpm.display())),
        (".yarnrc", format!("cache-folder \"{}\"\n", yarn.display())),
    ]
}

fn maven_settings((host, port): (&str, &str)) -> String {
    let proxy = |scheme: &str| {
        format!(
            "    <proxy><id>binnacle-{scheme}</id><active>true</active><protocol>{scheme}</protocol><host>{host}</host><port>{port}</port>\
             <nonProxyHosts>localhost|127.*</nonProxyHosts></proxy>\n"
        )
    };
    format!("<settings>\n  <proxies>\n{}{}  </proxies>\n</settings>\n", proxy("http"), proxy("https"))
}

fn append(path: &Path, text: &str) -> anyhow::Result<()> {
    let opened = fs::OpenOptions::new().append(true).create(true).open(path);
    opened
        .and_then(|mut file| file.write_all(text.as_bytes()))
        .with_context(|| format!("cannot write {}", path.display()))
}

#[cfg(test)]
mod tests {
    use super::*;

    const WAY_OUT: (&str, &str) = ("127.0.0.1", "3128");

    fn text(root: &Path, name: &str) -> Option<String> {
        fs::read_to_string(root.join(name)).ok()
    }

    #[test]
    fn every_java_of_the_image_is_told_once_of_the_way_out() {
        let root = tempfile::tempdir().unwrap();
        let root = root.path();
        for folder in ["etc/java", "usr/lib/jvm/java-21/conf", "opt/jdk8/jre/lib", "opt/other"] {
            fs::create_dir_all(root.join(folder)).unwrap();
        }
        fs::write(root.join("etc/java/net.properties"), "http.nonProxyHosts=localhost\n").unwrap();
        fs::write(root.join("opt/jdk8/jre/lib/net.properties"), "").unwrap();
        std::os::unix::fs::symlink(
            root.join("etc/java/net.properties"),
            root.join("usr/lib/jvm/java-21/conf/net.properties"),
        )
        .unwrap();
        std::os::unix::fs::symlink("java-21", root.join("usr/lib/jvm/default")).unwrap();
        system(root, None).unwrap();
        assert_eq!(
            text(root, "etc/java/net.properties").unwrap(),
            "http.nonProxyHosts=localhost\n",
            "no proxy, no word"
        );
        system(root, Some(WAY_OUT)).unwrap();
        for file in ["etc/java/net.properties", "opt/jdk8/jre/lib/net.properties"] {
            let told = text(root, file).unwrap();
            assert_eq!(told.matches("https.proxyHost=127.0.0.1\nhttps.proxyPort=3128\n").count(), 1, "{told}");
        }
    }

    #[test]
    fn browsers_are_told_where_the_image_has_some_and_docker_where_it_has_none() {
        let root = tempfile::tempdir().unwrap();
        let root = root.path();
        let own = root.join("etc/codex/requirements.toml");
        fs::create_dir_all(own.parent().unwrap()).unwrap();
        fs::write(&own, "own").unwrap();
        system(root, None).unwrap();
        assert!(!root.join("etc/chromium.d").exists() && !root.join("etc/chromium").exists());
        assert!(text(root, "etc/claude-code/managed-settings.json").unwrap().contains("bn container told"));
        assert_eq!(fs::read_to_string(own).unwrap(), "own", "the image's policy stays");
        assert!(text(root, "usr/local/bin/docker").unwrap().contains("--allow localhost:5432"));
        for folder in ["etc/chromium.d", "etc/chromium", "usr/bin"] {
            fs::create_dir_all(root.join(folder)).unwrap();
        }
        fs::write(root.join(CHROMIUM_FILE), "CHROMIUM_FLAGS=\"--x\"\n").unwrap();
        fs::remove_file(root.join("usr/local/bin/podman")).unwrap();
        fs::write(root.join("usr/bin/podman"), "own").unwrap();
        system(root, None).unwrap();
        for file in ["etc/chromium.d/binnacle", CHROMIUM_FILE] {
            assert!(text(root, file).unwrap().contains("CHROMIUM_FLAGS=\"$CHROMIUM_FLAGS --no-sandbox\""), "{file}");
        }
        assert_eq!(text(root, "usr/local/bin/podman"), None, "the image has one");
    }

    #[test]
    fn pnpm_and_yarn_are_told_where_the_caches_are_whatever_the_network_is() {
        for way_out in [None, Some(WAY_OUT)] {
            let folder = tempfile::tempdir().unwrap();
            home(folder.path(), way_out).unwrap();
            let at = folder.path().display();
            let store = format!("{at}/.local/share/pnpm/store\n");
            assert_eq!(text(folder.path(), ".config/pnpm/rc").unwrap(), format!("store-dir={store}"));
            assert_eq!(text(folder.path(), ".config/pnpm/config.yaml").unwrap(), format!("storeDir: {store}"));
            assert_eq!(text(folder.path(), ".yarnrc").unwrap(), format!("cache-folder \"{at}/.cache/yarn\"\n"));
        }
    }

    #[test]
    fn maven_and_gradle_are_told_in_the_home() {
        let folder = tempfile::tempdir().unwrap();
        home(folder.path(), None).unwrap();
        assert!(!folder.path().join(".m2").exists());
        home(folder.path(), Some(WAY_OUT)).unwrap();
        let settings = text(folder.path(), ".m2/settings.xml").unwrap();
        assert!(settings.contains("<protocol>https</protocol><host>127.0.0.1</host><port>3128</port>"), "{settings}");
        let gradle = text(folder.path(), ".gradle/gradle.properties").unwrap();
        assert!(gradle.contains("systemProp.https.proxyHost=127.0.0.1\n"), "{gradle}");
    }
}
