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
            assert_eq!(arg["op"], "SCMP_CMP_MASKED_EQ");
            let index = usize::try_from(arg["index"].as_u64().unwrap()).unwrap();
            args[index] & arg["value"].as_u64().unwrap() == arg["valueTwo"].as_u64().unwrap()
        };
        let rule = rules().into_iter().find(|rule| {
            names(rule).contains(&call) && rule["args"].as_array().is_none_or(|args| args.iter().all(holds))
        });
        rule.map_or("EPERM".into(), |rule| match rule["errnoRet"].as_u64() {
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
            ("unix", 1, 0, "ALLOW"),
            ("tcp", 2, 6, "ALLOW"),
            ("udp over IPv6", 10, 17, "ALLOW"),
            ("sctp", 2, 132, "EPERM"),
            ("routes", 16, 0, "ALLOW"),
            ("netfilter", 16, 12, "EPERM"),
            ("packet", 17, 0, "EPERM"),
            ("crypto", 38, 0, "EPERM"),
            ("vsock", 40, 0, "EPERM"),
            ("bluetooth", 31, 0, "EPERM"),
        ];
        for (what, family, protocol, expected) in cases {
            assert_eq!(verdict("socket", [family, 1, protocol]), expected, "{what}");
            // The kernel looks at the lower half of the register only, and so has the filter to.
            assert_eq!(
                verdict("socket", [family | 7 << 32, 1, protocol | 9 << 32]),
                expected,
                "{what}, with more bits"
            );
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
    fn of_all_requests_to_devices_and_files_five_are_refused() {
        let refused: Vec<u64> = (0..=0xffff).filter(|request| !is_request_allowed(*request)).collect();
        let named = "TIOCSTI and TIOCLINUX; FS_IOC_RESVSP, FS_IOC_RESVSP64 and FS_IOC_ZERO_RANGE";
        assert_eq!(refused, [0x5412, 0x541c, 0x5828, 0x582a, 0x5839], "{named}");
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
