//! A picture of the Mandelbrot set as a PNG file: the rows of the image are shared by `Pool::for_each_chunk_mut`.
//!
//! Rows take very different times: those through the middle of the set are a hundred times as long as those at the edge. Nothing
//! here says who does which, or in what pieces. `--serial` draws the same rows without a pool, to compare.
//!
//! ```sh
//! cargo run --release --example mandelbrot
//! cargo run --release --example mandelbrot -- valley.png --center=-0.745,0.113 --zoom 100 --iterations 5000
//! cargo run --release --example mandelbrot -- --serial
//! ```

use std::f64::consts::TAU;
use std::fs::{self, File};
use std::io::BufWriter;
use std::path::PathBuf;
use std::time::Instant;

use anyhow::{Result, anyhow, bail, ensure};
use clap::Parser;
use corepool::{CancelToken, Pool};
use display::{print, progress_bar};
use indicatif::ProgressBar;
use shared::{DONE, INTERRUPTED, build, complain, finish, interrupt, parse};

#[path = "shared/display.rs"]
mod display;
mod shared;

const BYTES: usize = 3;
/// A picture of more pixels is taken for a slip.
const MOST_PIXELS: u64 = 1 << 30;
/// The height of what is seen without a zoom.
const HEIGHT: f64 = 2.5;
/// Beyond it a point never comes back. Larger than the 2 that is enough, for smoother colours.
const FAR: f64 = 16.0;

const DETAILS: &str = "\
Examples:
  mandelbrot                        1920 x 1080 pixels to mandelbrot.png, on all cores
  mandelbrot big.png --size 7680x4320 --workers 4
  mandelbrot --serial               the same picture without a pool

Output:
  picture             its file and size
  workers             threads that draw
  time                that it took to draw, without writing the file
  pixels per second   by that time

Ctrl-C stops it, and the file stays as it was; once more ends at once.

Exit codes:
  0 done   1 the file cannot be written   2 bad input   130 interrupted";

/// Draws the Mandelbrot set, row by row
#[derive(Parser)]
#[command(name = "mandelbrot", version, after_help = DETAILS)]
struct Arguments {
    /// The file to write
    #[arg(default_value = "mandelbrot.png")]
    file: PathBuf,
    /// Pixels
    #[arg(long, default_value = "1920x1080", value_name = "WIDTHxHEIGHT", value_parser = size)]
    size: (usize, usize),
    /// The point in the middle
    #[arg(long, default_value = "-0.7,0", value_name = "X,Y", value_parser = point, allow_hyphen_values = true)]
    center: (f64, f64),
    /// How many times as large
    #[arg(long, default_value = "1", value_name = "TIMES", value_parser = zoom, allow_negative_numbers = true)]
    zoom: f64,
    /// Steps after which a point is taken to be in the set: 1 to 1000000
    #[arg(long, default_value = "1000", value_name = "N", value_parser = clap::value_parser!(u32).range(1..=1_000_000))]
    iterations: u32,
    /// Worker threads [default: one per core]
    #[arg(long, value_name = "N", allow_negative_numbers = true)]
    workers: Option<usize>,
    /// Draw on the main thread, one row after the other
    #[arg(long, conflicts_with = "workers")]
    serial: bool,
}

fn size(text: &str) -> Result<(usize, usize)> {
    let sides = text.split_once('x').and_then(|(width, height)| Some((width.parse().ok()?, height.parse().ok()?)));
    let fits = |width: u32, height: u32| (1..=MOST_PIXELS).contains(&(u64::from(width) * u64::from(height)));
    match sides {
        Some((width, height)) if fits(width, height) => Ok((width as usize, height as usize)),
        _ => bail!("must be a width and a height, such as 1920x1080, of {MOST_PIXELS} pixels at most"),
    }
}

fn point(text: &str) -> Result<(f64, f64)> {
    let parts = text.split_once(',').and_then(|(x, y)| Some((x.parse().ok()?, y.parse().ok()?)));
    match parts {
        Some((x, y)) if f64::is_finite(x) && f64::is_finite(y) => Ok((x, y)),
        _ => bail!("must be two numbers with a comma between them, such as -0.7,0"),
    }
}

fn zoom(text: &str) -> Result<f64> {
    let times: f64 = text.parse()?;
    ensure!(times.is_finite() && times > 0.0, "must be more than 0");
    Ok(times)
}

fn main() {
    let arguments: Arguments = parse();
    let pool = (!arguments.serial).then(|| build(Pool::builder(), arguments.workers));
    finish(run(&arguments, pool.as_ref()))
}

fn run(arguments: &Arguments, pool: Option<&Pool>) -> Result<i32> {
    let view = View::of(arguments);
    let (stop, bar) = (interrupt()?, progress_bar(view.height as u64, "{pos} of {len} rows")?);
    let path = arguments.file.display();
    let is_new = !arguments.file.exists();
    // Before the work, so that a file that cannot be written costs no time.
    let file = File::options().write(true).create(true).truncate(false).open(&arguments.file);
    let file = file.map_err(|error| anyhow!("cannot write {path}: {error}"))?;
    print("picture", format_args!("{path}, {} x {}", view.width, view.height))?;
    print("workers", pool.map_or("none".into(), |pool| pool.workers().to_string()))?;
    let begin = Instant::now();
    let pixels = draw(view, pool, &stop, &bar)?;
    let time = begin.elapsed();
    // Before it is finished, which moves it to its end.
    let done = bar.position();
    bar.finish_and_clear();
    if stop.is_cancelled() {
        if is_new {
            fs::remove_file(&arguments.file)?;
        }
        complain("interrupted", format_args!("{done} of {} rows were drawn", view.height));
        return Ok(INTERRUPTED);
    }
    write(file, &view, &pixels).map_err(|error| anyhow!("cannot write {path}: {error}"))?;
    print("time", format_args!("{time:.2?}"))?;
    print("pixels per second", format_args!("{:.0}", (view.width * view.height) as f64 / time.as_secs_f64()))?;
    Ok(DONE)
}

/// The bytes of all rows.
fn draw(view: View, pool: Option<&Pool>, stop: &CancelToken, bar: &ProgressBar) -> Result<Vec<u8>> {
    let mut pixels = vec![0; view.width * view.height * BYTES];
    let (stop, bar) = (stop.clone(), bar.clone());
    let row = move |row, pixels: &mut [u8]| {
        if !stop.is_cancelled() {
            view.draw_row(row, pixels);
            bar.inc(1);
        }
    };
    let length = view.width * BYTES;
    match pool {
        // In a job, so that none but the workers draw.
        Some(pool) => {
            let inner = pool.clone();
            Ok(pool.run(move || {
                inner.for_each_chunk_mut(&mut pixels, length, row);
                pixels
            })?)
        }
        None => {
            pixels.chunks_mut(length).enumerate().for_each(|(index, pixels)| row(index, pixels));
            Ok(pixels)
        }
    }
}

/// What is to be seen.
#[derive(Clone, Copy)]
struct View {
    width: usize,
    height: usize,
    center: (f64, f64),
    /// Of a pixel.
    side: f64,
    iterations: u32,
}

impl View {
    fn of(arguments: &Arguments) -> Self {
        let &Arguments { size: (width, height), center, zoom, iterations, .. } = arguments;
        Self { width, height, center, side: HEIGHT / zoom / height as f64, iterations }
    }

    fn draw_row(&self, row: usize, pixels: &mut [u8]) {
        let away = |index: usize, of: usize| (index as f64 + 0.5 - of as f64 / 2.0) * self.side;
        let y = self.center.1 - away(row, self.height);
        for (column, pixel) in pixels.chunks_exact_mut(BYTES).enumerate() {
            let steps = self.steps(self.center.0 + away(column, self.width), y);
            pixel.copy_from_slice(&steps.map_or([0; BYTES], colour));
        }
    }

    /// After how many steps the point is far away, with a fraction for how far. `None` for one that stays.
    fn steps(&self, x: f64, y: f64) -> Option<f64> {
        let (mut a, mut b) = (0.0_f64, 0.0_f64);
        for step in 0..self.iterations {
            let (aa, bb) = (a * a, b * b);
            if aa + bb > FAR * FAR {
                return Some(f64::from(step) + 1.0 - ((aa + bb).ln() / 2.0 / FAR.ln()).log2());
            }
            (a, b) = (aa - bb + x, 2.0 * a * b + y);
        }
        None
    }
}

/// Goes round through blue, white, orange and dark, ever slower.
fn colour(steps: f64) -> [u8; BYTES] {
    let turn = steps.max(0.0).sqrt() * 0.4;
    [0.45, 0.35, 0.22].map(|shift| (127.5 - 127.5 * (TAU * (turn / 4.0 + shift) + 1.0).cos()) as u8)
}

fn write(file: File, view: &View, pixels: &[u8]) -> Result<()> {
    file.set_len(0)?;
    let mut encoder = png::Encoder::new(BufWriter::new(file), view.width as u32, view.height as u32);
    encoder.set_color(png::ColorType::Rgb);
    let mut writer = encoder.write_header()?;
    writer.write_image_data(pixels)?;
    writer.finish()?;
    Ok(())
}
