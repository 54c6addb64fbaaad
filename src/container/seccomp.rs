//! The system calls that a container may make: an allowlist, explained in docs/security.md.

/// The profile in the form that `ctr run --seccomp-profile` reads (OCI's LinuxSeccomp).
///
/// Only the machine's own calls are listed: 32-bit and x32 ones end the process, because their `socketcall`
/// would hide an address family from the filter.
pub const PROFILE: &str = include_str!("../../container/seccomp.json");

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::Value;

    fn rules() -> Vec<Value> {
        let profile: Value = serde_json::from_str(PROFILE).unwrap();
        profile["syscalls"].as_array().unwrap().clone()
    }

    fn names(rule: &Value) -> Vec<&str> {
        rule["names"].as_array().unwrap().iter().map(|name| name.as_str().unwrap()).collect()
    }

    /// What the filter says to a call, as libseccomp builds it: rules are alternatives, arguments of one rule are not.
    fn verdict(call: &str, args: [u64; 3]) -> String {
        let holds = |arg: &Value| {
            let (index, value) =
                (usize::try_from(arg["index"].as_u64().unwrap()).unwrap(), arg["value"].as_u64().unwrap());
            match arg["op"].as_str().unwrap() {
                "SCMP_CMP_MASKED_EQ" => args[index] & value == arg["valueTwo"].as_u64().unwrap(),
                "SCMP_CMP_EQ" => args[index] == value,
                "SCMP_CMP_NE" => args[index] != value,
                other => panic!("{other}"),
            }
        };
        let rule = rules().into_iter().find(|rule| {
            names(rule).contains(&call) && rule["args"].as_array().is_none_or(|args| args.iter().all(holds))
        });
        rule.map_or("EPERM".into(), |rule| match rule["errnoRet"].as_u64() {
            Some(0) => "success that changes nothing".into(),
            Some(38) => "ENOSYS".into(),
            Some(95) => "EOPNOTSUPP".into(),
            _ => rule["action"].as_str().unwrap().trim_start_matches("SCMP_ACT_").to_owned(),
        })
    }

    #[test]
    fn whatever_is_not_listed_is_refused_and_there_is_no_second_abi() {
        let profile: Value = serde_json::from_str(PROFILE).unwrap();
        assert_eq!(profile["defaultAction"], "SCMP_ACT_ERRNO");
        assert_eq!(profile["architectures"], serde_json::json!(["SCMP_ARCH_X86_64"]));
        for call in ["bpf", "keyctl", "mount", "setns", "open_by_handle_at", "userfaultfd", "kexec_load", "init_module"]
        {
            assert_eq!(verdict(call, [0; 3]), "EPERM", "{call}");
        }
        for call in ["clone3", "io_uring_setup", "io_uring_enter", "io_uring_register"] {
            assert_eq!(verdict(call, [0; 3]), "ENOSYS", "{call}");
        }
    }

    #[test]
    fn sockets_are_local_ip_or_the_routing_table() {
        let cases = [
            ("unix", [1, 5, 0], "ALLOW"),
            ("tcp", [2, 1, 6], "ALLOW"),
            ("tcp that closes itself and does not wait", [2, 1 | 0o200_0000 | 0o4000, 0], "ALLOW"),
            ("udp over IPv6", [10, 2, 17], "ALLOW"),
            ("ping", [2, 2, 1], "ALLOW"),
            ("sctp", [2, 1, 132], "EPERM"),
            ("sctp by its type", [2, 5, 0], "EPERM"),
            ("dccp by its type", [10, 6, 0], "EPERM"),
            ("raw", [2, 3, 1], "EPERM"),
            ("routes", [16, 3, 0], "ALLOW"),
            ("netfilter", [16, 3, 12], "EPERM"),
            ("packet", [17, 3, 0], "EPERM"),
            ("crypto", [38, 5, 0], "EPERM"),
            ("vsock", [40, 1, 0], "EPERM"),
            ("bluetooth", [31, 3, 0], "EPERM"),
        ];
        for (what, [family, kind, protocol], expected) in cases {
            assert_eq!(verdict("socket", [family, kind, protocol]), expected, "{what}");
            // The kernel looks at the lower half of the register only, and so has the filter to.
            let more = [family | 7 << 32, kind | 8 << 32, protocol | 9 << 32];
            assert_eq!(verdict("socket", more), expected, "{what}, with more bits");
        }
    }

    /// The kernel loads a module for each of these, whoever asks.
    #[test]
    fn options_that_ask_for_a_cipher_or_a_packet_filter_are_refused() {
        let (ip, tcp, more) = (0, 6, 7 << 32);
        let refused = |call: &str, level: u64| -> Vec<u64> {
            let is_refused = |option: &u64| {
                let verdicts = [verdict(call, [3, level, *option]), verdict(call, [3, level | more, *option | more])];
                assert_eq!(verdicts[0], verdicts[1], "{call} {level} {option}");
                verdicts[0] == "EPERM"
            };
            (0..128).filter(is_refused).collect()
        };
        let from_64 = |but: u64| (64..128).filter(|option| *option != but).collect::<Vec<u64>>();
        let md5_and_ao = [14, 32, 38];
        assert_eq!(refused("setsockopt", tcp), [&md5_and_ao[..], &from_64(0)].concat());
        assert_eq!(refused("setsockopt", ip), from_64(0));
        assert_eq!(refused("getsockopt", ip), from_64(80), "all but the address before it was translated");
        for (call, level) in [("getsockopt", tcp), ("getsockopt", 1), ("setsockopt", 1), ("setsockopt", 41)] {
            assert!(refused(call, level).is_empty(), "{call} {level}");
        }
        assert_eq!(verdict("setsockopt", [3, 282, 1]), "EPERM", "TLS");
    }

    /// At a core limit of 0 the kernel gives a crash to the host's program for dumps; at 1 it does not. Programs that
    /// turn their dumps off and end where that fails (gpg-agent, ssh-agent) are told that it is done.
    #[test]
    fn the_core_limit_cannot_be_set_and_every_other_one_can() {
        let (core, somewhere) = (4, 0x7fff_0000_1000);
        let no_change = "success that changes nothing";
        assert_eq!(verdict("setrlimit", [core, somewhere, 0]), no_change);
        assert_eq!(verdict("prlimit64", [0, core, somewhere]), no_change);
        assert_eq!(
            verdict("prlimit64", [0, core | 7 << 32, somewhere]),
            no_change,
            "the kernel reads the lower half only"
        );
        assert_eq!(verdict("prlimit64", [0, core, 0]), "ALLOW", "reading");
        for other in (0..16).filter(|resource| *resource != core) {
            assert_eq!(verdict("setrlimit", [other, somewhere, 0]), "ALLOW", "{other}");
            assert_eq!(verdict("prlimit64", [0, other, somewhere]), "ALLOW", "{other}");
        }
    }

    #[test]
    fn no_new_namespace_of_any_kind() {
        let (thread, user, all) = (0x003d_0f00, 0x1000_0000, [0x2_0000, 0x200_0000, 0x400_0000, 0x800_0000]);
        assert_eq!(verdict("clone", [thread, 0, 0]), "ALLOW");
        for flag in all.into_iter().chain([user, 0x2000_0000, 0x4000_0000]) {
            assert_eq!(verdict("clone", [thread | flag, 0, 0]), "EPERM", "{flag:x}");
            assert_eq!(verdict("unshare", [flag, 0, 0]), "EPERM", "{flag:x}");
        }
        assert_eq!(verdict("unshare", [0x80, 0, 0]), "EPERM", "time");
    }

    #[test]
    fn of_all_requests_to_devices_and_files_these_are_refused() {
        let named: [(&str, &[u64]); 7] = [
            ("TIOCSTI, TIOCLINUX: type into a terminal", &[0x5412, 0x541c]),
            ("TIOCSETD: loads a line discipline", &[0x5423]),
            ("FS_IOC_RESVSP, FS_IOC_RESVSP64, FS_IOC_ZERO_RANGE: take room", &[0x5828, 0x582a, 0x5839]),
            ("encryption and verity of a file system: load ciphers", &[0x6613, 0x6617, 0x6685]),
            ("SIOCGIFBR, SIOCSIFBR: load the bridge", &[0x8940, 0x8941]),
            (
                "SIOCADDDLCI, SIOCDELDLCI, SIOCGIFVLAN, SIOCSIFVLAN: load dlci and 8021q",
                &[0x8980, 0x8981, 0x8982, 0x8983],
            ),
            ("SIOCBR*: load the bridge", &[0x89a0, 0x89a1, 0x89a2, 0x89a3]),
        ];
        let refused: Vec<u64> = (0..=0xffff).filter(|request| !is_request_allowed(*request)).collect();
        assert_eq!(refused, named.iter().flat_map(|(_, requests)| *requests).copied().collect::<Vec<_>>());
        assert!(!is_request_allowed(0x1_0000_5412));
    }

    /// Room that nobody writes to is had at once, however much it is: no guard is as fast.
    #[test]
    fn files_get_holes_by_a_call_and_room_by_writing_alone() {
        let (keep_size, punch_hole, zero_range) = (1, 2, 16);
        assert_eq!(verdict("fallocate", [3, punch_hole | keep_size, 0]), "ALLOW");
        for mode in [0, keep_size, zero_range, zero_range | keep_size, 64, 7 << 32] {
            assert_eq!(verdict("fallocate", [3, mode, 0]), "EOPNOTSUPP", "{mode:x}");
        }
    }

    fn is_request_allowed(request: u64) -> bool {
        thread_local!(static MASKS: Vec<(u64, u64)> = rules().iter().filter(|rule| names(rule) == ["ioctl"])
            .map(|rule| (rule["args"][0]["value"].as_u64().unwrap(), rule["args"][0]["valueTwo"].as_u64().unwrap()))
            .collect());
        MASKS.with(|masks| masks.iter().any(|(mask, value)| request & mask == *value))
    }
}
