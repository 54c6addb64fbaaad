//! Measurements, for `scripts/bench.sh egress`: numbers on standard error, and the promises that they have to keep.

use std::time::Instant;

use crate::egress::proxy::tests::*;

const BLOCK: usize = 256 * 1024;
const GIB: usize = 1024 * 1024 * 1024;

/// Sends as much as its client asks for, at no more than this many bytes a second.
fn source(rate: Option<usize>) -> SocketAddr {
    server(move |mut stream| {
        let mut wanted = [0; 8];
        if stream.read_exact(&mut wanted).is_err() {
            return;
        }
        let block = vec![b'x'; BLOCK];
        let (mut left, started, mut sent) = (u64::from_be_bytes(wanted) as usize, Instant::now(), 0);
        while left > 0 {
            let piece = left.min(BLOCK);
            if stream.write_all(&block[..piece]).is_err() {
                return;
            }
            (left, sent) = (left - piece, sent + piece);
            let due = rate.map_or(Duration::ZERO, |rate| Duration::from_secs_f64(sent as f64 / rate as f64));
            thread::sleep(due.saturating_sub(started.elapsed()));
        }
    })
}

/// Bytes a second of one download.
fn download(mut stream: TcpStream, size: usize) -> f64 {
    let started = Instant::now();
    stream.write_all(&(size as u64).to_be_bytes()).unwrap();
    let mut block = vec![0; BLOCK];
    let mut left = size;
    while left > 0 {
        match stream.read(&mut block).unwrap() {
            0 => panic!("the stream ended {left} bytes too early"),
            count => left -= count,
        }
    }
    size as f64 / started.elapsed().as_secs_f64()
}

/// Processor seconds that the proxy's thread has used: tells more than the clock where the machine is busy.
fn processor() -> f64 {
    let of = |task: io::Result<fs::DirEntry>| {
        let stat = fs::read_to_string(task.unwrap().path().join("stat")).unwrap();
        let (name, rest) = stat.rsplit_once(')').unwrap();
        let ticks: f64 = rest.split(' ').skip(12).take(2).map(|word| word.parse::<f64>().unwrap()).sum();
        if name.ends_with("(egress") { ticks / 100.0 } else { 0.0 }
    };
    fs::read_dir("/proc/self/task").unwrap().map(of).sum()
}

fn best(runs: usize, run: impl Fn() -> f64) -> f64 {
    (0..runs).map(|_| run()).fold(0.0, f64::max)
}

#[test]
#[ignore = "a measurement"]
fn bench_throughput() {
    let to = source(None);
    let world = World::open(&[to]);
    let direct = best(3, || download(client(to), 4 * GIB)) / 1e9;
    let through = best(3, || download(world.tunnel(to), 4 * GIB)) / 1e9;
    let cost = processor() / (3.0 * 4.0 * 1.073_741_824);
    eprintln!(
        "one stream, 4 GiB:     direct {direct:.2} GB/s, through the proxy {through:.2} GB/s ({cost:.2} processor seconds per GB)"
    );
    // A machine that is busy with other things measures those.
    assert!(through >= 1.0 || direct < 2.0, "less than 1 GB/s");
}

#[test]
#[ignore = "a measurement"]
fn bench_paced() {
    let to = source(Some(125_000_000));
    let world = World::open(&[to]);
    let direct = best(2, || download(client(to), 500_000_000)) * 8e-6;
    let through = best(2, || download(world.tunnel(to), 500_000_000)) * 8e-6;
    eprintln!("paced at 1000 Mbit/s:  direct {direct:.0} Mbit/s, through the proxy {through:.0} Mbit/s");
    assert!(through >= 0.95 * direct, "more than 5 % slower");
}

#[test]
#[ignore = "a measurement"]
fn bench_parallel() {
    let to = source(None);
    let world = World::open(&[to]);
    let started = Instant::now();
    let downloads: Vec<_> = (0..100)
        .map(|_| {
            let stream = world.tunnel(to);
            thread::spawn(move || download(stream, 20_000_000))
        })
        .collect();
    for download in downloads {
        download.join().unwrap();
    }
    eprintln!("100 at once, 20 MB:    {:.2} GB/s together", 2.0 / started.elapsed().as_secs_f64());
}

#[test]
#[ignore = "a measurement"]
fn bench_connections() {
    let to = server(|_| {});
    let world = World::open(&[to]);
    let started = Instant::now();
    (0..2000).for_each(|_| drop(world.tunnel(to)));
    eprintln!("tunnels one by one:    {:.0} a second", 2000.0 / started.elapsed().as_secs_f64());
}
