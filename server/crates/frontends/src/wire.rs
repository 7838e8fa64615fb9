//! Bytes in, bytes out: framing with limits, JSON-RPC messages checked before anyone sees them,
//! and the one queue by which everything leaves.
//!
//! Nothing a client sends ends, hangs or bloats the process: what cannot be read is answered with
//! an error and skipped. This room knows the shape of JSON-RPC and the stream of session updates;
//! it does not know what any other method means.
//!
//! A front end reads [`frames::Frames`] or [`lines::Lines`], decodes with [`message::decode`], and
//! sends through an [`outbox::Outbox`] whose [`outbox::Drain`] it runs beside.

pub(crate) mod frames;
pub(crate) mod lines;
pub(crate) mod message;
pub(crate) mod outbox;
pub(crate) mod params;
