//! What a bench prints that measures in rounds: `group,round,peer,ns,jobs`, without a header.

use anyhow::{Context, Result, ensure};
use csv::ReaderBuilder;

use crate::measured::Row;

type Line = (String, usize, String, f64, Option<u64>);

/// A row for each peer, the fastest first. The last round counts only if it is whole.
pub(crate) fn parse(text: &str) -> Result<Vec<Row>> {
    let mut reader = ReaderBuilder::new().has_headers(false).from_reader(text.as_bytes());
    let mut rows: Vec<Row> = Vec::new();
    for (index, line) in reader.deserialize::<Line>().enumerate() {
        let place = || format!("line {} is not `group,round,peer,ns,jobs`", index + 1);
        let (group, round, peer, ns, jobs) = line.with_context(place)?;
        ensure!(ns.is_finite() && ns >= 0.0, "line {}: {ns} is no time", index + 1);
        let known = rows.iter().position(|row| row.group == group && row.peer == peer);
        let known = known.unwrap_or_else(|| {
            rows.push(Row { group, peer, rounds: Vec::new(), unit: "ns".to_owned(), jobs });
            rows.len() - 1
        });
        let rounds = &mut rows[known].rounds;
        ensure!(rounds.len() == round, "line {}: round {round} of a row comes after {}", index + 1, rounds.len());
        rounds.push(ns);
    }
    let whole = rows.iter().map(|row| row.rounds.len()).min().unwrap_or_default();
    rows.iter_mut().for_each(|row| row.rounds.truncate(whole));
    rows.retain(|row| !row.rounds.is_empty());
    rows.sort_by(|a, b| a.value().total_cmp(&b.value()));
    Ok(rows)
}

/// As many lines as are whole: the last one of a bench that has failed may not be.
pub(crate) fn whole_lines(text: &str) -> &str {
    text.rfind('\n').map_or("", |end| &text[..=end])
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_rows_rounds_are_put_together() {
        let rows = parse("g,0,b,2,7\ng,0,a,1.5,7\ng,1,a,3,7\ng,1,b,4,7\n").unwrap();
        let row = |peer: &str, rounds: &[f64]| Row {
            group: "g".to_owned(),
            peer: peer.to_owned(),
            rounds: rounds.to_vec(),
            unit: "ns".to_owned(),
            jobs: Some(7),
        };
        assert_eq!(rows, [row("a", &[1.5, 3.0]), row("b", &[2.0, 4.0])]);
    }

    #[test]
    fn a_round_that_is_not_whole_does_not_count() {
        let rows = parse("g,0,a,1,\ng,0,b,2,\ng,1,b,9,\n").unwrap();
        assert!(rows.iter().all(|row| row.rounds.len() == 1 && row.jobs.is_none()), "{rows:?}");
        assert_eq!(parse("").unwrap(), []);
    }

    #[test]
    fn a_wrong_line_is_named() {
        for (text, named) in [
            ("g,0,a,1,7\ng,0,b,many,7\n", "line 2"),
            ("g,0,a,1\n", "line 1"),
            ("g,0,a,NaN,7\n", "NaN is no time"),
            ("g,1,a,1,7\n", "round 1 of a row comes after 0"),
        ] {
            let error = parse(text).unwrap_err();
            assert!(error.to_string().contains(named), "{error}");
        }
    }

    #[test]
    fn a_line_that_was_cut_is_left_out() {
        assert_eq!(whole_lines("a,1\nb,2\nc,"), "a,1\nb,2\n");
        assert_eq!(whole_lines("a,"), "");
    }
}
