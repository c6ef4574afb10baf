//! For tests that drive a structure and a plain model of it with the same steps.

/// Pseudo-random numbers below what is asked for, the same each time. Xorshift: G. Marsaglia, Xorshift RNGs, 2003.
pub(crate) fn numbers() -> impl FnMut(usize) -> usize {
    let mut state = 0x9E37_79B9_7F4A_7C15_u64;
    move |below| {
        state ^= state << 13;
        state ^= state >> 7;
        state ^= state << 17;
        (state % below as u64) as usize
    }
}
