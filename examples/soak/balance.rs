//! The balance: a pool's books are closed, summed up, and compared with what the pool says of itself.

use corepool::Stats;

use super::ledger::{Books, Count};

/// What is left of the books of one pool, or of many, by the name of the row; the faults come last.
pub type Rows = [(&'static str, u64); 27];

pub fn is_even(rows: &Rows) -> bool {
    let [.., lost, doubled, leaked, wrong] = rows;
    [lost, doubled, leaked, wrong].iter().all(|(_, count)| *count == 0)
}

/// Once nobody writes to the books any more.
pub fn balance(books: &Books) -> Rows {
    let answers = books.answers.each_ref().map(Count::get);
    let [completed, panicked, cancelled, expired, aborted, unasked, _, abandoned] = answers;
    let [unrun, returned, burst] = books.fates.each_ref().map(Count::get);
    let [full, timed_out, cancelled_in_line, shut_down] = books.rejections.each_ref().map(Count::get);

    let (accepted, opened) = (books.accepted.get(), books.opened.get());
    let resolved = completed + panicked + cancelled + expired + aborted + unasked;
    let unended = opened.saturating_sub(unrun + returned + burst);
    let lost = accepted.saturating_sub(resolved).max(unended);
    [
        ("pools", 1),
        ("accepted", accepted),
        ("ran", returned + burst),
        ("resolved", resolved),
        ("  completed", completed),
        ("  panicked", panicked),
        ("  cancelled", cancelled),
        ("  expired", expired),
        ("  aborted", aborted),
        ("  nobody asked", unasked),
        ("rejected", full + timed_out + cancelled_in_line + shut_down),
        ("  full", full),
        ("  timed out", timed_out),
        ("  cancelled in line", cancelled_in_line),
        ("  shut down", shut_down),
        // Whether the pool had accepted one of these in that moment, only it knows.
        ("given up", abandoned),
        ("forked", books.forks.get()),
        ("  thrown out of", books.forks_thrown.get()),
        ("  stopped", books.forks_stopped.get()),
        ("  handed over", books.halves_handed_over.get()),
        ("scopes", books.scopes.get()),
        ("maps", books.maps.get()),
        ("sets", books.sets.get()),
        ("lost", lost),
        ("doubled", books.doubled.get()),
        ("leaked", (opened - books.closed.get()).saturating_sub(lost)),
        ("wrong", books.wrong.get()),
    ]
}

/// What the pool counted that nobody else did. Some counts are known up to the futures that were dropped in line.
pub fn compare(books: &Books, stats: &Stats) -> Vec<String> {
    let [_, _, cancelled, expired, aborted, _, _, abandoned] = books.answers.each_ref().map(Count::get);
    let [_, returned, burst] = books.fates.each_ref().map(Count::get);
    let accepted = books.accepted.get();
    let offers = accepted + abandoned + books.rejections.iter().map(Count::get).sum::<u64>();
    let unrun = accepted - returned - burst;
    let most_unrun = unrun + abandoned;
    let ended_unrun = stats.cancelled + stats.expired + stats.aborted;
    let expectations = [
        ("queued, running or waiting at the end", stats.queued + stats.busy + stats.waiting, 0..=0),
        ("submitted", stats.submitted, accepted..=accepted + abandoned),
        ("submitted and rejected", stats.submitted + stats.rejected, offers..=offers),
        ("completed", stats.completed, returned..=returned),
        ("panicked", stats.panicked, burst..=burst),
        ("cancelled, expired and aborted", ended_unrun, unrun..=most_unrun),
        ("cancelled", stats.cancelled, cancelled..=most_unrun),
        ("expired", stats.expired, expired..=most_unrun),
        ("aborted", stats.aborted, aborted..=most_unrun),
    ];
    let wrong = expectations.into_iter().filter(|(_, counted, expected)| !expected.contains(counted));
    wrong.map(|(what, counted, books)| format!("{what}: the pool says {counted}, the books say {books:?}")).collect()
}
