//! The way out of a container's network: the policy, the proxy on the host, the relay inside.
