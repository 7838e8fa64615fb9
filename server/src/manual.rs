//! What packages ship beside the program: completion scripts and manual pages, made from the same
//! table of arguments that is parsed.

use std::{fs, io::Write, path::Path};

use anyhow::Context;
use clap::{Command, CommandFactory};
use clap_complete::Shell;
use clap_mangen::{
    Man,
    roff::{Roff, roman},
};

use crate::arguments::Arguments;

/// The name of the program, as it is typed.
const NAME: &str = "coworker";

/// Writes the completion script of a shell.
///
/// # Errors
/// The output cannot be written.
pub(crate) fn completions(shell: Shell, out: &mut impl Write) -> anyhow::Result<()> {
    let mut script = Vec::new();
    clap_complete::generate(shell, &mut Arguments::command(), NAME, &mut script);
    Ok(out.write_all(&script)?)
}

/// Writes the page of the program itself.
///
/// # Errors
/// The output cannot be written.
pub(crate) fn page(out: &mut impl Write) -> anyhow::Result<()> {
    Ok(out.write_all(&rendered(built())?)?)
}

/// Writes the pages of all commands into a folder, which is made if it is missing, and says which.
///
/// # Errors
/// The folder cannot be made, or a page or the output cannot be written.
pub(crate) fn pages(folder: &Path, out: &mut impl Write) -> anyhow::Result<()> {
    fs::create_dir_all(folder).with_context(|| format!("cannot make {}", folder.display()))?;
    write_pages(built(), folder, out)
}

fn write_pages(command: Command, folder: &Path, out: &mut impl Write) -> anyhow::Result<()> {
    for part in command.get_subcommands().filter(|it| !it.is_hide_set()).cloned() {
        write_pages(part, folder, out)?;
    }
    let path = folder.join(Man::new(command.clone()).get_filename());
    let page = rendered(command)?;
    fs::write(&path, page).with_context(|| format!("cannot write {}", path.display()))?;
    writeln!(out, "{}", path.display())?;
    Ok(())
}

fn built() -> Command {
    let mut command = Arguments::command().disable_help_subcommand(true);
    command.build();
    command
}

fn rendered(command: Command) -> anyhow::Result<Vec<u8>> {
    let help = command.get_after_help().map(ToString::to_string).unwrap_or_default();
    let (options, parts) = (command.get_arguments().count(), command.get_subcommands().count());
    let man = Man::new(command).manual("Coworker");
    let mut page = Vec::new();
    man.render_title(&mut page)?;
    man.render_name_section(&mut page)?;
    man.render_synopsis_section(&mut page)?;
    man.render_description_section(&mut page)?;
    if options > 0 {
        man.render_options_section(&mut page)?;
    }
    if parts > 0 {
        man.render_subcommands_section(&mut page)?;
    }
    sections(&help).to_writer(&mut page)?;
    Ok(page)
}

/// The text below the help as sections: a line that ends in a colon is a heading, indented lines
/// stay as they are, everything else is text.
fn sections(help: &str) -> Roff {
    let mut roff = Roff::default();
    let mut lines = help.lines().peekable();
    let mut begun = false;
    while let Some(line) = lines.next() {
        let below = lines.peek().is_some_and(|below| below.starts_with(' '));
        match line.strip_suffix(':') {
            Some(heading) if below && !heading.contains(',') => {
                roff.control("SH", [heading.to_uppercase().as_str()]);
                begun = true;
                continue;
            }
            _ if line.trim().is_empty() => {
                roff.control("PP", []);
                continue;
            }
            _ if !begun => {
                roff.control("SH", ["NOTES"]);
                begun = true;
            }
            _ => {}
        }
        if line.starts_with(' ') {
            roff.control("nf", []);
            roff.text([roman(line)]);
            while let Some(line) = lines.next_if(|line| line.starts_with(' ')) {
                roff.text([roman(line)]);
            }
            roff.control("fi", []);
        } else {
            roff.text([roman(line)]);
        }
    }
    roff
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn headings_become_sections_and_tables_stay_tables() {
        let help =
            "One - two.\n\nExit codes:\n  0  done\n  1  failed\n\nWith --json, lines:\n  {}\n";
        let text = sections(help).to_roff();
        let expected = ".SH NOTES\nOne \\- two.\n.PP\n.SH \"EXIT CODES\"\n.nf\n  0  done\n  1  failed\n\
                        .fi\n.PP\nWith \\-\\-json, lines:\n.nf\n  {}\n.fi\n";
        assert!(text.ends_with(expected), "{text}");
    }

    #[test]
    fn the_page_of_run_has_the_exit_codes() {
        let run = built().find_subcommand("run").unwrap().clone();
        let page = String::from_utf8(rendered(run).unwrap()).unwrap();
        for part in
            [".SH \"EXIT CODES\"", "stopped by Ctrl\\-C", "\\-\\-continue", "coworker\\-run"]
        {
            assert!(page.contains(part), "{part}: {page}");
        }
    }
}
