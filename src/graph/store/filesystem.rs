//! Which filesystems a graph can live on. Its writers meet in shared memory: that takes one kernel.

use std::path::Path;

use crate::graph::error::GraphError;

/// Refuses what several machines may write to. One `statfs`, no look at the mount table: the kernel knows the type.
pub fn check(folder: &Path) -> Result<(), GraphError> {
    let found = rustix::fs::statfs(folder)
        .map_err(|source| GraphError::Folder { path: folder.to_owned(), source: source.into() })?;
    match shared_by_machines(found.f_type as u64 & 0xffff_ffff) {
        Some(filesystem) => Err(GraphError::Filesystem { path: folder.to_owned(), filesystem }),
        None => Ok(()),
    }
}

/// The magic numbers of statfs(2).
fn shared_by_machines(magic: u64) -> Option<&'static str> {
    Some(match magic {
        0x6969 => "NFS",
        0x517b => "SMB",
        0xff53_4d42 | 0xfe53_4d42 => "CIFS",
        0x0102_1997 => "9p",
        0x6573_5546 => "FUSE or virtiofs",
        0x5346_414f | 0x6b41_4653 => "AFS",
        0x7375_7245 => "Coda",
        0x00c3_6400 => "Ceph",
        0x0bd0_0bd0 => "Lustre",
        0x0116_1970 => "GFS2",
        0x7461_636f => "OCFS2",
        _ => return None,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn local_disks_are_taken_and_network_ones_are_not() {
        for local in [0xef53, 0x5846_5342, 0x9123_683e, 0x0102_1994, 0x794c_7630, 0x2fc1_2fc1] {
            assert_eq!(shared_by_machines(local), None, "{local:x}");
        }
        assert_eq!(shared_by_machines(0x6969), Some("NFS"));
        assert_eq!(shared_by_machines(0x6573_5546), Some("FUSE or virtiofs"));
        assert!(check(&std::env::temp_dir()).is_ok());
    }
}
