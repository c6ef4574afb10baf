//! Measuring in turn: the machine's speed drifts by more than some peers differ, within seconds, so rows that are measured
//! one after the other cannot be compared by a few per cent.
//!
//! Each round runs every row of a group once, for a moment, in an order shuffled anew. A comparison is the ratio of two
//! rows within one round; the report takes the median of the rounds' ratios, and says how far they spread.
//!
//! Prints `group,round,peer,ns,jobs`: the time of an iteration, and the jobs in it, if it is jobs.

#![allow(clippy::print_stdout, reason = "the rows are its output")]

use std::io::{self, Write};
use std::time::Duration;

use crate::piscina;
use crate::rows::{Bench, Group, Row};

/// What a row gets in a round, unless a single iteration takes longer.
const SLICE: Duration = Duration::from_millis(40);
/// A row that has rested since the last round runs this part of a slice before it is timed.
const WARM_UP: u64 = 8;

pub struct Rounds {
    rounds: u32,
    only: Option<String>,
    random: fastrand::Rng,
}

impl Rounds {
    #[must_use]
    pub fn new(rounds: u32, only: Option<String>) -> Self {
        Self { rounds, only, random: fastrand::Rng::new() }
    }

    fn measure_in_turn(&mut self, group: &mut Group<'_>, out: &mut impl Write) -> io::Result<()> {
        let iterations: Vec<u64> = group.rows.iter_mut().map(iterations_of_a_slice).collect();
        let mut order: Vec<usize> = (0..group.rows.len()).collect();
        let jobs = group.jobs.map_or(String::new(), |jobs| jobs.to_string());
        for round in 0..self.rounds {
            self.random.shuffle(&mut order);
            for &index in &order {
                let Row { peer, run } = &mut group.rows[index];
                let (name, all) = (&group.name, iterations[index]);
                if all >= WARM_UP {
                    run(all / WARM_UP);
                }
                let time = run(all).as_nanos() as f64 / all as f64;
                writeln!(out, "{name},{round},{peer},{time},{jobs}")?;
            }
            out.flush()?;
        }
        Ok(())
    }
}

impl Bench for Rounds {
    fn measure(&mut self, mut group: Group<'_>) {
        if self.only.as_ref().is_some_and(|only| *only != group.name) {
            return;
        }
        piscina::join(&mut group);
        self.measure_in_turn(&mut group, &mut io::stdout().lock()).expect("there is somebody who reads the rows");
    }
}

/// Prints the groups' names, and measures nothing.
pub struct Names;

impl Bench for Names {
    fn measure(&mut self, group: Group<'_>) {
        println!("{}", group.name);
    }
}

/// As many as take up a slice, at least one. Makes what the row needs, too.
fn iterations_of_a_slice(row: &mut Row<'_>) -> u64 {
    (row.run)(1);
    let mut iterations = 1;
    loop {
        let time = (row.run)(iterations);
        if time >= SLICE / 4 {
            let fitting = SLICE.as_nanos() * u128::from(iterations) / time.as_nanos().max(1);
            return (fitting as u64).max(1);
        }
        iterations *= 2;
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::cell::RefCell;

    /// A clock that only the rows move.
    fn row<'a>(log: &'a RefCell<Vec<(&'a str, u64)>>, peer: &'a str, ns: u64) -> impl FnMut(u64) -> Duration + 'a {
        move |iterations| {
            log.borrow_mut().push((peer, iterations));
            Duration::from_nanos(ns * iterations)
        }
    }

    #[test]
    fn a_slice_holds_as_many_iterations_as_fit_and_at_least_one() {
        let log = RefCell::default();
        let mut group = Group::new("g");
        group.row("fast", row(&log, "fast", 1_000));
        group.row("slow", row(&log, "slow", 1_000_000_000));
        let fitting: Vec<u64> = group.rows.iter_mut().map(iterations_of_a_slice).collect();
        assert_eq!(fitting, [40_000, 1]);
    }

    #[test]
    fn each_round_runs_every_row_once_in_an_order_of_its_own() {
        let log = RefCell::default();
        let mut group = Group::new("g").jobs(7);
        let peers = ["a", "b", "c", "d"];
        for peer in peers {
            group.row(peer, row(&log, peer, 10_000_000));
        }
        let mut rounds = Rounds { random: fastrand::Rng::with_seed(1), ..Rounds::new(20, None) };
        let mut out = Vec::new();
        rounds.measure_in_turn(&mut group, &mut out).unwrap();
        let text = String::from_utf8(out).unwrap();
        let lines: Vec<Vec<&str>> = text.lines().map(|line| line.split(',').collect()).collect();
        assert_eq!(lines.len(), 20 * peers.len());
        let mut orders = Vec::new();
        for (round, lines) in lines.chunks(peers.len()).enumerate() {
            let mut order: Vec<&str> = lines.iter().map(|line| line[2]).collect();
            orders.push(order.clone());
            order.sort_unstable();
            assert_eq!(order, peers, "round {round}");
            for line in lines {
                assert_eq!([line[0], line[1], line[3], line[4]], ["g", &round.to_string(), "10000000", "7"]);
            }
        }
        orders.sort_unstable();
        orders.dedup();
        assert!(orders.len() > 5, "20 rounds had {} orders", orders.len());
    }
}
