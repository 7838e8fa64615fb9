//! Pure text algebra: positions, replacements, differences, hunks, finding text.
//!
//! Everything here is a function of its arguments. This room knows no editor, no disk, no
//! session and no time; offsets are UTF-8 bytes, except in [`Encoding`], which is the one place
//! that knows how clients count.
//!
//! Start with [`apply`], the meaning of a list of replacements; a [`Weave`] is a document with all
//! that was proposed for it, of which only some may be wanted.

mod diff;
mod hunks;
mod line_breaks;
mod locate;
mod position;
mod presence;
mod refinement;
mod replacement;
mod weave;

pub use diff::{diff, unified};
pub use hunks::hunks;
pub use line_breaks::{Normal, with_lf};
pub use locate::{
    MAX_LINES, Placed, Placement, Refusal, Refused, Seen, Substitution, Tolerance, place,
};
pub use position::{Breaks, Counting, Encoding};
pub use presence::shows;
pub use refinement::{refined, whole_lines};
pub use replacement::{ChangeError, apply, apply_to};
pub use weave::{Followed, Obstacle, Plan, Reading, Weave};
