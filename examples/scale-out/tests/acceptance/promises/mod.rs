//! The smaller things that a user would miss.

mod answers;
mod cookies;
mod deploy;
mod metrics;
mod queue;
mod sockets;
mod startup;
mod supervise;
mod upgrade;
