//! Who a row is: its name tells.

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Role {
    Ours,
    Peer,
    /// Shows what part of a time is what, or what would be ideal: nothing that one could take instead.
    Reference,
}

const OURS: &str = "corepool";
const PARTS: [&str; 3] = ["bare", "clock", "lock"];
/// The computation of a group on one thread, without a pool.
const SERIAL: &str = "serial";
/// The work of a group done by plain threads, without a pool.
const PLAIN_THREADS: &str = "_threads";

pub(crate) fn role(name: &str) -> Role {
    if name == OURS || variant(name).is_some() {
        Role::Ours
    } else if PARTS.contains(&name) || name == SERIAL || is_plain_threads(name) {
        Role::Reference
    } else {
        Role::Peer
    }
}

pub(crate) fn is_plain_threads(name: &str) -> bool {
    name.ends_with(PLAIN_THREADS)
}

/// Which kind of ours it is, if there are several: `count` of `corepool_count`.
pub(crate) fn variant(name: &str) -> Option<&str> {
    name.strip_prefix(OURS)?.strip_prefix('_')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_name_tells_the_role() {
        for name in ["corepool", "corepool_permit", "corepool_count"] {
            assert_eq!(role(name), Role::Ours, "{name}");
        }
        for name in ["bare", "clock", "lock", "serial", "plain_threads", "four_threads"] {
            assert_eq!(role(name), Role::Reference, "{name}");
        }
        for name in ["rayon+oneshot", "thread_spawn", "recloser_count", "corepoolish", "threadpool+oneshot"] {
            assert_eq!(role(name), Role::Peer, "{name}");
        }
    }

    #[test]
    fn a_variant_is_what_follows_our_name() {
        assert_eq!(variant("corepool_count"), Some("count"));
        assert_eq!(variant("corepool"), None);
        assert_eq!(variant("failsafe_time"), None);
    }
}
