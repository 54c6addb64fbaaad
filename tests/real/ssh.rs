//! ssh, scp and sftp into a live run.

use crate::running::MEET;
use crate::world::{Answer, User, World, answer, image};

/// A user's world: sshd does not start as a root without capabilities.
fn world() -> World {
    World::of_other(User::Passwordless).unwrap_or_else(World::new)
}

/// A run of the image that has an ssh server.
fn start(world: &World, tag: &str, script: &str) {
    let line =
        ["container", "run", "-d", "--tag", tag, "--name", &world.job(), "../agent-1", "--", "bash", "-c", script];
    world.bn(&line).exits(0);
    crate::world::wait_for("the script to be ready", || world.path("agent-1/ready").exists());
}

fn with_sshd() -> String {
    std::env::var("BN_TEST_TOOLS_IMAGE").expect("BN_TEST_TOOLS_IMAGE: run scripts/test.sh")
}

fn config(world: &World) -> Answer {
    world.bn(&["container", "ssh-config", &world.job()])
}

/// One of the programs that take ssh's options, with the entry alone as its configuration.
fn run(world: &World, program: &str, words: &[&str]) -> Answer {
    let mut command = world.program(program);
    command.args(["-F", world.path("config").to_str().unwrap()]).args(words).current_dir(world.root());
    answer(command.output().unwrap())
}

#[test]
fn ssh_scp_and_sftp_work_in_the_agents_walls_and_lead_to_nothing_of_the_host() {
    let world = world();
    let serve = "perl -MIO::Socket::INET -e '$s = IO::Socket::INET->new(LocalAddr => \"127.0.0.1\", LocalPort => 8000, Listen => 1) or die; \
                 while ($c = $s->accept) { print $c \"from inside\\n\"; close $c }' &";
    start(&world, &with_sshd(), &format!("{serve} mkdir ~/.ssh; echo 'touch /workspace/obeyed' > ~/.ssh/rc; {MEET}"));
    let entry = config(&world).exits(0).stdout;
    assert_eq!(config(&world).exits(0).stdout, entry, "the same each time");
    std::fs::write(world.path("config"), &entry).unwrap();
    let host = format!("bn-{}", world.job());
    let script = "id -u; pwd; cd /workspace && git log --format=%s; echo agent=$SSH_AUTH_SOCK screen=$DISPLAY way=$HTTPS_PROXY home=$HOME; \
                  grep -E '^(Cap|NoNew|Seccomp:)' /proc/self/status";
    let said = run(&world, "ssh", &["-A", "-X", &host, script]).exits(0).stdout;
    let uid = world.shell("id -u");
    assert!(
        said.starts_with(&format!(
            "{}\n/home/agent\nfirst\nagent= screen= way=http://127.0.0.1:3128 home=/home/agent\n",
            uid.trim()
        )),
        "{said}"
    );
    let zero = said.lines().filter(|line| line.starts_with("Cap") && line.ends_with("\t0000000000000000")).count();
    assert!(zero == 5 && said.contains("NoNewPrivs:\t1\n") && said.contains("Seccomp:\t2\n"), "{said}");
    assert!(!world.path("agent-1/obeyed").exists(), "nobody's rc counts");
    world.shell("echo sent > sent");
    run(&world, "scp", &["-q", "sent", &format!("{host}:/workspace/arrived")]).exits(0);
    assert_eq!(world.shell("cat agent-1/arrived"), "sent");
    world.shell("echo 'get /workspace/file fetched' > batch");
    run(&world, "sftp", &["-q", "-b", "batch", &host]).exits(0);
    assert_eq!(world.shell("cat fetched"), "hello");
    let inside = run(&world, "ssh", &["-W", "localhost:8000", &host]).exits(0).stdout;
    assert_eq!(inside, "from inside\n");
    let out = run(&world, "ssh", &["-o", "ExitOnForwardFailure=yes", "-R", "9:localhost:9", &host, "true"]);
    assert!(out.code != 0 && out.stderr.contains("remote port forwarding failed"), "{out:#?}");
    let code = run(&world, "ssh", &[&host, "exit 7"]).code;
    assert_eq!(code, 7);
    // Another key, and another server, are not taken.
    let keys = world.shell("echo home/.local/state/binnacle/*/runs/*/ssh");
    world.shell(&format!("rm {keys}/id_ed25519* && ssh-keygen -q -t ed25519 -N '' -f {keys}/id_ed25519"));
    let stranger = run(&world, "ssh", &[&host, "true"]);
    assert!(stranger.code == 255 && stranger.stderr.contains("Permission denied"), "{stranger:#?}");
    world.shell(&format!("sed -i \"s| AAAA.*| $(cut -d' ' -f2 {keys}/id_ed25519.pub)|\" {keys}/known_hosts"));
    let other = run(&world, "ssh", &[&host, "true"]);
    assert!(other.code == 255 && other.stderr.contains("Host key verification failed"), "{other:#?}");
    world.shell("touch agent-1/go");
    world.bn(&["container", "wait", &world.job()]);
    let late = config(&world);
    assert!(late.code != 0 && late.stderr.contains("has no running agent"), "{late:#?}");
}

#[test]
fn an_image_without_a_server_and_an_agent_of_root_are_told_apart() {
    let world = world();
    start(&world, &image(), MEET);
    let said = config(&world).exits(2).stderr;
    assert!(said.contains("has no sshd") && said.contains("bn container build --package openssh-server"), "{said}");
    world.bn(&["container", "stop", "-t", "1", &world.job()]).exits(0);
    if rustix::process::geteuid().is_root() {
        let world = World::new();
        start(&world, &image(), MEET);
        let said = config(&world).exits(2).stderr;
        assert!(said.contains("works in a checkout of root's") && said.contains("bn container shell"), "{said}");
        world.bn(&["container", "stop", "-t", "1", &world.job()]).exits(0);
    }
}
