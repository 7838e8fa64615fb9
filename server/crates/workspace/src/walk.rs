//! Walking over what is below a folder, as everybody who looks for files does it.
//!
//! Ignore files are respected, links not followed, and the insides of git are nobody's business.

use ignore::WalkBuilder;
use protocol::AbsPath;

/// A walk below `root`; files and folders with a dot before their names are come by if `hidden`.
pub(crate) fn walk(root: &AbsPath, hidden: bool) -> WalkBuilder {
    let mut walk = WalkBuilder::new(root.as_std_path());
    // Ignore files mean what they say outside of git repositories, too.
    walk.require_git(false).hidden(!hidden);
    if hidden {
        walk.filter_entry(|entry| entry.depth() == 0 || entry.file_name() != ".git");
    }
    walk
}
