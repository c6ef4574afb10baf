//! A text for Prometheus, read by somebody else's parser.

use std::collections::BTreeMap;

use nom_openmetrics::parser::prometheus;
use nom_openmetrics::{MetricDescriptor, Sample};

pub type Labels = BTreeMap<String, String>;

#[derive(Debug, PartialEq)]
pub struct Scrape {
    /// By metric.
    pub types: BTreeMap<String, String>,
    pub helps: BTreeMap<String, String>,
    samples: BTreeMap<(String, Labels), f64>,
}

impl Scrape {
    /// Panics unless all of it is as it should be, no sample twice.
    pub fn parse(text: &str) -> Self {
        // The exporter parts its families by blank lines, which Prometheus ignores and the parser does not know.
        let text: String = text.lines().filter(|line| !line.is_empty()).map(|line| format!("{line}\n")).collect();
        let (_, families) = prometheus(&text).unwrap_or_else(|error| panic!("{error}\n{text}"));
        let mut scrape = Self { types: BTreeMap::new(), helps: BTreeMap::new(), samples: BTreeMap::new() };
        for family in families {
            family.descriptors.iter().for_each(|descriptor| scrape.describe(descriptor));
            family.samples.iter().for_each(|sample| scrape.add(sample));
        }
        scrape
    }

    fn describe(&mut self, descriptor: &MetricDescriptor<'_>) {
        let name = descriptor.metric().to_owned();
        let before = match descriptor {
            MetricDescriptor::Type { r#type, .. } => self.types.insert(name, r#type.to_string().to_lowercase()),
            MetricDescriptor::Help { help, .. } => self.helps.insert(name, help.clone()),
            MetricDescriptor::Unit { .. } => None,
        };
        assert_eq!(before, None, "{} is described twice", descriptor.metric());
    }

    fn add(&mut self, sample: &Sample<'_>) {
        let labels = sample.labels().iter().map(|label| (label.name.to_owned(), label.value.clone())).collect();
        let before = self.samples.insert((sample.name().to_owned(), labels), sample.number());
        assert_eq!(before, None, "twice: {sample:?}");
    }

    pub fn samples(&self) -> impl Iterator<Item = (&str, &Labels, f64)> {
        self.samples.iter().map(|((name, labels), value)| (name.as_str(), labels, *value))
    }

    pub fn find(&self, name: &str, labels: &[(&str, &str)]) -> Option<f64> {
        let labels = labels.iter().map(|&(key, value)| (key.to_owned(), value.to_owned())).collect();
        self.samples.get(&(name.to_owned(), labels)).copied()
    }

    /// The value of the one sample that has these labels and no others.
    pub fn get(&self, name: &str, labels: &[(&str, &str)]) -> f64 {
        self.find(name, labels).unwrap_or_else(|| panic!("no {name} {labels:?} in {self:#?}"))
    }

    pub fn has(&self, name: &str) -> bool {
        self.samples().any(|(sample, ..)| sample == name)
    }
}
