//! Texts of documents beside a journal. A big one is written piece by piece, and kept as what it
//! differs in from the last one of its document that was kept whole, so that an edit of a big
//! document costs what the edit costs.

use std::{collections::VecDeque, ops::Range};

use protocol::{AbsPath, SessionId};
use ropey::Rope;
use rusqlite::{Connection, OptionalExtension, Transaction, params};

use super::fault::Fault;

/// From this size on, in bytes, a text is big.
const BIG: usize = 64 * 1024;

/// How much of a text may differ for the difference to be kept: one part of so many.
const PART: usize = 4;

/// How many big texts are remembered. What they share with the documents of now is in memory once.
const REMEMBERED: usize = 8;

/// The big texts that were kept whole last, the newest at the end.
#[derive(Default)]
pub(super) struct Texts(VecDeque<Whole>);

struct Whole {
    session: SessionId,
    path: AbsPath,
    hash: String,
    text: Rope,
}

/// Where two texts differ, in bytes: what stands there in the one and in the other.
#[derive(Debug, PartialEq, Eq)]
struct Difference {
    old: Range<usize>,
    new: Range<usize>,
}

impl Texts {
    /// Keeps a text under its hash, unless it is there.
    pub(super) fn keep(
        &mut self,
        transaction: &Transaction<'_>,
        id: &SessionId,
        path: &AbsPath,
        hash: &str,
        text: &Rope,
    ) -> Result<(), Fault> {
        if is_kept(transaction, id, hash)? {
            return Ok(());
        }
        if text.len_bytes() < BIG {
            return insert(transaction, id, hash, text.to_string().as_bytes());
        }
        let known = self.0.iter().find(|whole| whole.session == *id && whole.path == *path);
        if let Some(Whole { hash: base, text: before, .. }) = known
            && let Some(Difference { old, new }) = difference(before, text)
            && is_whole(transaction, id, base)?
        {
            let bytes = text.byte_slice(new).to_string();
            transaction
                .prepare_cached(
                    "INSERT INTO blobs (session, hash, bytes, base, first, last)
                     VALUES (?1, ?2, ?3, ?4, ?5, ?6)",
                )?
                .execute(params![id.as_str(), hash, bytes.as_bytes(), base, old.start, old.end])?;
            return Ok(());
        }
        insert_in_pieces(transaction, id, hash, text)?;
        self.0.retain(|whole| whole.session != *id || whole.path != *path);
        if self.0.len() == REMEMBERED {
            self.0.pop_front();
        }
        let (session, path) = (id.clone(), path.clone());
        self.0.push_back(Whole { session, path, hash: hash.to_owned(), text: text.clone() });
        Ok(())
    }

    pub(super) fn forget(&mut self, id: &SessionId) {
        self.0.retain(|whole| whole.session != *id);
    }
}

/// The bytes that were kept under a hash.
pub(super) fn bytes(
    connection: &Connection,
    id: &SessionId,
    hash: &str,
) -> Result<Option<Vec<u8>>, Fault> {
    let mut select = connection.prepare_cached(
        "SELECT bytes, base, first, last FROM blobs WHERE session = ?1 AND hash = ?2",
    )?;
    let mut find = |hash: &str| {
        let found = select.query_row([id.as_str(), hash], |row| {
            let bytes: Vec<u8> = row.get(0)?;
            let place: Option<(String, Range<usize>)> = match row.get(1)? {
                Some(base) => Some((base, row.get(2)?..row.get(3)?)),
                None => None,
            };
            Ok((bytes, place))
        });
        found.optional()
    };
    let Some((bytes, place)) = find(hash)? else { return Ok(None) };
    let Some((base, place)) = place else { return Ok(Some(bytes)) };
    let Some((mut whole, None)) = find(&base)? else { return Ok(None) };
    if place.start > place.end || place.end > whole.len() {
        return Ok(None);
    }
    whole.splice(place, bytes);
    Ok(Some(whole))
}

fn is_kept(transaction: &Transaction<'_>, id: &SessionId, hash: &str) -> Result<bool, Fault> {
    let mut select =
        transaction.prepare_cached("SELECT 1 FROM blobs WHERE session = ?1 AND hash = ?2")?;
    Ok(select.exists([id.as_str(), hash])?)
}

fn is_whole(transaction: &Transaction<'_>, id: &SessionId, hash: &str) -> Result<bool, Fault> {
    let mut select = transaction
        .prepare_cached("SELECT 1 FROM blobs WHERE session = ?1 AND hash = ?2 AND base IS NULL")?;
    Ok(select.exists([id.as_str(), hash])?)
}

fn insert(
    transaction: &Transaction<'_>,
    id: &SessionId,
    hash: &str,
    bytes: &[u8],
) -> Result<(), Fault> {
    transaction
        .prepare_cached("INSERT INTO blobs (session, hash, bytes) VALUES (?1, ?2, ?3)")?
        .execute(params![id.as_str(), hash, bytes])?;
    Ok(())
}

fn insert_in_pieces(
    transaction: &Transaction<'_>,
    id: &SessionId,
    hash: &str,
    text: &Rope,
) -> Result<(), Fault> {
    transaction
        .prepare_cached("INSERT INTO blobs (session, hash, bytes) VALUES (?1, ?2, zeroblob(?3))")?
        .execute(params![id.as_str(), hash, text.len_bytes()])?;
    let row = transaction.last_insert_rowid();
    let mut blob = transaction.blob_open("main", "blobs", "bytes", row, false)?;
    let mut at = 0;
    for chunk in text.chunks() {
        blob.write_at(chunk.as_bytes(), at)?;
        at += chunk.len();
    }
    Ok(blob.close()?)
}

/// Where two texts differ, if that is a small part of the second.
fn difference(old: &Rope, new: &Rope) -> Option<Difference> {
    let (old_length, new_length) = (old.len_bytes(), new.len_bytes());
    let same = same_bytes(old.chunks(), new.chunks(), Side::Start);
    let start = new.char_to_byte(new.byte_to_char(same));
    let same = same_bytes(from_end(old), from_end(new), Side::End);
    let same = same.min(old_length - start).min(new_length - start);
    let end = new.byte_to_char(new_length - same);
    let is_between = new.char_to_byte(end) < new_length - same;
    let end = new.char_to_byte(if is_between { end + 1 } else { end });
    let old = start..old_length - (new_length - end);
    (end - start <= new_length / PART).then_some(Difference { old, new: start..end })
}

/// The pieces of a text from the last to the first.
fn from_end(text: &Rope) -> impl Iterator<Item = &str> {
    text.chunks_at_byte(text.len_bytes()).0.reversed()
}

/// The side of two texts that is compared.
#[derive(Clone, Copy)]
enum Side {
    Start,
    End,
}

/// How many bytes two texts in pieces have in common on one side.
fn same_bytes<'a>(
    mut one: impl Iterator<Item = &'a str>,
    mut other: impl Iterator<Item = &'a str>,
    side: Side,
) -> usize {
    let (mut left, mut right): (&[u8], &[u8]) = (&[], &[]);
    let mut same = 0;
    loop {
        while left.is_empty() {
            let Some(piece) = one.next() else { return same };
            left = piece.as_bytes();
        }
        while right.is_empty() {
            let Some(piece) = other.next() else { return same };
            right = piece.as_bytes();
        }
        let length = left.len().min(right.len());
        let (here, there, left_rest, right_rest);
        match side {
            Side::Start => {
                (here, left_rest) = left.split_at(length);
                (there, right_rest) = right.split_at(length);
            }
            Side::End => {
                (left_rest, here) = left.split_at(left.len() - length);
                (right_rest, there) = right.split_at(right.len() - length);
            }
        }
        if here != there {
            let is_same = |(one, other): &(&u8, &u8)| one == other;
            return same
                + match side {
                    Side::Start => here.iter().zip(there).take_while(is_same).count(),
                    Side::End => {
                        here.iter().rev().zip(there.iter().rev()).take_while(is_same).count()
                    }
                };
        }
        same += length;
        (left, right) = (left_rest, right_rest);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn texts_differ_from_the_first_to_the_last_place() {
        let lines = "größer als ein Stück 👩‍👧\r\n".repeat(5000);
        let old = Rope::from_str(&lines);
        let middle = lines.len() / 2;
        let middle = middle - (0..4).find(|back| lines.is_char_boundary(middle - back)).unwrap();
        let with = |text: &str, at: usize, until: usize| {
            format!("{}{text}{}", &lines[..at], &lines[until..])
        };
        let edits = [
            (middle, middle, "ä"),
            (0, 0, "g"),
            (0, 1, ""),
            (lines.len(), lines.len(), "\n"),
            (lines.len() - 2, lines.len(), ""),
            (middle, lines.len(), ""),
            (2, 4, "o"),
        ];
        for (at, until, text) in edits {
            let new = with(text, at, until);
            let found = difference(&old, &Rope::from_str(&new)).unwrap();
            assert!(found.new.len() <= text.len() + 4, "{found:?} {at} {until}");
            let mut again = lines.clone().into_bytes();
            again.splice(found.old, new.as_bytes()[found.new].iter().copied());
            assert!(again == new.as_bytes(), "{at} {until} {text}");
        }
        assert_eq!(difference(&old, &Rope::from_str(&"other\n".repeat(5000))), None);
        assert_eq!(difference(&old, &old).unwrap().new.len(), 0);
    }
}
