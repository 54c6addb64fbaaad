//! Everything that listens on the host, directly and by way of the proxy.

use super::Attack;

/// Says a word to a socket of perl's making.
macro_rules! perl {
    ($setup:literal) => {
        concat!("perl -MSocket -e '", $setup, " or die $!; send(S, \"hit-$ENV{N}\\n\", 0) or die $!; sleep 1'")
    };
}

/// By way of the proxy, where there is one.
macro_rules! curl {
    ($url:literal) => {
        concat!("curl -sS -m 4 --noproxy '' -d hit-$N ", $url)
    };
}

pub const ATTACKS: &[Attack] = &[
    Attack::new("tcp-to-localhost", "exec 3<>/dev/tcp/127.0.0.1/$PORT; echo hit-$N >&3; sleep 1"),
    Attack::new("tcp-to-localhost-6", "exec 3<>/dev/tcp/::1/$PORT; echo hit-$N >&3; sleep 1"),
    Attack::new("tcp-to-the-host", "exec 3<>/dev/tcp/$ADDRESS/$PORT; echo hit-$N >&3; sleep 1"),
    Attack::new("udp-to-localhost", "echo hit-$N > /dev/udp/127.0.0.1/$PORT"),
    Attack::new("udp-to-the-host", "echo hit-$N > /dev/udp/$ADDRESS/$PORT"),
    Attack::new(
        "abstract-socket",
        perl!("socket(S, AF_UNIX, SOCK_STREAM, 0) && connect(S, pack(\"Sa*\", 1, \"\\0$ENV{X}\"))"),
    ),
    Attack::new(
        "socket-in-the-file-system",
        perl!("socket(S, AF_UNIX, SOCK_STREAM, 0) && connect(S, pack_sockaddr_un(\"$ENV{W}/host.sock\"))"),
    ),
    Attack::new(
        "socket-in-the-worktree",
        perl!("socket(S, AF_UNIX, SOCK_STREAM, 0) && connect(S, pack_sockaddr_un(\"/workspace/served.sock\"))"),
    ),
    Attack::new(
        "socket-in-the-worktree-by-another-name",
        perl!(
            "(link(\"/workspace/served.sock\", \"/workspace/other.sock\"), rename(\"/workspace/served.sock\", \"/workspace/other.sock\"), socket(S, AF_UNIX, SOCK_STREAM, 0)) && (connect(S, pack_sockaddr_un(\"/workspace/other.sock\")) || connect(S, pack_sockaddr_un(\"/workspace/served.sock\")))"
        ),
    ),
    Attack::new(
        "socket-through-the-first-process",
        perl!(
            "(chdir(\"/proc/1/root$ENV{W}\") || chdir(\"/proc/$ENV{SLEEPER}/root$ENV{W}\")) && socket(S, AF_UNIX, SOCK_STREAM, 0) && connect(S, pack_sockaddr_un(\"host.sock\"))"
        ),
    ),
    Attack::new(
        "listen-to-the-wire",
        "perl -e 'socket(S, 17, 3, 0x300) or die $!; $SIG{ALRM} = sub { exit 1 }; alarm 4; while (recv(S, $b, 65536, 0), 1) { if ($b =~ /on-the-wire-$ENV{X}/) { print $ENV{SECRET}; exit } }' > $LOOT",
    ),
    Attack::new("raw-socket", "perl -e 'exit(!socket(S, 2, 3, 255))' && echo $SECRET > $LOOT"),
    Attack::new("proxy-to-localhost", curl!("http://127.0.0.1:$PORT/")),
    Attack::new("proxy-to-localhost-by-name", curl!("http://localhost:$PORT/")),
    Attack::new("proxy-tunnel-to-localhost", curl!("-p http://127.0.0.1:$PORT/")),
    Attack::new("proxy-to-localhost-6", curl!("'http://[::1]:'$PORT/")),
    Attack::new("proxy-to-mapped-localhost", curl!("'http://[::ffff:127.0.0.1]:'$PORT/")),
    Attack::new("proxy-to-decimal-localhost", curl!("http://2130706433:$PORT/")),
    Attack::new("proxy-to-short-localhost", curl!("http://127.1:$PORT/")),
    Attack::new("proxy-to-zero", curl!("http://0.0.0.0:$PORT/")),
    Attack::new("proxy-to-the-host", curl!("http://$ADDRESS:$PORT/")),
    Attack::new("proxy-tunnel-to-the-host", curl!("-p http://$ADDRESS:$PORT/")),
    Attack::new("proxy-with-another-host-header", curl!("-H 'Host: example.org' http://$ADDRESS:$PORT/")),
];
