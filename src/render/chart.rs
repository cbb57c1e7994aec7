//! A chart as a picture: a bar for each day, stacked by tier. Pure.
//!
//! There are no words in it, only numbers, so that it needs no font of any language; what its colours
//! mean stands below it. It is made for a phone, which shows it some 65 mm wide.

use plotters::prelude::*;
use plotters::style::register_font;
use plotters::style::text_anchor::{HPos, Pos, VPos};

use crate::people::usage::Usage;

/// One day.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Bar {
    /// Month and day.
    pub(crate) date: (u8, u8),
    pub(crate) usage: Usage,
}

impl Bar {
    /// Answers by tier, smallest first.
    const fn answers(self) -> [u32; 3] {
        let Usage {
            lite, flash, pro, ..
        } = self.usage;
        [lite, flash, pro]
    }

    fn sum(self) -> u32 {
        self.answers().into_iter().fold(0, u32::saturating_add)
    }
}

/// Width and height in pixels.
const SIZE: (u32, u32) = (1000, 640);
/// Blue, green and orange, as the squares of the legend are.
const COLOURS: [RGBColor; 3] = [
    RGBColor(85, 172, 238),
    RGBColor(120, 177, 89),
    RGBColor(244, 144, 12),
];
const INK: RGBColor = RGBColor(60, 60, 60);
const LINES: RGBColor = RGBColor(222, 222, 222);
/// Height of the text, in pixels.
const TEXT: u32 = 42;
/// Room for the numbers on the left and the dates below, and the margins above and on the right.
const ROOM: (u32, u32, u32, u32) = (112, 76, 36, 28);
/// Dates that find room below.
const DATES: usize = 7;
/// Digits, `-`, `.`, `k` and `M` of `DejaVu` Sans.
const DIGITS: &[u8] = include_bytes!("../../data/fonts/digits.ttf");

/// The picture as a PNG of some ten kilobytes; `None` when it cannot be drawn, which does not happen.
pub(crate) fn png(bars: &[Bar]) -> Option<Vec<u8>> {
    register_font("sans-serif", FontStyle::Normal, DIGITS).ok()?;
    let (width, height) = SIZE;
    let mut pixels = vec![0; usize::try_from(width * height * 3).ok()?];
    draw(bars, &mut pixels).ok()?;
    let mut picture = Vec::new();
    let mut encoder = png::Encoder::new(&mut picture, width, height);
    encoder.set_color(png::ColorType::Rgb);
    let mut writer = encoder.write_header().ok()?;
    writer.write_image_data(&pixels).ok()?;
    writer.finish().ok()?;
    Some(picture)
}

type Drawn = Result<(), Box<dyn std::error::Error>>;

fn draw(bars: &[Bar], pixels: &mut [u8]) -> Drawn {
    let canvas = BitMapBackend::with_buffer(pixels, SIZE).into_drawing_area();
    canvas.fill(&WHITE)?;
    let most = bars.iter().map(|bar| bar.sum()).max();
    let step = step_for(most.unwrap_or(0));
    let top = f64::from(most.unwrap_or(0).max(step * 2));
    let width = f64::from(u32::try_from(bars.len())?);
    let (left, below, above, right) = ROOM;
    let chart = ChartBuilder::on(&canvas)
        .margin_top(above)
        .margin_right(right)
        .x_label_area_size(below)
        .y_label_area_size(left)
        .build_cartesian_2d(0.0..width, 0.0..top)?;
    let area = chart.plotting_area();
    let text = |horizontal, vertical| {
        let style = ("sans-serif", TEXT).into_font().color(&INK);
        style.pos(Pos::new(horizontal, vertical))
    };
    let values = std::iter::successors(Some(0_u32), |value| value.checked_add(step));
    for value in values.take_while(|value| f64::from(*value) <= top) {
        let height = f64::from(value);
        let line = PathElement::new(vec![(0.0, height), (width, height)], LINES.stroke_width(2));
        area.draw(&line)?;
        let (x, y) = area.map_coordinate(&(0.0, height));
        canvas.draw(&Text::new(
            shortened(value),
            (x - 14, y),
            text(HPos::Right, VPos::Center),
        ))?;
    }
    for (at, bar) in (0_u32..).zip(bars) {
        let (left, right) = (f64::from(at) + 0.12, f64::from(at) + 0.88);
        let mut base = 0.0;
        for (answers, colour) in bar.answers().into_iter().zip(COLOURS) {
            let upper = base + f64::from(answers);
            if answers > 0 {
                area.draw(&Rectangle::new(
                    [(left, base), (right, upper)],
                    colour.filled(),
                ))?;
            }
            base = upper;
        }
    }
    let between = bars.len().div_ceil(DATES).max(1);
    let numbered: Vec<_> = (0_u32..).zip(bars).collect();
    for (at, bar) in numbered.into_iter().rev().step_by(between) {
        let (x, y) = area.map_coordinate(&(f64::from(at) + 0.5, 0.0));
        let (month, day) = bar.date;
        let date = format!("{month:02}-{day:02}");
        canvas.draw(&Text::new(date, (x, y + 16), text(HPos::Center, VPos::Top)))?;
    }
    canvas.present()?;
    Ok(())
}

/// The distance of the lines: a round number, so that there are two to five of them.
fn step_for(most: u32) -> u32 {
    let powers = (0..=9).map(|power| 10_u32.pow(power));
    let mut steps = powers.flat_map(|power| {
        [1, 2, 5]
            .into_iter()
            .filter_map(move |digit| power.checked_mul(digit))
    });
    steps.find(|step| most / step <= 4).unwrap_or(u32::MAX / 2)
}

/// `12000` as `12k`, `1500` as `1.5k`.
fn shortened(number: u32) -> String {
    let (unit, name) = match number {
        0..1_000 => return number.to_string(),
        1_000..1_000_000 => (1_000, "k"),
        1_000_000.. => (1_000_000, "M"),
    };
    match number % unit * 10 / unit {
        0 => format!("{}{name}", number / unit),
        tenth => format!("{}.{tenth}{name}", number / unit),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn bars(answers: &[[u32; 3]]) -> Vec<Bar> {
        let bar = |(day, [lite, flash, pro]): (u8, &[u32; 3])| Bar {
            date: (11, day),
            usage: Usage {
                lite: *lite,
                flash: *flash,
                pro: *pro,
                ..Usage::default()
            },
        };
        (1..).zip(answers).map(bar).collect()
    }

    /// The colours of a picture, and how many points have each.
    fn colours(bars: &[Bar]) -> std::collections::HashMap<[u8; 3], usize> {
        let picture = png(bars).unwrap();
        let decoder = png::Decoder::new(std::io::Cursor::new(picture));
        let mut reader = decoder.read_info().unwrap();
        assert_eq!((reader.info().width, reader.info().height), SIZE);
        let mut pixels = vec![0; reader.output_buffer_size().unwrap()];
        reader.next_frame(&mut pixels).unwrap();
        let mut found = std::collections::HashMap::new();
        for point in pixels.chunks_exact(3) {
            *found.entry([point[0], point[1], point[2]]).or_default() += 1;
        }
        found
    }

    #[test]
    fn each_tier_has_its_colour_in_the_share_that_it_has_of_the_answers() {
        let of = |found: &std::collections::HashMap<[u8; 3], usize>, at: usize| {
            let RGBColor(red, green, blue) = COLOURS[at];
            found.get(&[red, green, blue]).copied().unwrap_or_default()
        };
        let found = colours(&bars(&[[40, 20, 10]; 14]));
        let [lite, flash, pro] = [0, 1, 2].map(|at| of(&found, at));
        assert!(lite.abs_diff(2 * flash) < lite / 20, "{lite} {flash}");
        assert!(flash.abs_diff(2 * pro) < flash / 10, "{flash} {pro}");
        let found = colours(&bars(&[[3, 0, 0]]));
        assert!(of(&found, 0) > 0 && of(&found, 1) + of(&found, 2) == 0);
    }

    #[test]
    fn nothing_and_more_than_ever_can_be_drawn_and_stays_small() {
        for answers in [vec![], vec![[0; 3]; 14], vec![[u32::MAX; 3]; 14]] {
            let picture = png(&bars(&answers)).unwrap();
            assert!(picture.len() < 40_000, "{}", picture.len());
        }
    }

    #[test]
    fn the_lines_have_round_numbers() {
        for (most, step) in [(0, 1), (4, 1), (5, 2), (19, 5), (88, 50), (201_000, 50_000)] {
            let found = step_for(most);
            assert!(most / found <= 4, "{most} {found}");
            assert!(found <= step, "{most} {found}");
        }
        for (number, text) in [
            (0, "0"),
            (999, "999"),
            (1_000, "1k"),
            (1_500, "1.5k"),
            (50_000, "50k"),
            (2_000_000, "2M"),
        ] {
            assert_eq!(shortened(number), text);
        }
    }
}
