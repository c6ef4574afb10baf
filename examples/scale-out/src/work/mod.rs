//! What there is to compute.

use std::fmt;

pub(crate) mod checksum;
pub(crate) mod fibonacci;

/// This is not done here, however often it is asked for.
#[derive(Debug)]
pub(crate) struct Refused(String);

impl fmt::Display for Refused {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl std::error::Error for Refused {}
