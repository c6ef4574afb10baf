//! Rows that a bench prints: `group,peer,value,unit`, without a header.

use anyhow::{Context, Result, ensure};
use csv::ReaderBuilder;

use crate::measured::Row;

pub(crate) fn parse(text: &str) -> Result<Vec<Row>> {
    let mut reader = ReaderBuilder::new().has_headers(false).from_reader(text.as_bytes());
    let rows = reader.deserialize::<(String, String, f64, String)>().enumerate().map(|(index, row)| {
        let place = || format!("row {} is not `group,peer,value,unit`", index + 1);
        let (group, peer, value, unit) = row.with_context(place)?;
        ensure!(value.is_finite() && value >= 0.0, "row {}: {value} is no measurement", index + 1);
        Ok(Row { group, peer, rounds: vec![value], unit, jobs: None })
    });
    rows.collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_row_is_read() {
        let rows = parse("allocations,corepool,1,a job\nidle_2,rayon+oneshot,0.5,ticks\n").unwrap();
        assert_eq!(rows.len(), 2);
        assert_eq!((rows[0].group.as_str(), rows[0].value(), rows[0].unit.as_str()), ("allocations", 1.0, "a job"));
        assert_eq!((rows[1].peer.as_str(), rows[1].value(), rows[1].jobs), ("rayon+oneshot", 0.5, None));
    }

    #[test]
    fn a_wrong_row_is_named() {
        for (text, named) in [
            ("a,b,1,ns\na,b,many,ns\n", "row 2"),
            ("a,b,1\n", "row 1"),
            ("a,b,NaN,ns\n", "NaN is no measurement"),
            ("a,b,-1,ns\n", "-1 is no measurement"),
        ] {
            let error = parse(text).unwrap_err();
            assert!(error.to_string().contains(named), "{error}");
        }
    }
}
