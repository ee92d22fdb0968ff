//! What a run measured: samples of each party, their medians, and the four
//! ratios. Pure arithmetic.

use super::load::Sample;

/// Who was measured. The order is the order within a round.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Party {
    NginxDirect,
    NginxProxy,
    GatewayEgress,
    NginxTlsProxy,
    GatewayEgressTls,
    GatewayIngress,
    RawStore,
}

impl Party {
    pub(super) const ALL: [Self; 7] = [
        Self::NginxDirect,
        Self::NginxProxy,
        Self::GatewayEgress,
        Self::NginxTlsProxy,
        Self::GatewayEgressTls,
        Self::GatewayIngress,
        Self::RawStore,
    ];

    /// Name for people.
    pub(super) fn label(self) -> &'static str {
        match self {
            Self::NginxDirect => "nginx, return 200",
            Self::NginxProxy => "nginx, plain proxy",
            Self::GatewayEgress => "gateway, egress",
            Self::NginxTlsProxy => "nginx, TLS to TLS",
            Self::GatewayEgressTls => "gateway, egress TLS to TLS",
            Self::GatewayIngress => "gateway, ingress",
            Self::RawStore => "raw SQLite loop",
        }
    }

    /// Member name in JSON.
    pub(super) fn key(self) -> &'static str {
        match self {
            Self::NginxDirect => "nginx_return_200",
            Self::NginxProxy => "nginx_proxy",
            Self::GatewayEgress => "gateway_egress",
            Self::NginxTlsProxy => "nginx_tls_proxy",
            Self::GatewayEgressTls => "gateway_egress_tls",
            Self::GatewayIngress => "gateway_ingress",
            Self::RawStore => "raw_store",
        }
    }
}

/// Medians over the rounds.
#[derive(Clone, Copy)]
pub(super) struct Median {
    pub(super) per_second: f64,
    /// CPU microseconds for each request or row.
    pub(super) cpu_each: f64,
    /// Requests or rows in all measured parts together.
    pub(super) count: u64,
}

/// A figure of the gateway against a peer, and the bounds it is held to.
pub(super) struct Ratio {
    pub(super) key: &'static str,
    pub(super) label: &'static str,
    pub(super) value: Option<f64>,
    pub(super) must: f64,
    pub(super) goal: f64,
    /// Whether less is better.
    pub(super) at_most: bool,
}

impl Ratio {
    pub(super) fn meets(&self, bound: f64) -> Option<bool> {
        let value = self.value?;
        Some(if self.at_most { value <= bound } else { value >= bound })
    }
}

pub(super) struct Outcome {
    samples: Vec<(Party, Vec<Sample>)>,
}

impl Outcome {
    pub(super) fn new(parties: &[Party]) -> Self {
        Self { samples: parties.iter().map(|party| (*party, Vec::new())).collect() }
    }

    pub(super) fn add(&mut self, party: Party, sample: Sample) {
        if let Some((_, samples)) = self.samples.iter_mut().find(|(of, _)| *of == party) {
            samples.push(sample);
        }
    }

    /// Every party with its samples, in order.
    pub(super) fn samples(&self) -> impl Iterator<Item = (Party, &[Sample])> {
        self.samples.iter().map(|(party, samples)| (*party, samples.as_slice()))
    }

    pub(super) fn median(&self, party: Party) -> Option<Median> {
        let (_, samples) = self.samples().find(|(of, _)| *of == party)?;
        Some(Median {
            per_second: median(samples.iter().map(Sample::per_second))?,
            cpu_each: median(samples.iter().map(Sample::cpu_each))?,
            count: samples.iter().map(|sample| sample.count).sum(),
        })
    }

    /// The four ratios, of medians; without a value where a side was not run.
    pub(super) fn ratios(&self) -> [Ratio; 4] {
        let cpu = |of, to| Some(self.median(of)?.cpu_each / self.median(to)?.cpu_each);
        let rate = |of, to| Some(self.median(of)?.per_second / self.median(to)?.per_second);
        [
            Ratio {
                key: "egress_cpu_ratio",
                label: "egress, CPU a request / nginx plain proxy",
                value: cpu(Party::GatewayEgress, Party::NginxProxy),
                must: 3.0,
                goal: 2.2,
                at_most: true,
            },
            Ratio {
                key: "egress_tls_cpu_ratio",
                label: "egress TLS to TLS, CPU a request / nginx TLS to TLS",
                value: cpu(Party::GatewayEgressTls, Party::NginxTlsProxy),
                must: 2.2,
                goal: 1.7,
                at_most: true,
            },
            Ratio {
                key: "ingress_cpu_ratio",
                label: "ingress, CPU a request / nginx plain proxy",
                value: cpu(Party::GatewayIngress, Party::NginxProxy),
                must: 6.0,
                goal: 4.0,
                at_most: true,
            },
            Ratio {
                key: "ingress_store_ratio",
                label: "ingress, acknowledged a second / raw SQLite loop",
                value: rate(Party::GatewayIngress, Party::RawStore),
                must: 0.55,
                goal: 0.75,
                at_most: false,
            },
        ]
    }
}

fn median(values: impl Iterator<Item = f64>) -> Option<f64> {
    let mut values: Vec<f64> = values.collect();
    values.sort_by(f64::total_cmp);
    let middle = values.len() / 2;
    let upper = *values.get(middle)?;
    if values.len() % 2 == 1 {
        return Some(upper);
    }
    Some((values.get(middle - 1)? + upper) / 2.0)
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "tests")]
    use super::*;
    use std::time::Duration;

    pub(super) fn sample(count: u64, cpu_us_each: u64) -> Sample {
        Sample { count, elapsed: Duration::from_secs(1), cpu: Duration::from_micros(cpu_us_each * count) }
    }

    fn value(outcome: &Outcome, key: &str) -> Option<f64> {
        let ratios = outcome.ratios();
        ratios.iter().find(|ratio| ratio.key == key).unwrap().value
    }

    #[test]
    fn medians_ignore_one_bad_round() {
        assert_eq!(median([3.0, 1.0, 900.0].into_iter()), Some(3.0));
        assert_eq!(median([4.0, 2.0].into_iter()), Some(3.0));
        assert_eq!(median(std::iter::empty()), None);
    }

    #[test]
    fn ratios_put_the_gateway_on_top() {
        let mut outcome = Outcome::new(&Party::ALL);
        outcome.add(Party::NginxProxy, sample(1_000, 20));
        outcome.add(Party::GatewayEgress, sample(500, 50));
        outcome.add(Party::NginxTlsProxy, sample(700, 30));
        outcome.add(Party::GatewayEgressTls, sample(500, 60));
        outcome.add(Party::GatewayIngress, sample(600, 90));
        outcome.add(Party::RawStore, sample(1_000, 40));
        assert_eq!(value(&outcome, "egress_cpu_ratio"), Some(2.5));
        assert_eq!(value(&outcome, "egress_tls_cpu_ratio"), Some(2.0));
        assert_eq!(value(&outcome, "ingress_cpu_ratio"), Some(4.5));
        assert_eq!(value(&outcome, "ingress_store_ratio"), Some(0.6));
        let met: Vec<_> = outcome.ratios().iter().map(|ratio| (ratio.meets(ratio.must), ratio.meets(ratio.goal))).collect();
        assert_eq!(met, [(Some(true), Some(false)); 4]);
    }

    #[test]
    fn a_ratio_without_one_side_has_no_value() {
        let mut outcome = Outcome::new(&[Party::NginxProxy]);
        outcome.add(Party::NginxProxy, sample(1_000, 20));
        outcome.add(Party::GatewayEgress, sample(1_000, 20));
        assert!(outcome.ratios().iter().all(|ratio| ratio.value.is_none()));
        assert_eq!(outcome.samples().count(), 1);
    }
}
