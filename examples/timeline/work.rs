//! What the jobs do: they hash, and look up at checkpoints.

use std::fs::File;
use std::io::{self, ErrorKind, Read};

use corepool::{Interrupted, checkpoint};
use sha2::digest::Output;
use sha2::{Digest as _, Sha256};

use super::folders::Piece;

const CHUNK: usize = 64 << 10;

pub type Digest = Output<Sha256>;

#[derive(Debug, thiserror::Error)]
pub enum Stop {
    #[error(transparent)]
    Unreadable(#[from] io::Error),
    #[error(transparent)]
    Interrupted(#[from] Interrupted),
    /// A part of the work that another job did.
    #[error(transparent)]
    Part(#[from] anyhow::Error),
}

/// The digest of all pieces, one after the other, `passes` times.
pub fn hash(pieces: &[Piece], passes: u32) -> Result<Digest, Stop> {
    let (mut hash, mut buffer) = (Sha256::new(), vec![0; CHUNK]);
    for _ in 0..passes {
        for piece in pieces {
            match piece {
                Piece::File(path) => add(File::open(path)?, &mut hash, &mut buffer)?,
                Piece::MadeUp(bytes) => add(io::repeat(42).take(*bytes), &mut hash, &mut buffer)?,
            }
        }
    }
    Ok(hash.finalize())
}

/// Comes to no end but by a checkpoint.
pub fn hash_for_ever() -> Result<Digest, Stop> {
    let (mut hash, mut buffer) = (Sha256::new(), vec![0; CHUNK]);
    loop {
        add(io::repeat(42).take(1 << 20), &mut hash, &mut buffer)?;
    }
}

pub fn hash_of_hashes(digests: &[Digest]) -> Digest {
    let mut hash = Sha256::new();
    digests.iter().for_each(|digest| hash.update(digest));
    hash.finalize()
}

fn add(mut source: impl Read, hash: &mut Sha256, buffer: &mut [u8]) -> Result<(), Stop> {
    loop {
        checkpoint()?;
        match source.read(buffer) {
            Ok(0) => return Ok(()),
            Ok(length) => hash.update(&buffer[..length]),
            Err(error) if error.kind() == ErrorKind::Interrupted => {}
            Err(error) => return Err(error.into()),
        }
    }
}
