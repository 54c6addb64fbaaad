//! `--push`: an agent pushes to its worktree's origin, whose credential the container does not have.

use std::fs;
use std::io::{BufRead, BufReader, Read, Write};
use std::net::{TcpListener, TcpStream};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::sync::{Arc, Mutex};
use std::thread;

use crate::machine::{files_with, holds, processes};
use crate::running::{MEET, Running};
use crate::world::{Answer, World, containerd, ctr, run_line};

/// A server of bare repositories: git's own program for that, behind a password.
struct Server {
    port: u16,
    /// The first lines of all requests that had the right password.
    asked: Arc<Mutex<Vec<String>>>,
}

impl Server {
    fn start(root: PathBuf, password: String) -> Self {
        let (listener, asked) = (TcpListener::bind("127.0.0.1:0").unwrap(), Arc::new(Mutex::new(Vec::new())));
        let server = Self { port: listener.local_addr().unwrap().port(), asked: Arc::clone(&asked) };
        thread::spawn(move || {
            for stream in listener.incoming().flatten() {
                let (root, password, asked) = (root.clone(), password.clone(), Arc::clone(&asked));
                thread::spawn(move || serve(stream, &root, &password, &asked));
            }
        });
        server
    }

    fn url(&self) -> String {
        format!("http://127.0.0.1:{}/team/tool.git", self.port)
    }

    fn asked(&self) -> Vec<String> {
        self.asked.lock().unwrap().clone()
    }
}

fn serve(stream: TcpStream, root: &Path, password: &str, asked: &Mutex<Vec<String>>) {
    let mut reader = BufReader::new(stream.try_clone().unwrap());
    let lines: Vec<String> =
        reader.by_ref().lines().map_while(Result::ok).take_while(|line| !line.is_empty()).collect();
    let Some(first) = lines.first().cloned() else { return };
    let field = |name: &str| {
        let named = |line: &&String| line.to_ascii_lowercase().starts_with(&format!("{name}:"));
        lines.iter().find(named).map(|line| line.split_once(':').unwrap().1.trim().to_owned()).unwrap_or_default()
    };
    let mut body = Vec::new();
    if field("transfer-encoding") == "chunked" {
        chunks(&mut reader, &mut body);
    } else {
        body.resize(field("content-length").parse().unwrap_or(0), 0);
        if reader.read_exact(&mut body).is_err() {
            return;
        }
    }
    let mut stream = stream;
    if field("authorization") != format!("Basic {password}") {
        let refused = "HTTP/1.1 401 Unauthorized\r\nWWW-Authenticate: Basic realm=\"team\"\r\nContent-Length: 0\r\nConnection: close\r\n\r\n";
        return drop(stream.write_all(refused.as_bytes()));
    }
    asked.lock().unwrap().push(first.clone());
    let mut words = first.split(' ');
    let (method, target) = (words.next().unwrap(), words.next().unwrap());
    let (path, query) = target.split_once('?').unwrap_or((target, ""));
    let mut backend = Command::new("git")
        .arg("http-backend")
        .env("GIT_PROJECT_ROOT", root)
        .env("GIT_HTTP_EXPORT_ALL", "1")
        .env("REMOTE_USER", "me")
        .env("PATH_INFO", path)
        .env("QUERY_STRING", query)
        .env("REQUEST_METHOD", method)
        .env("CONTENT_TYPE", field("content-type"))
        .env("CONTENT_LENGTH", body.len().to_string())
        .env("HTTP_CONTENT_ENCODING", field("content-encoding"))
        .env("GIT_PROTOCOL", field("git-protocol"))
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    let mut input = backend.stdin.take().unwrap();
    let feeding = thread::spawn(move || drop(input.write_all(&body)));
    let output = backend.wait_with_output().unwrap().stdout;
    feeding.join().unwrap();
    let end = output.windows(4).position(|window| window == b"\r\n\r\n").unwrap_or(0);
    let head = String::from_utf8_lossy(&output[..end]).into_owned();
    let status = head.lines().find_map(|line| line.strip_prefix("Status: ")).unwrap_or("200 OK").to_owned();
    let length = output.len() - end - 4;
    let head = format!("HTTP/1.1 {status}\r\n{head}\r\nContent-Length: {length}\r\nConnection: close\r\n\r\n");
    drop(stream.write_all(head.as_bytes()).and_then(|()| stream.write_all(&output[end + 4..])));
}

fn chunks(reader: &mut impl BufRead, body: &mut Vec<u8>) {
    loop {
        let mut line = String::new();
        reader.read_line(&mut line).unwrap();
        let length = u64::from_str_radix(line.trim(), 16).unwrap();
        std::io::copy(&mut reader.take(length), body).unwrap();
        reader.read_line(&mut line).unwrap();
        if length == 0 {
            return;
        }
    }
}

fn token(world: &World) -> String {
    world.unique("canary-token")
}

/// A repository whose origin wants a password, which the user's credential helper knows.
fn with_origin(world: &World) -> Server {
    world.shell("git init -q --bare -b main server/team/tool.git");
    let basic = world.shell(&format!("printf 'me:%s' '{}' | base64 -w0", token(world)));
    let server = Server::start(world.path("server"), basic);
    let helper = world.path("helper");
    fs::write(&helper, "#!/bin/sh\ntest \"$1\" = get || exit 0\ncat > /dev/null\necho username=me\necho \"password=$(cat \"${0%/*}/token\")\"\n").unwrap();
    fs::write(world.path("token"), token(world)).unwrap();
    world.shell(&format!(
        "chmod 700 helper && git config --file home/.gitconfig credential.helper {}",
        helper.display()
    ));
    world.git(&format!("remote add origin {}", server.url()));
    world.git("push -q origin main");
    server
}

fn server_refs(world: &World) -> String {
    world.shell("git -C server/team/tool.git for-each-ref --format='%(refname) %(contents:subject)'")
}

fn run(world: &World, options: &[&str], script: &str) -> Answer {
    world.agent(&[&["--name", &world.job()][..], options].concat(), script)
}

#[test]
fn an_agent_pushes_its_branch_with_a_credential_that_it_does_not_have() {
    let world = World::new();
    let server = with_origin(&world);
    let name = world.job();
    let pattern = token(&world).replace("canary-", "canary[-]");
    let script = format!(
        "echo work > work; git add work; git commit -qm 'Work of the agent'; head -c 3000000 /dev/urandom > large; git add large; \
         git commit -qm 'A large file'; git push -u origin agent-1 && git fetch origin && git pull -q --rebase origin main; \
         git rev-parse --abbrev-ref '@{{upstream}}'; env | sort; git config --list; git remote -v; \
         grep -rsl {pattern} /run /home /tmp /etc /workspace /proc/[0-9]*/environ /proc/[0-9]*/cmdline; {MEET}"
    );
    let line = run_line("../agent-1", &["--name", &name, "--push", "--only", "nothing.example"], &script);
    let child = world.bn_command(&line).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
    let running = Running::new(child, world.path("agent-1"));
    running.meet();
    let socket = containerd();
    // Where the user has it, and nowhere else.
    let places = [world.root(), Path::new(&socket).parent().unwrap(), Path::new("/run/containerd")];
    assert_eq!(files_with(&token(&world), &places), [world.path("token").to_str().unwrap()]);
    for process in processes() {
        assert!(!holds(&process.environment, &token(&world)), "{} has the token", process.command);
    }
    assert!(!ctr(&["containers", "info", &name]).contains(&token(&world)));
    let answer = running.go_on().exits(0);
    assert!(answer.stdout.contains("\norigin/agent-1\n"), "{answer:#?}");
    assert!(!answer.stdout.contains(&token(&world)) && !answer.stderr.contains(&token(&world)), "{answer:#?}");
    let said =
        format!("the agent may push agent-1 to {}, and fetch from there; your credential stays here", server.url());
    assert!(answer.stderr.contains(&said), "{answer:#?}");
    assert_eq!(server_refs(&world), "refs/heads/agent-1 A large file\nrefs/heads/main first");
    world.assert_on_main("A large file");
    // Git's own configuration of the user is as it was.
    assert_eq!(world.git("remote get-url --push origin").trim(), server.url());
}

#[test]
fn other_branches_are_pushed_only_where_the_user_says_so() {
    let world = World::new();
    let server = with_origin(&world);
    let script = "echo a > a; git add a; git commit -qm 'Of the agent'; \
                  git push origin HEAD:main; git push origin :main; git push origin HEAD:refs/tags/v1; git push origin agent-1 HEAD:other; \
                  git push --mirror origin; git push --force origin HEAD:refs/heads/agent-1; true";
    let answer = run(&world, &["--push", "--no-merge"], script).exits(0);
    assert!(
        answer.stdout.contains("this run may push refs/heads/agent-1 alone, and not refs/heads/main"),
        "{answer:#?}"
    );
    assert_eq!(server_refs(&world), "refs/heads/agent-1 Of the agent\nrefs/heads/main first");
    let name = world.name("all");
    let script = "git push origin HEAD:other && git push origin :agent-1 && git push origin HEAD:refs/tags/v1";
    world.agent(&["--name", &name, "--push=all", "--no-merge"], script).exits(0);
    let refs = "refs/heads/main first\nrefs/heads/other Of the agent\nrefs/tags/v1 Of the agent";
    assert_eq!(server_refs(&world), refs);
    let asked = server.asked();
    assert!(asked.iter().all(|line| line.contains(" /team/tool.git/")), "{asked:?}");
}

#[test]
fn nothing_but_the_repository_is_reached_through_its_endpoint() {
    let world = World::new();
    let server = with_origin(&world);
    world.shell("git init -q --bare server/team/other.git");
    let before = server.asked().len();
    let script = "url=$(git config remote.origin.url); base=${url%/team/*}; \
                  for path in '/team/../team/other.git/info/refs?service=git-upload-pack' '/team/other.git/info/refs?service=git-upload-pack' \
                  '/team/tool.git/%2e%2e/other.git/info/refs?service=git-upload-pack' /team/tool.git/HEAD /; \
                  do curl -sS --path-as-is \"$base$path\"; done";
    let answer = run(&world, &["--push"], script).exits(0);
    assert_eq!(answer.stdout.matches("bn: this endpoint is for git to fetch from").count(), 5, "{answer:#?}");
    assert_eq!(server.asked().len(), before);
}

#[test]
fn what_a_push_needs_is_said_inside_and_outside() {
    let world = World::new();
    let server = with_origin(&world);
    // Reached, but without a credential.
    let open = format!("localhost:{}", server.port);
    world.git(&format!("remote set-url origin http://localhost:{}/team/tool.git", server.port));
    let answer = run(&world, &["--allow", &open], "git push origin agent-1 2>&1 || echo failed").exits(0);
    assert!(answer.stdout.contains("the user starts it with: bn container run --push"), "{answer:#?}");
    assert!(answer.stdout.contains("\nfailed\n"), "{answer:#?}");
    let refused = |options: &[&str]| run(&world, options, "true").exits(2).stderr;
    assert!(refused(&["--push", "--network", "none"]).contains("--push goes with --network egress alone"));
    fs::remove_file(world.path("helper")).unwrap();
    let said = refused(&["--push"]);
    assert!(
        said.contains("--push: there is no credential for http://localhost:") && said.contains("sign in first"),
        "{said}"
    );
    world.git("remote set-url origin git@git.example:team/tool.git");
    let said = refused(&["--push"]);
    assert!(said.contains("origin is reached over SSH"), "{said}");
    assert!(said.contains("git remote set-url origin https://git.example/team/tool.git"), "{said}");
    let answer = world.agent(&["--name", &world.name("ssh")], "git push origin agent-1 2>&1 || echo failed").exits(0);
    assert!(answer.stdout.contains("bn: git over SSH reaches no host from this container"), "{answer:#?}");
    world.git("remote remove origin");
    assert!(refused(&["--push"]).contains("no remote named origin"));
    world.shell("git -C agent-1 checkout -q --detach");
    assert!(refused(&["--push"]).contains("the worktree is on no branch"));
}

#[test]
fn a_remote_that_changes_during_the_run_gets_no_credential() {
    let world = World::new();
    let server = with_origin(&world);
    let (name, elsewhere) = (world.job(), Server::start(world.path("server"), "none".to_owned()));
    let line =
        run_line("../agent-1", &["--name", &name, "--push"], &format!("{MEET}; git fetch origin 2>&1 || echo failed"));
    let child = world.bn_command(&line).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
    let running = Running::new(child, world.path("agent-1"));
    running.meet();
    let before = server.asked().len();
    world.git(&format!("remote set-url origin {}", elsewhere.url()));
    let answer = running.go_on().exits(0);
    assert!(answer.stdout.contains("the remote has another URL now"), "{answer:#?}");
    assert_eq!(server.asked().len(), before);
    drop(answer);
}
