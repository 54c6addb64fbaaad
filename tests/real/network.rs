//! Ordinary work through the proxy, between a real container and servers on this machine.

use std::io::{Read, Write};
use std::net::{Shutdown, TcpListener, TcpStream};
use std::process::Stdio;
use std::thread;
use std::time::Duration;

use crate::running::MEET;
use crate::world::{World, wait_for};

/// A server on this machine's loopback that does one thing with each of its connections; its port.
fn server(serve: fn(TcpStream)) -> u16 {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let port = listener.local_addr().unwrap().port();
    thread::spawn(move || listener.incoming().flatten().for_each(|stream| drop(thread::spawn(move || serve(stream)))));
    port
}

fn read_head(stream: &mut TcpStream) -> String {
    let (mut head, mut byte) = (Vec::new(), [0]);
    while !head.ends_with(b"\r\n\r\n") && stream.read(&mut byte).is_ok_and(|count| count == 1) {
        head.push(byte[0]);
    }
    String::from_utf8_lossy(&head).into_owned()
}

fn web(mut stream: TcpStream) {
    read_head(&mut stream);
    drop(stream.write_all(b"HTTP/1.1 200 OK\r\nContent-Length: 6\r\n\r\ncanary"));
}

/// Says half of what it promised, and is gone.
fn breaking(mut stream: TcpStream) {
    read_head(&mut stream);
    drop(stream.write_all(b"HTTP/1.1 200 OK\r\n\r\nhalf of it"));
    thread::sleep(Duration::from_millis(200));
    rustix::net::sockopt::set_socket_linger(&stream, Some(Duration::ZERO)).unwrap();
}

/// Tells how much it heard, once it has heard everything.
fn counting(mut stream: TcpStream) {
    let mut heard = Vec::new();
    drop(stream.read_to_end(&mut heard));
    drop(stream.write_all(format!("{} bytes\n", heard.len()).as_bytes()));
}

/// One word a second.
fn dripping(mut stream: TcpStream) {
    read_head(&mut stream);
    drop(stream.write_all(b"HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\n\r\n"));
    for word in ["one ", "two ", "three"] {
        thread::sleep(Duration::from_secs(1));
        drop(stream.write_all(word.as_bytes()));
    }
    drop(stream.shutdown(Shutdown::Write));
}

fn allow(port: u16) -> String {
    format!("localhost:{port}")
}

#[test]
fn what_is_refused_is_summed_up_with_the_flag_that_lets_it_through() {
    let world = World::new();
    let port = server(web);
    // Through the proxy on purpose: by itself curl keeps to the container's own loopback.
    let script = format!(
        "curl -sS --noproxy '' http://localhost:{port}/secret?token=hunter2; cp /run/binnacle/egress/egress.log ."
    );
    let answer = world.run(&script).exits(0);
    assert!(answer.stdout.contains(&format!("bn: refused: localhost:{port}: loopback address")), "{answer:#?}");
    let flags = format!("these flags would have let it through: --allow localhost:{port}\n");
    assert!(answer.stderr.contains(&flags), "{answer:#?}");
    let log = world.shell("cat agent-1/egress.log");
    assert!(log.contains(&format!(" refused localhost:{port} ")) && !log.contains("hunter2"), "{log}");
    let options = ["--name", &world.name("again"), "--allow", &allow(port)];
    let answer = world.agent(&options, &script).exits(0);
    assert!(answer.stdout.contains("canary") && !answer.stderr.contains("the network refused"), "{answer:#?}");
}

#[test]
fn what_is_refused_first_is_said_at_once_and_a_flood_of_it_is_no_flood_of_words() {
    let world = World::new();
    let name = world.job();
    let many = "seq 30 | xargs -P 8 -I N curl -s --noproxy '' -o /dev/null http://hostN.corp:81/";
    // As a package manager asks again and again.
    let script = format!(
        "for i in $(seq 200); do curl -s --noproxy '' -o /dev/null http://10.0.0.7:4873/; done; {MEET}; {many}; {MEET}"
    );
    let mut running = world.start(&["--name", &name, "--only", "registry.corp"], &script);
    let said = running.stderr();
    running.meet();
    let mut follow = world.bn_command(&["container", "logs", "--follow", &name]);
    let follow = follow.stdout(Stdio::null()).stderr(Stdio::piped()).spawn().unwrap();
    let first = format!(
        "the network refused 10.0.0.7:4873: not on the allowlist; to open it: bn container allow {name} 10.0.0.7:4873\n"
    );
    wait_for("the first refusal", || said.so_far().contains(&first));
    assert_eq!(world.row(&name)["refused"], serde_json::json!(["10.0.0.7:4873"]));
    let listed = world.bn(&["container", "list"]).exits(0).stdout;
    assert!(
        listed.contains("the network refused 10.0.0.7:4873: ")
            && listed.contains(&format!("bn container allow {name} 10.0.0.7:4873")),
        "{listed}"
    );
    std::fs::write(world.path("agent-1/go"), "").unwrap();
    let more = "the network refuses still more hosts: bn container list";
    wait_for("the end of the flood", || said.so_far().contains(more));
    running.meet();
    assert!(world.bn(&["container", "list"]).exits(0).stdout.contains("10.0.0.7:4873 and 30 more hosts"));
    running.go_on();
    let all = said.so_far();
    let once = |text: &str| text.matches(&first).count() == 1 && text.matches("the network refused ").count() == 10;
    assert!(once(&all) && all.matches(more).count() == 1, "{all}");
    let followed = String::from_utf8(follow.wait_with_output().unwrap().stderr).unwrap();
    assert!(once(&followed) && followed.matches(more).count() == 1, "{followed}");
    assert_eq!(world.row(&name)["refused"].as_array().unwrap().len(), 31);
}

#[test]
fn the_host_opens_more_for_a_run_that_is_going_on() {
    let world = World::new();
    let port = server(web);
    let name = world.job();
    let script = format!("curl -sS http://localhost:{port}/ && exit 9; {MEET}; curl -sS http://localhost:{port}/");
    let running = world.start(&["--name", &name], &script);
    running.meet();
    let refused = world.bn(&["container", "allow", &name, "169.254.169.254"]).exits(2);
    assert!(refused.stderr.contains("never opens"), "{refused:#?}");
    world.bn(&["container", "allow", &name, &allow(port)]).exits(0);
    // The relay inside opens the port within the second.
    thread::sleep(Duration::from_secs(1));
    let answer = running.go_on().exits(0);
    assert!(answer.stdout.contains("canary"), "{answer:#?}");
}

#[test]
fn a_server_that_breaks_off_is_broken_inside() {
    let world = World::new();
    let port = server(breaking);
    let curl = |options: &str| format!("curl -s {options} http://localhost:{port}/; echo \"<$?>\"");
    let script = [curl(""), curl("--noproxy ''"), curl("--noproxy '' -p")].join("; ");
    let answer = world.agent(&["--name", &world.job(), "--allow", &allow(port)], &script).exits(0);
    assert_eq!(answer.stdout.matches("half of it<56>").count(), 3, "{answer:#?}");
}

#[test]
fn a_client_that_has_said_everything_gets_its_answer() {
    let world = World::new();
    let port = server(counting);
    let script = format!(
        "exec 3<>/dev/tcp/localhost/{port}; head -c 100000 /dev/zero >&3; \
         perl -e 'open(S, \"+<&=3\"); shutdown(S, 1)'; cat <&3"
    );
    let answer = world.agent(&["--name", &world.job(), "--allow", &allow(port)], &script).exits(0);
    assert!(answer.stdout.contains("100000 bytes\n"), "{answer:#?}");
}

#[test]
fn streams_and_a_hundred_at_once() {
    let world = World::new();
    let (drip, many) = (server(dripping), server(web));
    let script = format!(
        "curl -sSN --noproxy '' http://localhost:{drip}/; echo; \
         seq 100 | xargs -P 100 -I N curl -sS --noproxy '' -p http://localhost:{many}/ | grep -o canary | wc -l"
    );
    let options = ["--name", &world.job(), "--allow", &allow(drip), "--allow", &allow(many)];
    let answer = world.agent(&options, &script).exits(0);
    assert!(answer.stdout.contains("one two three\n100\n"), "{answer:#?}");
}

#[test]
fn the_way_out_outlives_the_relay_and_ends_with_the_run() {
    let world = World::new();
    let port = server(web);
    let name = world.job();
    let script = format!(
        "for p in /proc/[0-9]*; do if grep -qsz '^relay$' $p/cmdline; then kill -9 ${{p#/proc/}} && echo killed; fi; done; \
         curl -sS --noproxy '' http://localhost:{port}/; echo; {MEET}"
    );
    let running = world.start(&["--name", &name, "--allow", &allow(port)], &script);
    running.meet();
    let socket = format!("run/binnacle/{name}/egress/proxy.sock");
    assert!(world.path(&socket).exists(), "{socket}");
    let answer = running.go_on().exits(0);
    assert!(answer.stdout.contains("killed\ncanary\n"), "{answer:#?}");
    wait_for("the socket to go", || !world.path(&socket).exists());
}

#[test]
fn an_allowlist_lets_nothing_else_through_and_none_is_none() {
    let world = World::new();
    let port = server(web);
    let script = format!(
        "curl -sS --noproxy '' http://localhost:{port}/; curl -sS http://example.com/; \
         [ \"$(ls /sys/class/net)\" = lo ] && echo alone"
    );
    let options = ["--name", &world.job(), "--only", &allow(port)];
    let answer = world.agent(&options, &script).exits(0);
    assert!(answer.stdout.contains("canary") && answer.stdout.contains("alone"), "{answer:#?}");
    assert!(answer.stdout.contains("bn: refused: example.com:80: not on the allowlist"), "{answer:#?}");
    let script = "env | grep -i _proxy; [ -e /run/binnacle/egress ] || echo nothing";
    let answer = world.agent(&["--name", &world.name("none"), "--network", "none"], script).exits(0);
    assert!(answer.stdout.contains("nothing") && !answer.stdout.contains("_PROXY"), "{answer:#?}");
}

/// Requests that are none, in their thousands: cut off, endless, full of NULs, slow, and many at once.
const RUBBISH: &str = r#"
    use Socket;
    sub reach { socket(my $s, AF_UNIX, SOCK_STREAM, 0); connect($s, pack_sockaddr_un("/run/binnacle/egress/proxy.sock")) ? $s : undef }
    $SIG{PIPE} = "IGNORE";
    srand(4711);
    sub noise { join("", map { chr(int(rand(256))) } 1 .. shift) }
    my @kinds = (
        sub { noise(300) },
        sub { "GET http://localhost:1/ HTTP/1.1\r\n" . "X: " . "a" x 100_000 },
        sub { "GET /\0 HTTP/1.1\r\nHost: \0\r\n\r\n" },
        sub { "CONNECT " . noise(50) . ":443 HTTP/1.1\r\n\r\n" },
        sub { "POST http://localhost:1/ HTTP/1.1\r\nTransfer-Encoding: chunked\r\nContent-Length: 5\r\n\r\nffffffffffffffff\r\n" },
        sub { "CONNECT 127.0.0.1:1 HTTP/1.1\r\n" . "A: b\r\n" x 5000 . "\r\n" },
        sub { "\r\n" x 1000 },
        sub { "" },
    );
    for my $turn (1 .. 4000) {
        my $s = reach() or next;
        syswrite($s, $kinds[$turn % @kinds]->());
        push @kept, $s if $turn % 4 == 0 && @kept < 900;
    }
    print scalar(@kept), " left open\n";
"#;

#[test]
fn rubbish_costs_little_memory_and_ends_nothing() {
    let world = World::new();
    let port = server(web);
    std::fs::write(world.path("agent-1/rubbish.pl"), RUBBISH).unwrap();
    let script = format!("perl rubbish.pl; {MEET}; curl -sS --noproxy '' http://localhost:{port}/");
    let running = world.start(&["--name", &world.job(), "--allow", &allow(port)], &script);
    running.meet();
    let status = std::fs::read_to_string(format!("/proc/{}/status", running.pid())).unwrap();
    let peak = status.lines().find_map(|line| line.strip_prefix("VmHWM:")?.trim().strip_suffix(" kB")).unwrap();
    assert!(peak.parse::<u64>().unwrap() < 128 << 10, "at its peak bn took {peak} KiB");
    let answer = running.go_on().exits(0);
    assert!(answer.stdout.contains(" left open\n") && answer.stdout.contains("canary"), "{answer:#?}");
}

#[test]
fn what_could_be_reached_is_known_before_anybody_tries() {
    let world = World::new();
    let job = world.job();
    world.agent(&["--detach", "--name", &job, "--only", "*.corp.example", "localhost:5432"], "sleep 100").exits(0);
    let check = |host: &str| world.bn(&["container", "allow", &job, "--check", host]);
    for (host, code, said) in [
        (
            "10.0.0.1",
            1,
            format!(
                "10.0.0.1:443 at 10.0.0.1 is closed: not on the allowlist\nto open it: bn container allow {job} 10.0.0.1:443\n"
            ),
        ),
        (
            "example.org:80",
            1,
            format!(
                "example.org:80 is closed: not on the allowlist\nto open it: bn container allow {job} example.org:80\n"
            ),
        ),
        ("localhost:5432", 0, "localhost:5432 at 127.0.0.1 is open: by the rule localhost:5432\n".to_owned()),
        ("169.254.169.254:80", 1, "bn never opens that\n".to_owned()),
    ] {
        let answer = check(host).exits(code);
        assert!(answer.stdout.ends_with(&said), "{host}: {answer:#?}");
    }
    world.bn(&["container", "allow", &job, "10.0.0.1"]).exits(0);
    assert!(check("10.0.0.1").exits(0).stdout.contains("is open: by the rule 10.0.0.1"));
    let none = world.bn(&["container", "allow", "--check", "10.0.0.1:80"]).exits(1);
    assert!(none.stdout.contains("bn container run --allow 10.0.0.1:80"), "{none:#?}");
    let public = world.bn(&["container", "allow", "--check", "1.1.1.1:443"]).exits(0);
    assert!(public.stdout.contains("every public host is"), "{public:#?}");
    assert!(world.bn(&["container", "allow", "--check", "https://x.org/"]).exits(2).stderr.contains("such as"));
    world.bn(&["container", "stop", &job, "-t", "0"]);
}
