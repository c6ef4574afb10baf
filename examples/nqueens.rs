//! N queens on an N x N board, none of which attacks another: how many ways are there? Counted by `Pool::join` alone.
//!
//! A fork is so cheap that there is one at every level, down to the last row, and no cut-off to tune: the columns that are
//! free in a row are split in two until one is left, which leads to the next row. `--serial` takes the same steps without
//! a pool, to compare.
//!
//! ```sh
//! cargo run --release --example nqueens
//! cargo run --release --example nqueens -- 16 --workers 4
//! cargo run --release --example nqueens -- --serial
//! ```
//!
//! The way of a board: `next_row` finds its free columns -> `split` forks -> `place` puts a queen -> `next_row`.

use std::ops::Add;
use std::time::Instant;

use anyhow::{Result, bail, ensure};
use clap::Parser;
use corepool::{CancelToken, Pool};
use display::{print, progress_bar};
use indicatif::ProgressBar;
use shared::{DONE, INTERRUPTED, build, complain, finish, interrupt, parse};

#[path = "shared/display.rs"]
mod display;
mod shared;

/// What is known, for boards of 1, 2, 3 and more columns (OEIS A000170): each count is checked against it.
#[rustfmt::skip] // which would give each its own line, as the last is too long
const KNOWN: [u64; 20] = [
    1, 0, 0, 2, 10, 4, 40, 92, 352, 724, 2_680, 14_200, 73_712, 365_596, 2_279_184, 14_772_512,
    95_815_104, 666_090_624, 4_968_057_848, 39_029_188_884,
];
/// A board with so few rows to go is done too soon to ask whether to stop.
const SHORT: u32 = 10;
/// Progress is counted in boards with so many queens: their number is known, and they are too few to slow anything down.
const PROGRESS_ROW: u32 = 3;

const DETAILS: &str = "\
Examples:
  nqueens                    15 queens, on all cores
  nqueens 16 --workers 4
  nqueens 15 --serial        the same search without a pool

Output:
  solutions       ways to place the queens, checked against the known number
  queens placed   on all the boards that were tried, the hopeless ones included: the work there is,
                  the same however many workers share it
  The rates are both of them divided by the time.

Ctrl-C stops the search and says how many parts of it are done, one for each way to begin with
three queens; once more ends at once.

Exit codes:
  0 done   1 the count is wrong, or the output failed   2 bad input   130 interrupted";

/// Counts the ways to place N queens on an N x N board, forking at every step
#[derive(Parser)]
#[command(name = "nqueens", version, after_help = DETAILS)]
struct Arguments {
    /// Queens, and columns and rows of the board: 1 to 20 (18 takes minutes, 20 hours)
    #[arg(default_value = "15", value_name = "N", value_parser = size, allow_negative_numbers = true)]
    size: u32,
    /// Worker threads [default: one per core]
    #[arg(long, value_name = "N", allow_negative_numbers = true)]
    workers: Option<usize>,
    /// Search on the main thread, one board after the other
    #[arg(long, conflicts_with = "workers")]
    serial: bool,
}

fn size(text: &str) -> Result<u32> {
    match text.parse() {
        Ok(size) if (1..=KNOWN.len() as u32).contains(&size) => Ok(size),
        _ => bail!("must be a whole number from 1 to {}", KNOWN.len()),
    }
}

fn main() {
    let arguments: Arguments = parse();
    let pool = (!arguments.serial).then(|| build(Pool::builder(), arguments.workers));
    finish(run(arguments.size, pool.as_ref()))
}

fn run(size: u32, pool: Option<&Pool>) -> Result<i32> {
    let (stop, bar) = (interrupt()?, progress_bar(first_boards(size), "{percent} %")?);
    print("board", format_args!("{size} x {size}"))?;
    print("workers", pool.map_or("none".into(), |pool| pool.workers().to_string()))?;
    let begin = Instant::now();
    let count = match pool {
        // In a job, so that none but the workers search.
        Some(pool) => {
            let search = Search { fork: pool.clone(), size, stop: stop.clone(), bar: bar.clone() };
            pool.run(move || search.next_row(Board::default()))?
        }
        None => Search { fork: InTurn, size, stop: stop.clone(), bar: bar.clone() }.next_row(Board::default()),
    };
    let time = begin.elapsed();
    // Before it is finished, which moves it to its end.
    let done = bar.position();
    bar.finish_and_clear();
    if stop.is_cancelled() {
        let (all, found) = (first_boards(size), count.solutions);
        complain("interrupted", format_args!("{done} of {all} parts are done, {found} solutions so far"));
        return Ok(INTERRUPTED);
    }
    let known = KNOWN[size as usize - 1];
    ensure!(count.solutions == known, "{} solutions were found, but {known} are known", count.solutions);
    print("solutions", count.solutions)?;
    print("queens placed", count.queens)?;
    print("time", format_args!("{time:.2?}"))?;
    print("solutions per second", format_args!("{:.0}", count.solutions as f64 / time.as_secs_f64()))?;
    print("queens per second", format_args!("{:.0}", count.queens as f64 / time.as_secs_f64()))?;
    Ok(DONE)
}

/// Boards with queens in the first three rows, none of which attacks another (OEIS A061989).
fn first_boards(size: u32) -> u64 {
    u64::from(size.saturating_sub(3) * (size * size + 12 - 6 * size))
}

/// How the two halves of a search are done.
trait Fork: Sync {
    fn fork<T: Send>(&self, a: impl FnOnce() -> T + Send, b: impl FnOnce() -> T + Send) -> (T, T);
}

impl Fork for Pool {
    fn fork<T: Send>(&self, a: impl FnOnce() -> T + Send, b: impl FnOnce() -> T + Send) -> (T, T) {
        self.join(a, b)
    }
}

/// One after the other, without a pool.
struct InTurn;

impl Fork for InTurn {
    fn fork<T: Send>(&self, a: impl FnOnce() -> T + Send, b: impl FnOnce() -> T + Send) -> (T, T) {
        (a(), b())
    }
}

/// A queen in each of the first rows, seen from the next row: one bit for each column that they attack there.
#[derive(Clone, Copy, Default)]
struct Board {
    queens: u32,
    straight: u32,
    leftward: u32,
    rightward: u32,
}

impl Board {
    fn with(self, column: u32) -> Board {
        Board {
            queens: self.queens + 1,
            straight: self.straight | column,
            leftward: (self.leftward | column) << 1,
            rightward: (self.rightward | column) >> 1,
        }
    }
}

/// What a part of the search has found, and how many queens it took.
#[derive(Clone, Copy, Default)]
struct Count {
    solutions: u64,
    queens: u64,
}

impl Add for Count {
    type Output = Count;

    fn add(self, other: Count) -> Count {
        Count { solutions: self.solutions + other.solutions, queens: self.queens + other.queens }
    }
}

struct Search<F> {
    fork: F,
    size: u32,
    stop: CancelToken,
    bar: ProgressBar,
}

impl<F: Fork> Search<F> {
    fn next_row(&self, board: Board) -> Count {
        let rows = self.size - board.queens;
        if rows == 0 {
            return Count { solutions: 1, queens: 0 };
        }
        if rows > SHORT && self.stop.is_cancelled() {
            return Count::default();
        }
        let attacked = board.straight | board.leftward | board.rightward;
        match !attacked & ((1 << self.size) - 1) {
            0 => Count::default(),
            free => self.split(board, free),
        }
    }

    /// `free` are some of the free columns, at least one.
    fn split(&self, board: Board, free: u32) -> Count {
        if free.is_power_of_two() {
            return self.place(board, free);
        }
        // Between the outermost two, so that there are some on either side.
        let middle = (free.trailing_zeros() + free.ilog2()) / 2;
        let right = free & ((2 << middle) - 1);
        let (a, b) = self.fork.fork(|| self.split(board, right), || self.split(board, free ^ right));
        a + b
    }

    fn place(&self, board: Board, column: u32) -> Count {
        let board = board.with(column);
        let Count { solutions, queens } = self.next_row(board);
        if board.queens == PROGRESS_ROW && !self.stop.is_cancelled() {
            self.bar.inc(1);
        }
        Count { solutions, queens: queens + 1 }
    }
}
