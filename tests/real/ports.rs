//! Ports of this machine that lead into a real container, and what an agent could make of that.

use std::collections::BTreeSet;
use std::io::{BufRead, BufReader, Read, Write};
use std::net::TcpStream;
use std::time::Duration;

use crate::running::MEET;
use crate::world::{World, wait_for};

/// Answers each line with itself, client after client, at the address that it is given.
const ECHO: &str = r#"use IO::Socket::IP; my $s = IO::Socket::IP->new(LocalAddr => $ARGV[0], LocalPort => $ARGV[1], Listen => 200, ReuseAddr => 1) or die $!;
    $SIG{CHLD} = "IGNORE"; while (my $c = $s->accept) { next if fork; $c->autoflush(1); while (<$c>) { print $c "inside: $_" } exit }"#;

fn echo(world: &World, address: &str, port: u16) -> String {
    std::fs::write(world.path("agent-1/echo.pl"), ECHO).unwrap();
    format!("perl echo.pl {address} {port} & {MEET}")
}

/// The ports of this machine, by those of the container that they lead to.
pub fn led_to(world: &World, name: &str, inside: u16) -> Vec<String> {
    let listed = world.bn(&["container", "port", name, "--json"]).exits(0).stdout;
    let listed: serde_json::Value = serde_json::from_str(&listed).unwrap();
    let ports = listed["ports"].as_array().unwrap().iter().filter(|port| port["port"] == inside);
    let addresses = ports.flat_map(|port| port["addresses"].as_array().unwrap());
    addresses.map(|address| address.as_str().unwrap().to_owned()).collect()
}

/// A client that has said a line and heard the answer.
fn talk(address: &str, line: &str) -> Option<BufReader<TcpStream>> {
    let mut stream = TcpStream::connect(address).ok()?;
    stream.set_read_timeout(Some(Duration::from_secs(10))).unwrap();
    stream.write_all(format!("{line}\n").as_bytes()).ok()?;
    let mut reader = BufReader::new(stream);
    let mut answer = String::new();
    reader.read_line(&mut answer).ok()?;
    (answer == format!("inside: {line}\n")).then_some(reader)
}

/// Once the program inside listens.
fn reach(address: &str) -> BufReader<TcpStream> {
    let mut client = None;
    wait_for("the program inside", || {
        client = talk(address, "hello");
        client.is_some()
    });
    client.unwrap()
}

#[test]
fn a_published_port_leads_to_the_program_inside_for_as_long_as_the_run_lasts() {
    for network in ["egress", "none"] {
        let world = World::new();
        let name = world.job();
        let script = echo(&world, "127.0.0.1", 3000);
        let running = world.start(&["--name", &name, "--network", network, "--publish", ":3000"], &script);
        running.meet();
        let addresses = led_to(&world, &name, 3000);
        assert!(addresses.iter().all(|address| address.starts_with("127.0.0.1:") || address.starts_with("[::1]:")));
        let mut client = reach(&addresses[0]);
        // Back and forth, as a websocket does, and from the other family.
        for number in 0..50 {
            client.get_mut().write_all(format!("{number}\n").as_bytes()).unwrap();
            let mut answer = String::new();
            client.read_line(&mut answer).unwrap();
            assert_eq!(answer, format!("inside: {number}\n"));
        }
        for address in &addresses {
            reach(address);
        }
        let row = world.row(&name);
        assert_eq!(row["ports"][0]["port"], 3000, "{row:#?}");
        let host = addresses[0].rsplit_once(':').unwrap().1;
        let listed = world.bn(&["container", "list"]).exits(0).stdout;
        assert!(listed.contains("PORTS") && listed.contains(&format!("{host}->3000")), "{listed}");
        let inspected: serde_json::Value =
            serde_json::from_str(&world.bn(&["container", "inspect", &name]).exits(0).stdout).unwrap();
        assert_eq!(inspected["ports"], row["ports"]);
        let answer = running.go_on().exits(0);
        assert!(
            answer.stderr.contains(&format!("{} leads to port 3000 of the container\n", addresses[0])),
            "{answer:#?}"
        );
        assert_eq!(client.read(&mut [0]).unwrap_or(0), 0, "the connection ends with the run");
        assert!(TcpStream::connect(&addresses[0]).is_err(), "the port is closed");
        assert_eq!(world.row(&name)["ports"], serde_json::json!([]));
    }
}

#[test]
fn a_port_is_opened_for_a_run_that_is_going_on() {
    let world = World::new();
    let name = world.job();
    // A server that takes the newer family alone.
    let running = world.start(&["--name", &name], &echo(&world, "::1", 5173));
    running.meet();
    let none = world.bn(&["container", "port", &name]).exits(0);
    assert!(none.stderr.contains(&format!("bn container port {name} PORT opens one")), "{none:#?}");
    world.bn(&["container", "port", &name, ":5173"]).exits(0);
    let addresses = led_to(&world, &name, 5173);
    reach(&addresses[0]);
    // A second wish for the same opens nothing more.
    world.bn(&["container", "port", &name, ":5173"]).exits(0);
    assert_eq!(led_to(&world, &name, 5173), addresses);

    let taken = addresses[0].rsplit_once(':').unwrap().1;
    let refused = world.bn(&["container", "port", &name, &format!("{taken}:8000")]).exits(2);
    let holds = format!("{name}: port {taken} of this machine cannot be published: the run {name} has it\n");
    assert!(refused.stderr.contains(&holds), "{refused:#?}");
    assert!(
        refused.stderr.contains(&format!("hint: any port that is free: bn container port {name} :8000")),
        "{refused:#?}"
    );
    let other = world.name("other");
    let refused = world.agent(&["--name", &other, "--publish", &format!("{taken}:3000")], "true").exits(125);
    let holds = format!("port {taken} of this machine cannot be published: the run {name} has it\n");
    assert!(refused.stderr.contains(&holds), "{refused:#?}");
    assert!(refused.stderr.contains(&format!("or end that run: bn container stop {name}\n")), "{refused:#?}");
    world.bn(&["container", "port", &name, "x"]).exits(2);

    let open = world.bn(&["container", "port", &name, "0.0.0.0:0:5173"]).exits(0);
    assert!(open.stderr.contains("warning: port 5173 of the container is open to every network"), "{open:#?}");
    running.go_on().exits(0);
    let gone = world.bn(&["container", "port", &name, "5173"]);
    assert!(gone.code != 0 && gone.stderr.contains(&name), "{gone:#?}");
    let own = world.agent(&["--name", &other, "--network", "host", "--publish", "3000"], "true").exits(2);
    assert!(own.stderr.contains("--network host the ports of the container are this machine's own"), "{own:#?}");
}

/// Puts itself in the dialler's place, and hands the host whatever it can.
const HOSTILE: &str = r#"
    use Socket; use IO::Socket::IP;
    $SIG{PIPE} = "IGNORE";
    sub reach { socket(my $s, AF_UNIX, SOCK_STREAM, 0); connect($s, pack_sockaddr_un("/run/binnacle/ports/ports.sock")) ? $s : undef }
    for my $p (glob "/proc/[0-9]*/cmdline") { local (@ARGV, $/) = $p; my $c = <>; my ($pid) = $p =~ /(\d+)/; kill 9, $pid if $c =~ /\0dialler\0/ }
    select undef, undef, undef, 0.5;
    my $dialler = reach() or die; syswrite $dialler, "dialler\n";
    for my $turn (1 .. 2000) {
        my $s = reach() or next;
        syswrite $s, ("dialled $turn\n", "dialler\n", "dialled 18446744073709551615\n", "x" x 5000, "\0bn port 80\n", "port 80\n", "")[$turn % 7];
        push @kept, $s if @kept < 600;
    }
    # Asked to connect, it answers without a socket, and then with rubbish on the very connection.
    my $asked = <$dialler>; print "asked: $asked";
    my ($client) = $asked =~ /dial (\d+)/; @kept = ();
    select undef, undef, undef, 0.5;
    my $s = reach() or die; syswrite $s, "dialled $client\n"; close $s;
    syswrite $dialler, "publish 0.0.0.0:1:1\n" x 1000;
    open my $w, ">", "/run/binnacle/ports/more" and print "written\n";
    unlink "/run/binnacle/ports/ports.sock" and print "removed\n";
"#;

#[test]
fn an_agent_opens_no_port_of_the_host_and_leads_none_elsewhere() {
    let world = World::new();
    let name = world.job();
    std::fs::write(world.path("agent-1/hostile.pl"), HOSTILE).unwrap();
    let script = format!("{MEET}; perl hostile.pl; bn container dialler & {}", echo(&world, "127.0.0.1", 3000));
    let running = world.start(&["--name", &name, "--publish", ":3000"], &script);
    running.meet();
    let address = &led_to(&world, &name, 3000)[0];
    let before = listening(running.pid());
    std::fs::write(world.path("agent-1/go"), "").unwrap();
    // The first client for which the agent is asked is turned away; all others wait for the real dialler, which comes back.
    reach(address);
    assert_eq!(listening(running.pid()), before, "the agent opened a port");
    running.meet();
    let answer = running.go_on().exits(0);
    assert!(answer.stdout.contains("asked: dial "), "{answer:#?}");
    assert!(!answer.stdout.contains("written") && !answer.stdout.contains("removed"), "{answer:#?}");
}

/// The TCP sockets on which a process listens.
fn listening(pid: i32) -> BTreeSet<String> {
    let own: BTreeSet<String> = std::fs::read_dir(format!("/proc/{pid}/fd"))
        .unwrap()
        .filter_map(|fd| Some(std::fs::read_link(fd.ok()?.path()).ok()?.to_str()?.to_owned()))
        .collect();
    let tables = ["tcp", "tcp6"].map(|table| std::fs::read_to_string(format!("/proc/{pid}/net/{table}")).unwrap());
    let lines =
        tables.iter().flat_map(|table| table.lines().skip(1)).map(|line| line.split_whitespace().collect::<Vec<_>>());
    let listens = |words: &Vec<&str>| words[3] == "0A" && own.contains(&format!("socket:[{}]", words[9]));
    lines.filter(listens).map(|words| words[1].to_owned()).collect()
}

#[test]
fn so_many_clients_at_once_and_no_more() {
    let world = World::new();
    let name = world.job();
    let running = world.start(&["--name", &name, "--publish", ":3000"], &echo(&world, "127.0.0.1", 3000));
    running.meet();
    let address = &led_to(&world, &name, 3000)[0];
    reach(address);
    let mut clients: Vec<_> = (0..160).filter_map(|_| talk(address, "stay")).collect();
    assert!((100..=128).contains(&clients.len()), "{} clients", clients.len());
    clients.clear();
    reach(address);
    running.go_on().exits(0);
}
