# A page with a websocket, as development servers have one: serve.pl PORT. What the page's script hears stands in the page.
use strict;
use IO::Socket::IP;
use Digest::SHA qw(sha1);
use MIME::Base64;

my $PAGE = <<'HTML';
<!doctype html><title>live</title><p id="heard">nothing</p>
<script>
  const socket = new WebSocket(`ws://${location.host}/live`);
  socket.onopen = () => socket.send("grüße " + "x".repeat(70000));
  socket.onmessage = (event) => { document.getElementById("heard").textContent = `heard ${event.data.length} ${event.data.slice(0, 12)}`; };
  socket.onerror = () => { document.getElementById("heard").textContent = "an error"; };
</script>
HTML

sub take {
    my ($client, $count) = @_;
    my $bytes = "";
    while (length $bytes < $count) { read($client, $bytes, $count - length $bytes, length $bytes) or exit }
    return $bytes;
}

sub frame {
    my ($opcode, $text) = @_;
    my $length = length $text;
    return pack("CC", 0x80 | $opcode, $length) . $text if $length < 126;
    return pack("CCn", 0x80 | $opcode, 126, $length) . $text if $length < 65536;
    return pack("CCQ>", 0x80 | $opcode, 127, $length) . $text;
}

sub talk {
    my ($client, $key) = @_;
    my $accept = encode_base64(sha1($key . "258EAFA5-E914-47DA-95CA-C5AB0DC85B11"), "");
    print $client "HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Accept: $accept\r\n\r\n";
    while (1) {
        my ($first, $length) = unpack "CC", take($client, 2);
        $length &= 127;
        $length = unpack "n", take($client, 2) if $length == 126;
        $length = unpack "Q>", take($client, 8) if $length == 127;
        my @mask = unpack "C4", take($client, 4);
        my @bytes = unpack "C*", take($client, $length);
        $bytes[$_] ^= $mask[$_ & 3] for 0 .. $#bytes;
        my ($opcode, $text) = ($first & 15, pack "C*", @bytes);
        if ($opcode == 8) { print $client frame(8, $text); return }
        if ($opcode == 9) { print $client frame(10, $text) }
        else { print $client frame($opcode, $text) }
    }
}

my $server = IO::Socket::IP->new(LocalHost => "127.0.0.1", LocalPort => $ARGV[0], Listen => 50, ReuseAddr => 1) or die "$@\n";
$SIG{CHLD} = "IGNORE";
while (my $client = $server->accept) {
    next if fork;
    binmode $client;
    $client->autoflush(1);
    my %head;
    <$client>;
    while ((my $line = <$client>) =~ /^([\w-]+):\s*(.*?)\r?$/) { $head{lc $1} = $2 }
    if ($head{"sec-websocket-key"}) { talk($client, $head{"sec-websocket-key"}) }
    else { print $client "HTTP/1.1 200 OK\r\nContent-Type: text/html; charset=utf-8\r\nConnection: close\r\nContent-Length: " . length($PAGE) . "\r\n\r\n$PAGE" }
    exit;
}
