//! The kernel that all containers share: its devices, switches, processes, and the doors to new privileges.

use super::Attack;

pub const ATTACKS: &[Attack] = &[
    Attack::new("mount-the-disk", "mkdir /tmp/$N; mknod /tmp/$N.dev b $DISK; mount -o ro /tmp/$N.dev /tmp/$N; cat /tmp/$N$W/secret/$N > $LOOT; umount /tmp/$N"),
    Attack::new("read-the-disk", "mknod /tmp/$N.dev b $DISK; head -c 4096 /tmp/$N.dev | tail -c 3072 | grep -q . && echo $SECRET > $LOOT"),
    Attack::new("make-a-device", "mknod /tmp/$N.dev c 1 11 && echo $SECRET > $LOOT"),
    Attack::new("mount-a-file-system", "mkdir /tmp/$N; mount -t tmpfs none /tmp/$N && echo $SECRET > $LOOT; umount /tmp/$N"),
    Attack::new("mount-over-the-git-file", "mount --bind /etc/hostname /workspace/file && echo $SECRET > $LOOT; umount /workspace/file"),
    Attack::new("read-the-keys-of-others", "grep -q . /proc/keys && echo $SECRET > $LOOT"),
    Attack::new("write-the-kernel-log", "echo \"$SECRET\" > /dev/kmsg").seen_by("dmesg | grep -q $SECRET"),
    Attack::new("read-the-kernel-log", "perl -e '$b = \"\\0\" x 262144; $n = syscall(103, 3, $b, 262144); exit 1 if $n < 1; print substr($b, 0, $n)' | grep -q . && echo $SECRET > $LOOT"),
    Attack::new("set-a-kernel-switch", "echo 44 > /proc/sys/fs/lease-break-time").seen_by("[[ $(cat /proc/sys/fs/lease-break-time) == 44 ]] && echo 45 > /proc/sys/fs/lease-break-time"),
    Attack::new("set-a-kernel-switch-in-sys", "echo 60001 > /sys/kernel/mm/transparent_hugepage/khugepaged/alloc_sleep_millisecs").seen_by("f=/sys/kernel/mm/transparent_hugepage/khugepaged/alloc_sleep_millisecs; [[ $(cat $f) == 60001 ]] && echo 60000 > $f"),
    Attack::new("read-the-environment-of-a-process", "cat /proc/[0-9]*/environ | tr '\\0' '\\n' | grep -a canary-of-a-stranger-$X > $LOOT.x && echo $SECRET > $LOOT"),
    Attack::new("kill-a-process", "kill -9 $VICTIM").seen_by("! grep -q '^State:.[SR]' /proc/$VICTIM/status"),
    Attack::new("enter-the-namespaces-of-a-process", "nsenter -t $SLEEPER -m cat $W/secret/$N > $LOOT"),
    Attack::new("read-the-memory-of-a-process", "perl -e 'open(M, \"<\", \"/proc/$ENV{SLEEPER}/maps\") or die; ($a) = map { /^([0-9a-f]+)-/ } grep { /stack/ } <M>; open(F, \"<\", \"/proc/$ENV{SLEEPER}/mem\") or die; seek(F, hex($a), 0); read(F, $b, 16) or die; print unpack(\"H*\", $b)' | grep -q . && echo $SECRET > $LOOT"),
    Attack::new("read-shared-memory-of-system-v", "perl -e '$i = shmget($ENV{KEY}, 64, 0); defined $i or die; shmread($i, $b, 0, 64) or die; print $b' > $LOOT"),
    Attack::new("make-a-user-namespace", "as_user unshare -Ur true && echo $SECRET > $LOOT"),
    Attack::new("clone-a-user-namespace", "perl -e 'exit(syscall(272, 0x10000000) != 0)' && echo $SECRET > $LOOT"),
    Attack::new("make-a-mount-namespace", "unshare -m true && echo $SECRET > $LOOT"),
    Attack::new("make-a-network-namespace", "unshare -n true && echo $SECRET > $LOOT"),
    Attack::new("open-a-key-ring", "perl -e 'exit(syscall(250, 0, -3, 1) < 0)' && echo $SECRET > $LOOT"),
    Attack::new("open-io-uring", "perl -e '$p = \"\\0\" x 120; exit(syscall(425, 4, $p) < 0)' && echo $SECRET > $LOOT"),
    Attack::new("load-a-bpf-program", "perl -e '$a = pack(\"IIIIx112\", 1, 4, 4, 1); exit(syscall(321, 0, $a, 128) < 0)' && echo $SECRET > $LOOT"),
    Attack::new("open-performance-events", "perl -e '$a = pack(\"IIQx112\", 1, 128, 0); exit(syscall(298, $a, 0, -1, -1, 0) < 0)' && echo $SECRET > $LOOT"),
    Attack::new("catch-page-faults", "perl -e 'exit(syscall(323, 0) < 0)' && echo $SECRET > $LOOT"),
    Attack::new("change-the-hostname", "perl -e '$n = \"owned\"; exit(syscall(170, $n, 5) != 0)' && echo $SECRET > $LOOT"),
    Attack::new("change-the-root", "mkdir /tmp/$N; perl -e 'exit(!chroot(\"/tmp/$ENV{N}\"))' && echo $SECRET > $LOOT"),
    Attack::new("become-root", "perl -e '$> = 0; $< = 0; exit($> != 0 || !chroot(\"/tmp\"))' && echo $SECRET > $LOOT"),
];
