//! Keys of models that stay outside, against a model behind TLS on this machine's loopback.

use std::fs;
use std::io::{Read, Write};
use std::net::{TcpListener, TcpStream};
use std::path::Path;
use std::process::Command;
use std::sync::{Arc, Mutex};
use std::thread;

use rcgen::{BasicConstraints, CertificateParams, CertifiedIssuer, IsCa, KeyPair};
use tokio_rustls::rustls::crypto::ring;
use tokio_rustls::rustls::pki_types::PrivateKeyDer;
use tokio_rustls::rustls::{ServerConfig, ServerConnection, StreamOwned};

use crate::machine::{files_with, holds, processes};
use crate::running::MEET;
use crate::world::{Answer, World, answer, containerd, ctr, run_line};

type Tls = StreamOwned<ServerConnection, TcpStream>;

/// A model that answers as Anthropic's and OpenAI's do, in events, and remembers what it was asked with.
struct Model {
    port: u16,
    heads: Arc<Mutex<Vec<String>>>,
}

impl Model {
    /// Makes an authority, whose certificate is at `ca`, and a server of its.
    fn start(ca: &Path) -> Self {
        let mut params = CertificateParams::new(Vec::new()).unwrap();
        params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
        let authority = CertifiedIssuer::self_signed(params, KeyPair::generate().unwrap()).unwrap();
        fs::write(ca, authority.pem()).unwrap();
        let key = KeyPair::generate().unwrap();
        let certificate =
            CertificateParams::new(vec!["localhost".to_owned()]).unwrap().signed_by(&key, &authority).unwrap();
        let config = ServerConfig::builder_with_provider(Arc::new(ring::default_provider()))
            .with_safe_default_protocol_versions()
            .unwrap()
            .with_no_client_auth()
            .with_single_cert(vec![certificate.der().clone()], PrivateKeyDer::try_from(key.serialize_der()).unwrap());
        let (config, heads) = (Arc::new(config.unwrap()), Arc::new(Mutex::new(Vec::new())));
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let model = Self { port: listener.local_addr().unwrap().port(), heads: Arc::clone(&heads) };
        thread::spawn(move || {
            for stream in listener.incoming().flatten() {
                let tls = StreamOwned::new(ServerConnection::new(Arc::clone(&config)).unwrap(), stream);
                let heads = Arc::clone(&heads);
                thread::spawn(move || serve(tls, &heads));
            }
        });
        model
    }

    fn endpoint(&self, name: &str, path: &str) -> String {
        format!("{name}=https://localhost:{}{path}", self.port)
    }

    fn heads(&self) -> Vec<String> {
        self.heads.lock().unwrap().clone()
    }
}

fn serve(mut stream: Tls, heads: &Mutex<Vec<String>>) {
    let (mut head, mut byte) = (Vec::new(), [0]);
    while !head.ends_with(b"\r\n\r\n") {
        match stream.read(&mut byte) {
            Ok(1) => head.push(byte[0]),
            _ => return,
        }
    }
    let head = String::from_utf8_lossy(&head).into_owned();
    let length = head.lines().find_map(|line| line.to_ascii_lowercase().strip_prefix("content-length: ")?.parse().ok());
    drop(stream.read_exact(&mut vec![0; length.unwrap_or(0)]));
    heads.lock().unwrap().push(head);
    let events = "data: {\"type\":\"message_start\",\"message\":{\"usage\":{\"input_tokens\":11,\"output_tokens\":1}}}\n\n\
                  data: {\"type\":\"message_delta\",\"usage\":{\"output_tokens\":7}}\n\n";
    let head = "HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\nConnection: close\r\n\r\n";
    drop(stream.write_all(format!("{head}{events}").as_bytes()));
    stream.conn.send_close_notify();
    drop(stream.flush());
}

fn key(world: &World) -> String {
    world.unique("canary-key")
}

/// `bn container run` with a key in the user's environment, and the model's authority trusted.
fn bn_run(world: &World, options: &[&str], script: &str) -> Command {
    let mut command = world.bn_command(&run_line("../agent-1", options, script));
    command.env("SSL_CERT_FILE", world.path("ca.pem")).env("ANTHROPIC_API_KEY", key(world));
    command
}

fn run(world: &World, options: &[&str], script: &str) -> Answer {
    answer(bn_run(world, options, script).output().unwrap())
}

const ASK: &str = "curl -sS -H \"x-api-key: $ANTHROPIC_API_KEY\" -d {} \"$ANTHROPIC_BASE_URL/v1/messages\"";

#[test]
fn an_agent_asks_a_model_with_a_key_that_it_does_not_have() {
    let world = World::new();
    let model = Model::start(&world.path("ca.pem"));
    let (name, endpoint) = (world.job(), model.endpoint("anthropic", ""));
    // The search is not to find itself.
    let pattern = key(&world).replace("canary-", "canary[-]");
    let script =
        format!("{ASK}; env | sort; grep -rsl {pattern} /run /home /tmp /etc /workspace /proc/[0-9]*/environ; {MEET}");
    // An allowlist closes everything but the model whose key was given.
    let options = ["--name", &name, "--model-endpoint", &endpoint, "--only", "nothing.example"];
    let mut command = bn_run(&world, &options, &script);
    let child = command.stdout(std::process::Stdio::piped()).stderr(std::process::Stdio::piped()).spawn().unwrap();
    let running = crate::running::Running::new(child, world.path("agent-1"));
    running.meet();
    let socket = containerd();
    let places = [world.root(), Path::new(&socket).parent().unwrap(), Path::new("/run/containerd")];
    assert_eq!(files_with(&key(&world), &places), Vec::<String>::new());
    for process in processes().iter().filter(|process| holds(&process.environment, &key(&world))) {
        assert!(process.command.contains("/bn container run"), "{} has the key", process.command);
    }
    assert!(!ctr(&["containers", "info", &name]).contains(&key(&world)));
    let inspected = world.bn(&["container", "inspect", &name]).exits(0).stdout;
    let inspected: serde_json::Value = serde_json::from_str(&inspected).unwrap();
    assert_eq!(inspected["models"]["anthropic"]["output_tokens"], 7, "{inspected}");
    let answer = running.go_on().exits(0);
    assert!(answer.stdout.contains("message_delta"), "{answer:#?}");
    assert!(answer.stdout.contains("\nANTHROPIC_API_KEY=bn-keeps-the-key-outside-of-this-container\n"), "{answer:#?}");
    assert!(answer.stdout.contains("\nANTHROPIC_BASE_URL=http://127.0.0.1:3129\n"), "{answer:#?}");
    assert!(!answer.stdout.contains(&key(&world)) && !answer.stderr.contains(&key(&world)), "{answer:#?}");
    let last = format!("{name}: nothing to merge into main (anthropic: 1 request, 11 tokens in, 7 out)");
    assert!(answer.stderr.lines().any(|line| line == last), "{answer:#?}");
    let heads = model.heads();
    assert!(heads.len() == 1 && heads[0].contains(&format!("\r\nx-api-key: {}\r\n", key(&world))), "{heads:?}");
    assert_eq!(files_with(&key(&world), &places), Vec::<String>::new());
}

#[test]
fn a_key_stays_outside_of_a_detached_run_and_in_no_file() {
    let world = World::new();
    let model = Model::start(&world.path("ca.pem"));
    let (name, endpoint) = (world.job(), model.endpoint("openai", "/v1"));
    let typed = format!("OPENAI_API_KEY={}", key(&world));
    let script = "curl -sS \"$OPENAI_BASE_URL/responses\" -d {}; echo \"$OPENAI_API_KEY $CODEX_API_KEY\"";
    let options = ["--name", &name, "--detach", "--env", &typed, "--model-endpoint", &endpoint];
    let mut command = bn_run(&world, &options, script);
    answer(command.env_remove("ANTHROPIC_API_KEY").output().unwrap()).exits(0);
    world.bn(&["container", "wait", &name]).exits(0);
    let logs = world.bn(&["container", "logs", &name]).stdout;
    assert!(logs.contains("message_delta") && !logs.contains(&key(&world)), "{logs}");
    let heads = model.heads();
    let bearer = format!("\r\nAuthorization: Bearer {}\r\n", key(&world));
    assert!(heads.len() == 1 && heads[0].starts_with("POST /v1/responses ") && heads[0].contains(&bearer), "{heads:?}");
    assert_eq!(files_with(&key(&world), &[world.root()]), Vec::<String>::new());
    let inspected = world.bn(&["container", "inspect", &name]).exits(0).stdout;
    assert!(inspected.contains("\"output_tokens\": 7"), "{inspected}");
}

#[test]
fn a_model_that_this_machine_does_not_trust_gets_no_key() {
    let world = World::new();
    let model = Model::start(&world.path("ca.pem"));
    Model::start(&world.path("ca.pem"));
    let answer = run(&world, &["--name", &world.job(), "--model-endpoint", &model.endpoint("anthropic", "")], ASK);
    assert!(
        answer.stdout.contains(&format!("bn: cannot reach localhost:{}: invalid peer certificate", model.port)),
        "{answer:#?}"
    );
    assert_eq!(model.heads(), Vec::<String>::new());
}

#[test]
fn a_key_goes_inside_where_that_is_wanted_and_only_there_without_a_proxy() {
    let world = World::new();
    let said = "echo \"key=$ANTHROPIC_API_KEY url=${ANTHROPIC_BASE_URL-}\"";
    let inside = format!("key={} url=\n", key(&world));
    for options in [["--keys", "inside"], ["--network", "none"]] {
        let answer = run(&world, &[&["--name", &world.job()][..], &options].concat(), said).exits(0);
        assert!(answer.stdout.contains(&inside), "{options:?}: {answer:#?}");
    }
    let elsewhere = ["--name", &world.job(), "--env", "ANTHROPIC_BASE_URL=http://localhost:4000"];
    let answer = run(&world, &elsewhere, said).exits(0);
    assert!(answer.stdout.contains(&format!("key={} url=http://localhost:4000", key(&world))), "{answer:#?}");
    assert!(answer.stderr.contains("--model-endpoint anthropic=URL keeps it outside"), "{answer:#?}");
}

#[test]
fn an_endpoint_that_makes_no_sense_leaves_nothing_behind() {
    let world = World::new();
    let refused = |options: &[&str]| run(&world, options, "true").exits(2).stderr;
    assert!(refused(&["--model-endpoint", "lab=https://lab.example"]).contains("its key is not set here"));
    assert!(refused(&["--model-endpoint", "lab=http://lab.example"]).contains("unencrypted"));
    assert!(
        refused(&["--model-endpoint", "anthropic=https://localhost", "--network", "none"])
            .contains("--network egress alone")
    );
    let mut command = bn_run(&world, &[], "true");
    let answer = answer(command.env("ANTHROPIC_API_KEY", "two words").output().unwrap()).exits(2);
    assert!(answer.stderr.contains("ANTHROPIC_API_KEY is no key"), "{answer:#?}");
    assert!(world.list().is_empty());
}

#[test]
fn a_key_that_was_given_once_is_used_from_outside_by_runs_of_its_agent() {
    used_from_outside("sk-ant-api-", "ANTHROPIC_API_KEY", "x-api-key: ");
}

#[test]
fn the_token_of_a_subscription_stays_outside_as_a_key_does() {
    used_from_outside("sk-ant-oat01-", "CLAUDE_CODE_OAUTH_TOKEN", "Authorization: Bearer ");
}

/// Signs in with a key that begins so; the agent has a placeholder in this variable, and the model gets the key in this field.
fn used_from_outside(beginning: &str, variable: &str, field: &str) {
    let world = World::new();
    let model = Model::start(&world.path("ca.pem"));
    let secret = format!("{beginning}{}", key(&world));
    fs::write(world.path("key"), &secret).unwrap();
    let mut login = world.bn_command(&["container", "login", "claude"]);
    answer(login.stdin(fs::File::open(world.path("key")).unwrap()).output().unwrap()).exits(0);
    fs::remove_file(world.path("key")).unwrap();
    world.shell("mkdir agent-1/bin && echo bin > repo/.git/info/exclude");
    let claude = format!("#!/bin/bash\n{ASK}; env; cat ~/.claude/.claude.json\n");
    fs::write(world.path("agent-1/bin/claude"), claude).unwrap();
    world.shell("chmod +x agent-1/bin/claude");
    let endpoint = model.endpoint("anthropic", "");
    let options = [
        "--name",
        &world.job(),
        "--model-endpoint",
        &endpoint,
        "--env",
        "PATH=/workspace/bin:/usr/local/bin:/usr/bin:/bin",
    ];
    let mut line = run_line("../agent-1", &options, "true");
    line.truncate(line.iter().position(|word| word == "--").unwrap());
    line.extend(["--agent".to_owned(), "claude".to_owned()]);
    let mut command = world.bn_command(&line);
    let answer = answer(command.env("SSL_CERT_FILE", world.path("ca.pem")).output().unwrap()).exits(0);
    assert!(answer.stdout.contains("message_delta") && answer.stdout.contains("customApiKeyResponses"), "{answer:#?}");
    let placeholder = format!("\n{variable}=bn-keeps-the-key-outside-of-this-container\n");
    assert!(answer.stdout.contains(&placeholder), "{answer:#?}");
    assert!(!answer.stdout.contains(&key(&world)) && !answer.stderr.contains("warning"), "{answer:#?}");
    let heads = model.heads();
    assert!(heads.len() == 1 && heads[0].contains(&format!("\r\n{field}{secret}\r\n")), "{heads:?}");
    let kept = world.path("home/.local/share/binnacle/logins/claude.json");
    assert_eq!(files_with(&key(&world), &[world.root()]), [kept.to_str().unwrap()]);
}
