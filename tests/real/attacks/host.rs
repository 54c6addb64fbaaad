//! What there is to attack on the host: listeners, processes, shared memory, files that only root may read.

use std::io::Read;
use std::net::{Ipv6Addr, TcpListener, UdpSocket};
use std::os::linux::net::SocketAddrExt;
use std::os::unix::net::{SocketAddr, UnixListener};
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::sync::{Arc, Mutex};
use std::thread;
use std::time::Duration;

use crate::world::{World, answer, patience};

pub struct Host {
    /// A word that nothing else on this machine has.
    pub word: String,
    port: u16,
    heard: Arc<Mutex<String>>,
    victim: Child,
    sleeper: Child,
    key: u32,
    /// The disk that this test's files are on.
    pub disk: Option<String>,
}

impl Host {
    pub fn new(world: &World) -> Self {
        let word = world.unique("word");
        let heard = Arc::new(Mutex::new(String::new()));
        let tcp = TcpListener::bind((Ipv6Addr::UNSPECIFIED, 0)).unwrap();
        let port = tcp.local_addr().unwrap().port();
        let udp = UdpSocket::bind((Ipv6Addr::UNSPECIFIED, port)).unwrap();
        let path = world.path("host.sock");
        let file = UnixListener::bind(&path).unwrap();
        let served = UnixListener::bind(world.path("agent-1/served.sock")).unwrap();
        let hidden = UnixListener::bind_addr(&SocketAddr::from_abstract_name(&word).unwrap()).unwrap();
        root(&format!("chmod 777 {}", path.display()));
        root(&format!("chmod 777 {}/agent-1/served.sock", world.root().display()));
        listen(&heard, move || Some(served.accept().ok()?.0));
        listen(&heard, move || Some(tcp.accept().ok()?.0));
        listen(&heard, move || Some(file.accept().ok()?.0));
        listen(&heard, move || Some(hidden.accept().ok()?.0));
        hear_datagrams(&heard, udp);
        speak(format!("on-the-wire-{word}"));
        let sleep = |name: &str| {
            let mut command = world.program("sleep");
            command
                .arg(patience(600).as_secs().to_string())
                .env("CANARY", format!("canary-of-a-stranger-{word}"))
                .env("ROLE", name)
                .stdout(Stdio::null());
            command.spawn().unwrap()
        };
        let (victim, sleeper) = (sleep("victim"), sleep("sleeper"));
        let key = 0x626e_0000 | u32::from(port);
        let secret = secret(&word, "read-shared-memory-of-system-v");
        root(&format!(
            "perl -e '$i = shmget({key}, 64, 01666); defined $i or die $!; shmwrite($i, \"{secret}\", 0, 64) or die $!'"
        ));
        root(&format!(
            "cd {}/agent-1; for f in rootonly rootonly-1 rootonly-2 rootonly-3; do echo root-only > $f; chmod 400 $f; chown 0:0 $f; done; \
             cp /bin/cat suid-cat; chown 0:0 suid-cat; chmod 4755 suid-cat",
            world.root().display()
        ));
        let disk = disk(world.root());
        Self { word, port, heard, victim, sleeper, key, disk }
    }

    pub fn secret(&self, name: &str) -> String {
        secret(&self.word, name)
    }

    /// For the scripts: where everything is.
    pub fn variables(&self, world: &World) -> String {
        let root = world.root().display();
        let address = world.shell("hostname -I").split_whitespace().next().unwrap_or("127.0.0.1").to_owned();
        let disk = world.shell("mountpoint -d $(findmnt -no TARGET -T .) | tr : ' '");
        let user = world.shell("id -u");
        format!(
            "export W={root} C={root}/canary X={x} PORT={port} ADDRESS={address} DISK='{disk}' U={user} KEY={key} PATIENCE={patience}\n\
             export HANDLE={handle} VICTIM={victim} SLEEPER={sleeper} LOOT=/workspace/loot/$N N\n\
             as_user() {{ if ((EUID == 0)); then setpriv --reuid $U --regid $U --clear-groups \"$@\"; else \"$@\"; fi; }}\n",
            x = self.word,
            port = self.port,
            key = self.key,
            handle = handle(&world.path("secret")),
            victim = self.victim.id(),
            sleeper = self.sleeper.id(),
            patience = patience(8).as_secs(),
        )
    }

    pub fn heard(&self) -> String {
        self.heard.lock().unwrap().clone()
    }
}

impl Drop for Host {
    fn drop(&mut self) {
        for child in [&mut self.victim, &mut self.sleeper] {
            crate::machine::kill_pid(child.id());
            child.wait().unwrap();
        }
        root(&format!("ipcrm -M {} ; rm -f /dev/shm/{}-*", self.key, self.word));
    }
}

/// The device of a folder's file system, where it is on one that root may read.
pub fn disk(folder: &Path) -> Option<String> {
    let findmnt = Command::new("findmnt").args(["-no", "SOURCE", "-T"]).arg(folder).output().unwrap();
    let device = answer(findmnt).stdout.trim().to_owned();
    let byte = Command::new("sudo").args(["-n", "head", "-c", "1", &device]).output().unwrap();
    (byte.stdout.len() == 1).then_some(device)
}

/// Whether programs there run with their owner's rights; a `/tmp` in memory is mounted without that by systemd.
pub fn honours_setuid(folder: &Path) -> bool {
    let findmnt = Command::new("findmnt").args(["-no", "OPTIONS", "-T"]).arg(folder).output().unwrap();
    !answer(findmnt).stdout.trim().split(',').any(|option| option == "nosuid")
}

fn secret(word: &str, name: &str) -> String {
    format!("secret-{name}-{word}")
}

/// By what name_to_handle_at stands for a folder, in hex.
fn handle(folder: &Path) -> String {
    root(&format!(
        "perl -e '$h = pack(\"Ii\", 128, 0) . \"\\0\" x 128; $m = pack(\"i\", 0); $p = \"{}\"; \
         syscall(303, -100, $p, $h, $m, 0) == 0 or die $!; print unpack(\"H*\", substr($h, 0, 8 + unpack(\"I\", $h)))'",
        folder.display()
    ))
}

fn root(line: &str) -> String {
    answer(Command::new("sudo").args(["-n", "bash", "-c", line]).output().unwrap()).stdout
}

/// Notes everything that is said on every connection.
fn listen<S: Read + Send + 'static>(
    heard: &Arc<Mutex<String>>,
    mut accept: impl FnMut() -> Option<S> + Send + 'static,
) {
    let heard = Arc::clone(heard);
    thread::spawn(move || {
        while let Some(mut stream) = accept() {
            let heard = Arc::clone(&heard);
            thread::spawn(move || {
                let mut buffer = [0; 4096];
                while let Ok(count @ 1..) = stream.read(&mut buffer) {
                    note(&heard, &buffer[..count]);
                }
            });
        }
    });
}

fn note(heard: &Arc<Mutex<String>>, bytes: &[u8]) {
    let mut heard = heard.lock().unwrap();
    heard.push_str(&String::from_utf8_lossy(bytes));
    heard.push('\n');
}

fn hear_datagrams(heard: &Arc<Mutex<String>>, socket: UdpSocket) {
    let heard = Arc::clone(heard);
    thread::spawn(move || {
        let mut buffer = [0; 4096];
        while let Ok((count, _)) = socket.recv_from(&mut buffer) {
            note(&heard, &buffer[..count]);
        }
    });
}

/// Talk on the loopback interface that is nobody's business.
fn speak(word: String) {
    thread::spawn(move || {
        let socket = UdpSocket::bind("127.0.0.1:0").unwrap();
        loop {
            // Nobody needs to be there to hear it.
            drop(socket.send_to(word.as_bytes(), "127.0.0.1:9"));
            thread::sleep(Duration::from_millis(100));
        }
    });
}
