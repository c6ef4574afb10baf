//! Races of real threads, thousands of rounds each. Whoever wins, each round ends in a way that some order of its steps
//! explains, and the books balance. Time moves by hand only.

mod listeners;
mod results;
mod slots;
mod track;
