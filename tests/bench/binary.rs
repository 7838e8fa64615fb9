//! How big the program is.

use std::fs;

use anyhow::Result;

use crate::table::{Figure, Row, Table};

pub fn measure(table: &mut Table) -> Result<()> {
    let size = fs::metadata(env!("CARGO_BIN_EXE_coworker"))?.len();
    table.add(Row::new("the program, stripped", Some(Figure::megabytes(size))).budget(20.0));
    Ok(())
}
