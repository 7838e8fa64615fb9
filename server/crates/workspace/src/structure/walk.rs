//! Going through all nodes of a tree, however deep it is.

use tree_sitter::{Node, Tree, TreeCursor};

/// The nodes of a tree, each before those in it.
pub(super) struct Walk<'tree> {
    cursor: TreeCursor<'tree>,
    around: Vec<Node<'tree>>,
    started: bool,
}

impl<'tree> Walk<'tree> {
    pub fn new(tree: &'tree Tree) -> Self {
        Self { cursor: tree.walk(), around: Vec::new(), started: false }
    }

    /// The nodes that the last one is in, outermost first.
    pub fn around(&self) -> &[Node<'tree>] {
        &self.around
    }
}

impl<'tree> Iterator for Walk<'tree> {
    type Item = Node<'tree>;

    fn next(&mut self) -> Option<Node<'tree>> {
        if !self.started {
            self.started = true;
            return Some(self.cursor.node());
        }
        let last = self.cursor.node();
        if self.cursor.goto_first_child() {
            self.around.push(last);
            return Some(self.cursor.node());
        }
        while !self.cursor.goto_next_sibling() {
            if !self.cursor.goto_parent() {
                return None;
            }
            self.around.pop();
        }
        Some(self.cursor.node())
    }
}
