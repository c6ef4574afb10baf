//! The same CPU-bound work from one core to several servers: see the README beside this package's manifest.

mod enqueue;
mod exporter;
mod jobs;
mod program;
mod redis;
mod serve;
mod supervise;
mod work;
mod worker;

use clap::{Parser, Subcommand};

/// CPU-bound work behind HTTP: on all cores of a machine, in several processes, behind a load balancer.
#[derive(Debug, Parser)]
#[command(version)]
struct Arguments {
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    Serve(serve::Settings),
    Supervise(supervise::Settings),
    Worker(worker::Settings),
    Enqueue(enqueue::Settings),
}

fn main() {
    let arguments = Arguments::parse();
    program::start_log();
    let outcome = match arguments.command {
        Command::Serve(settings) => program::in_runtime(serve::run(settings)),
        Command::Supervise(settings) => program::in_runtime(supervise::run(settings)),
        Command::Worker(settings) => program::in_runtime(worker::run(settings)),
        Command::Enqueue(settings) => program::in_runtime(enqueue::run(settings)),
    };
    program::finish(outcome)
}
