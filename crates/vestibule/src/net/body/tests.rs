//! Limits, budget and deadline of bodies.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::indexing_slicing, clippy::panic, reason = "tests")]

use std::collections::VecDeque;
use std::task::Context;
use std::time::Duration;

use http::HeaderValue;
use http::header::AUTHORIZATION;
use http_body_util::Full;
use proptest::prelude::*;

use super::*;
use crate::net::testing::block_on;

/// Frames without a declared length; then the end, an error, or silence.
struct Chunked {
    frames: VecDeque<Bytes>,
    then: Then,
}

#[derive(Clone, Copy)]
enum Then {
    End,
    Break,
    Hang,
}

impl Body for Chunked {
    type Data = Bytes;
    type Error = std::io::Error;

    fn poll_frame(mut self: Pin<&mut Self>, _cx: &mut Context<'_>) -> Poll<Option<Result<Frame<Bytes>, Self::Error>>> {
        match (self.frames.pop_front(), self.then) {
            (Some(frame), _) => Poll::Ready(Some(Ok(Frame::data(frame)))),
            (None, Then::End) => Poll::Ready(None),
            (None, Then::Break) => Poll::Ready(Some(Err(std::io::ErrorKind::ConnectionReset.into()))),
            (None, Then::Hang) => Poll::Pending,
        }
    }
}

fn chunked(sizes: &[usize], then: Then) -> Chunked {
    Chunked { frames: sizes.iter().map(|size| Bytes::from(vec![b'x'; *size])).collect(), then }
}

fn read_now<B: Body<Data = Bytes> + Unpin>(body: B, limit: usize, budget: &BodyBudget) -> Result<Whole, BodyError> {
    block_on(async { read(body, limit, budget, Instant::now() + Duration::from_secs(5)).await })
}

#[test]
fn the_limit_holds_to_the_byte_with_and_without_a_length() {
    let budget = BodyBudget::new(1000);
    assert_eq!(read_now(Full::new(Bytes::from(vec![0; 10])), 10, &budget).expect("read").len(), 10);
    assert_eq!(read_now(Full::new(Bytes::from(vec![0; 11])), 10, &budget).err(), Some(BodyError::TooLarge));
    assert_eq!(read_now(chunked(&[4, 6], Then::End), 10, &budget).expect("read").len(), 10);
    assert_eq!(read_now(chunked(&[4, 6, 1], Then::Hang), 10, &budget).err(), Some(BodyError::TooLarge));
    assert_eq!(read_now(chunked(&[], Then::End), 0, &budget).expect("read").len(), 0);
    assert_eq!(budget.used(), 0);
}

#[test]
fn the_budget_is_shared_and_given_back() {
    let budget = BodyBudget::new(100);
    let first = read_now(chunked(&[60], Then::End), 100, &budget).expect("read");
    assert_eq!(budget.used(), 60);
    assert_eq!(read_now(chunked(&[20, 21], Then::End), 100, &budget).err(), Some(BodyError::Budget));
    assert_eq!(budget.used(), 60, "a refused body gives back what it took");
    let second = read_now(chunked(&[40], Then::End), 100, &budget).expect("read");
    let (bytes, lease) = second.into_parts();
    assert_eq!((bytes.len(), budget.used()), (40, 100));
    drop((first, lease));
    assert_eq!(budget.used(), 0);
}

#[test]
fn slow_and_broken_bodies_are_told_apart() {
    let budget = BodyBudget::new(100);
    let slow = block_on(async { read(chunked(&[5], Then::Hang), 10, &budget, Instant::now() + Duration::from_millis(20)).await });
    assert_eq!(slow.err(), Some(BodyError::Slow));
    assert_eq!(read_now(chunked(&[5], Then::Break), 10, &budget).err(), Some(BodyError::Broken));
    assert_eq!(budget.used(), 0);
}

#[test]
fn a_body_in_one_piece_is_not_copied() {
    let bytes = Bytes::from_static(b"one piece");
    let whole = read_now(Full::new(bytes.clone()), 100, &BodyBudget::new(100)).expect("read");
    assert_eq!(whole.as_ptr(), bytes.as_ptr());
}

#[test]
fn headers() {
    let mut headers = HeaderMap::new();
    assert!(!compressed(&headers) && !duplicate(&headers, &AUTHORIZATION));
    headers.insert(CONTENT_ENCODING, HeaderValue::from_static(" Identity "));
    headers.insert(AUTHORIZATION, HeaderValue::from_static("a"));
    assert!(!compressed(&headers) && !duplicate(&headers, &AUTHORIZATION));
    headers.append(CONTENT_ENCODING, HeaderValue::from_static("gzip"));
    headers.append(AUTHORIZATION, HeaderValue::from_static("a"));
    assert!(compressed(&headers) && duplicate(&headers, &AUTHORIZATION));
    assert_eq!(declared_length(&headers), None);
    headers.insert(CONTENT_LENGTH, HeaderValue::from_static("12"));
    assert_eq!(declared_length(&headers), Some(12));
}

proptest! {
    #[test]
    fn any_split_reads_the_same(sizes in prop::collection::vec(0_usize..50, 0..20), limit in 0_usize..600) {
        let budget = BodyBudget::new(10_000);
        let total: usize = sizes.iter().sum();
        match read_now(chunked(&sizes, Then::End), limit, &budget) {
            Ok(whole) => prop_assert_eq!(whole.len(), total),
            Err(error) => {
                prop_assert_eq!(error, BodyError::TooLarge);
                prop_assert!(total > limit);
            }
        }
        prop_assert_eq!(budget.used(), 0);
    }
}
