//! Figures and the table they stand in. Knows nothing of what is measured.

use std::{fmt, time::Duration};

/// What a figure counts.
#[derive(Clone, Copy)]
pub enum Unit {
    Milliseconds,
    Megabytes,
    Kilobytes,
    Bytes,
    Percent,
    Count,
}

impl Unit {
    fn show(self, value: f64) -> String {
        match self {
            Self::Milliseconds if value < 10.0 => format!("{value:.2} ms"),
            Self::Milliseconds => format!("{value:.1} ms"),
            Self::Megabytes => format!("{value:.1} MB"),
            Self::Kilobytes => format!("{value:.1} kB"),
            Self::Bytes => format!("{value:.0} B"),
            Self::Percent => format!("{value:.1} %"),
            Self::Count => format!("{value:.0}"),
        }
    }

    /// The value as precisely as it is shown: what cannot be seen does not break a budget.
    fn shown(self, value: f64) -> f64 {
        match self {
            Self::Milliseconds => (value * 100.0).round() / 100.0,
            Self::Megabytes | Self::Kilobytes | Self::Percent => (value * 10.0).round() / 10.0,
            Self::Bytes | Self::Count => value.round(),
        }
    }
}

/// One result.
#[derive(Clone, Copy)]
pub struct Figure {
    value: f64,
    unit: Unit,
    // The 95th percentile, where the value is a median.
    high: Option<f64>,
}

impl Figure {
    pub fn new(value: f64, unit: Unit) -> Self {
        Self { value, unit, high: None }
    }

    /// Millions of bytes.
    pub fn megabytes(bytes: u64) -> Self {
        Self::new(bytes as f64 / 1e6, Unit::Megabytes)
    }
}

impl fmt::Display for Figure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}", self.unit.show(self.value))?;
        match self.high {
            Some(high) => write!(f, " (95 %: {})", self.unit.show(high)),
            None => Ok(()),
        }
    }
}

/// Times of the same thing done many times.
#[derive(Default)]
pub struct Samples(Vec<f64>);

impl Samples {
    pub fn add(&mut self, time: Duration) {
        self.0.push(time.as_secs_f64() * 1e3);
    }

    /// The median with the 95th percentile; none without a sample.
    pub fn median(&self) -> Option<Figure> {
        let value = self.rank(50)?;
        Some(Figure { value, unit: Unit::Milliseconds, high: self.rank(95) })
    }

    /// The time that so many percent of the samples do not exceed.
    pub fn percentile(&self, percent: usize) -> Option<Figure> {
        self.rank(percent).map(|value| Figure::new(value, Unit::Milliseconds))
    }

    /// The median of each sample divided by `parts`.
    pub fn median_of_each(&self, parts: usize) -> Option<Figure> {
        Self(self.0.iter().map(|time| time / parts as f64).collect()).median()
    }

    fn rank(&self, percent: usize) -> Option<f64> {
        let mut sorted = self.0.clone();
        sorted.sort_by(f64::total_cmp);
        let rank = (sorted.len() * percent).div_ceil(100).max(1);
        sorted.get(rank - 1).copied()
    }
}

/// The middle one of some numbers.
pub fn middle(mut values: Vec<u64>) -> Option<u64> {
    values.sort_unstable();
    values.get(values.len() / 2).copied()
}

/// What a figure may be at most.
enum Budget {
    /// In the figure's own unit.
    Value(f64),
    /// So many times what the first peer takes.
    Ratio(f64),
}

/// One line: what was measured, and what it is held against.
pub struct Row {
    what: String,
    ours: Option<Figure>,
    budget: Option<Budget>,
    peers: Vec<(String, Option<Figure>)>,
}

impl Row {
    pub fn new(what: impl Into<String>, ours: Option<Figure>) -> Self {
        Self { what: what.into(), ours, budget: None, peers: Vec::new() }
    }

    /// What it may be at most, in the unit of the figure.
    pub fn budget(mut self, most: f64) -> Self {
        self.budget = Some(Budget::Value(most));
        self
    }

    /// What it may be at most, in times of what the first peer takes.
    pub fn budget_ratio(mut self, most: f64) -> Self {
        self.budget = Some(Budget::Ratio(most));
        self
    }

    /// The same of another program; none where it could not be measured.
    pub fn against(mut self, peer: impl Into<String>, theirs: Option<Figure>) -> Self {
        self.peers.push((peer.into(), theirs));
        self
    }

    /// The budget, and whether it is kept as far as one can see.
    fn verdict(&self) -> (String, String) {
        let (most, within) = match (&self.budget, self.ours) {
            (None, _) => return Default::default(),
            (Some(_), None) => return ("–".to_owned(), "–".to_owned()),
            (Some(Budget::Value(most)), Some(ours)) => {
                (ours.unit.show(*most), Some(ours.unit.shown(ours.value) <= *most))
            }
            (Some(Budget::Ratio(most)), Some(ours)) => {
                let theirs = self.peers.first().and_then(|(_, theirs)| theirs.as_ref());
                let within = theirs.map(|theirs| ours.value / theirs.value <= *most);
                (format!("{most} × theirs"), within)
            }
        };
        let kept = match within {
            Some(true) => "yes",
            Some(false) => "NO",
            None => "–",
        };
        (most, kept.to_owned())
    }

    /// The cells of its lines: one for each peer, at least one.
    fn lines(&self) -> Vec<[String; 6]> {
        let dash = || "–".to_owned();
        let ours = self.ours.map_or_else(dash, |ours| ours.to_string());
        let (budget, kept) = self.verdict();
        let mut lines = vec![[self.what.clone(), ours, budget, kept, String::new(), String::new()]];
        for (at, (peer, theirs)) in self.peers.iter().enumerate() {
            if at > 0 {
                lines.push(Default::default());
            }
            let ratio = match (self.ours, theirs) {
                (Some(ours), Some(theirs)) => format!("{:.2}", ours.value / theirs.value),
                _ => dash(),
            };
            let figure = theirs.map_or_else(dash, |theirs| theirs.to_string());
            if let Some([.., name, cell]) = lines.last_mut() {
                *name = format!("{peer}: {figure}");
                *cell = ratio;
            }
        }
        lines
    }
}

/// All that was measured, as a Markdown table.
#[derive(Default)]
pub struct Table(Vec<Row>);

impl Table {
    pub fn add(&mut self, row: Row) {
        self.0.push(row);
    }
}

impl fmt::Display for Table {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let head = ["what", "ours", "budget", "kept", "compared with", "ours / theirs"];
        let mut lines = vec![head.map(str::to_owned)];
        lines.extend(self.0.iter().flat_map(Row::lines));
        let width = |column: usize| {
            lines.iter().map(|line| line[column].chars().count()).max().unwrap_or_default()
        };
        let widths: Vec<usize> = (0..head.len()).map(width).collect();
        for (at, line) in lines.iter().enumerate() {
            for (cell, width) in line.iter().zip(&widths) {
                write!(f, "| {cell:<width$} ")?;
            }
            writeln!(f, "|")?;
            if at == 0 {
                widths.iter().try_for_each(|width| write!(f, "| {:-<width$} ", ""))?;
                writeln!(f, "|")?;
            }
        }
        Ok(())
    }
}
