//! Files of the host: to read them, to write them, to have them written.

use super::Attack;

pub const ATTACKS: &[Attack] = &[
    Attack::new("read-a-key-of-the-user", "cat $W/secret/$N > $LOOT"),
    Attack::new("read-through-dots", "cat /workspace/../../../../../..$W/secret/$N > $LOOT"),
    Attack::new("read-through-a-link", "ln -s $W/secret/$N link-$N; cat link-$N > $LOOT"),
    Attack::new(
        "read-through-the-first-process",
        "for p in 1 $SLEEPER; do cat /proc/$p/root$W/secret/$N; done > $LOOT",
    ),
    Attack::new("read-through-any-process", "for p in /proc/[0-9]*; do cat $p/root$W/secret/$N && break; done > $LOOT"),
    Attack::new(
        "read-through-an-open-folder",
        "for f in /proc/self/fd/* /proc/[1-9]/fd/* /proc/[0-9]*/cwd; do cat $f/secret/$N && break; done > $LOOT",
    ),
    Attack::new(
        "read-through-a-file-handle",
        "perl -e '$h = pack(\"H*\", $ENV{HANDLE}); opendir(D, \"/workspace\"); $f = syscall(304, fileno(D), $h, 0); exit 1 if $f < 0; open(S, \"<\", \"/proc/self/fd/$f/$ENV{N}\") or die; print <S>' > $LOOT",
    ),
    Attack::new("read-the-graph-next-door", "cat /binnacle/../*/secret $W/secret/$N > $LOOT"),
    Attack::new(
        "read-the-secrets-of-another-run",
        "cat $W/run/binnacle/*/env /run/binnacle/../*/*/secret $W/secret/$N > $LOOT",
    ),
    Attack::new("read-shared-memory-files", "cat /dev/shm/$X-$N > $LOOT"),
    Attack::new("write-where-the-user-may", "touch $C/$N"),
    Attack::new("write-through-dots", "touch /workspace/../../../../../..$C/$N"),
    Attack::new("write-through-a-link", "ln -s $C l-$N; touch l-$N/$N"),
    Attack::new("write-through-the-first-process", "for p in 1 $SLEEPER; do touch /proc/$p/root$C/$N; done"),
    Attack::new("write-a-line-into-bashrc", "echo \"touch $C/$N\" >> $W/home/.bashrc"),
    Attack::new("write-the-main-checkout", "echo \"touch $C/$N\" >> $W/repo/run-me"),
    Attack::new("write-another-worktree", "echo \"touch $C/$N\" >> $W/agent-2/run-me"),
    Attack::new(
        "write-the-record-of-the-run",
        "for f in $W/home/.local/state/binnacle/*/runs/*; do touch $f/$N && touch $C/$N; done",
    ),
    Attack::new("write-the-backups-of-the-graph", "mkdir -p $W/home/.local/share/binnacle/backups && touch $C/$N"),
    Attack::new("link-a-file-of-the-host", "ln $W/secret/$N $W/agent-1/loot/$N"),
    Attack::new(
        "run-a-setuid-program",
        "as_user ./suid-cat rootonly > $LOOT.x; grep -q root-only $LOOT.x && echo $SECRET > $LOOT",
    ),
    Attack::new(
        "take-the-rights-of-a-file",
        "chmod 644 rootonly-1; as_user cat rootonly-1 > $LOOT.x; grep -q root-only $LOOT.x && echo $SECRET > $LOOT",
    ),
    Attack::new(
        "take-a-file",
        "chown $U rootonly-2 && as_user cat rootonly-2 > $LOOT.x; grep -q root-only $LOOT.x && echo $SECRET > $LOOT",
    ),
    Attack::new(
        "override-the-rights-of-a-file",
        "cat rootonly-3 > $LOOT.x; grep -q root-only $LOOT.x && echo $SECRET > $LOOT",
    ),
];
